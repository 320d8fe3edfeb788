package build.kiln.registry.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ImageReferenceTest {
    private static final String HEX = "0123456789abcdef".repeat(4);

    @ParameterizedTest
    @CsvSource({
        "busybox,                              docker.io/library/busybox,             latest",
        "busybox:1.36,                         docker.io/library/busybox:1.36,        1.36",
        "docker.io/busybox,                    docker.io/library/busybox,             latest",
        "index.docker.io/moby/buildkit:v1,     docker.io/moby/buildkit:v1,            v1",
        "shop/api,                             docker.io/shop/api,                    latest",
        "localhost/api,                        localhost/api,                         latest",
        "localhost:5000/api:a_B.c-1,           localhost:5000/api:a_B.c-1,            a_B.c-1",
        "10.99.0.2:5000/kiln/hello,            10.99.0.2:5000/kiln/hello,             latest",
        "[::1]:5000/a,                         [::1]:5000/a,                          latest",
        "r.example.com/a__b/c-d.e--f:2,        r.example.com/a__b/c-d.e--f:2,         2",
        "R.Example.com/a,                      R.Example.com/a,                       latest"
    })
    void namesAreWrittenOut(String text, String expected, String target) {
        ImageReference reference = ImageReference.parse(text);

        assertThat(reference).hasToString(expected);
        assertThat(reference.target()).isEqualTo(target);
        assertThat(ImageReference.parse(expected)).isEqualTo(reference);
    }

    @Test
    void theDigestDecidesWhatIsAskedFor() {
        ImageReference reference = ImageReference.parse("r.example.com/shop/api:1@sha256:" + HEX);

        assertThat(reference.target()).isEqualTo("sha256:" + HEX);
        assertThat(reference.tag()).contains("1");
        assertThat(reference).hasToString("r.example.com/shop/api:1@sha256:" + HEX);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "''                         | is empty",
                "https://r.example.com/a    | it is a URL; write it without \"https://\"",
                "r.example.com/Shop/api     | \"Shop\" must be lower case",
                "r.example.com//api         | a part between two slashes is empty",
                "r.example.com/             | a part between two slashes is empty",
                "r.example.com/a..b         | \"a..b\" may have only",
                "r.example.com/a b          | \"a b\" may have only",
                "-r.example.com/a           | is not a host name",
                "r.example.com:port/a       | is not a host name",
                "a:                         | Tag \"\" is not valid",
                "a:.b                       | Tag \".b\" is not valid",
                "a:b/c                      | is not a host name",
                "a@sha256:12                | needs 64 lower-case hexadecimal",
                "a@md5:12                   | must start with \"sha256:\" or \"sha512:\"",
                "a@                         | must start with",
            })
    void whatIsWrongIsSaid(String text, String message) {
        assertThatThrownBy(() -> ImageReference.parse(text))
                .isInstanceOf(InvalidReferenceException.class)
                .hasMessageContaining(message);
    }

    @Test
    void aRepositoryHasNoTagAndNoDigest() {
        assertThat(Repository.parse("r.example.com/shop/api")).isEqualTo(new Repository("r.example.com", "shop/api"));
        assertThatThrownBy(() -> Repository.parse("r.example.com/shop/api:1"))
                .hasMessageContaining("so it has no \":tag\" and no \"@digest\"");
    }

    @Test
    void lengthIsBounded() {
        assertThatThrownBy(() -> ImageReference.parse("r.example.com/" + "a".repeat(300)))
                .hasMessageContaining("longer than 255")
                .satisfies(e -> assertThat(e.getMessage()).hasSizeLessThan(300));
        assertThatThrownBy(() -> ImageReference.parse("a:" + "t".repeat(129))).hasMessageContaining("Tag");
    }
}
