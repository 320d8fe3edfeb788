package build.kiln.registry.auth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import build.kiln.registry.image.Repository;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DockerConfigTest {
    private static final String ORIGIN = "Secret shop/push";

    private static DockerConfig parse(String json) throws InvalidDockerConfigException {
        return DockerConfig.parse(json.getBytes(StandardCharsets.UTF_8), ORIGIN);
    }

    private static String base64(String text) {
        return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }

    @ParameterizedTest
    @CsvSource({
        "https://index.docker.io/v1/,         docker.io/shop/api,               true",
        "docker.io,                           docker.io/library/busybox,        true",
        "registry-1.docker.io,                docker.io/library/busybox,        true",
        "https://index.docker.io/v1/,         r.example.com/shop/api,           false",
        "r.example.com,                       r.example.com/shop/api,           true",
        "https://r.example.com,               r.example.com/shop/api,           true",
        "https://r.example.com/v2/,           r.example.com/shop/api,           true",
        "r.example.com,                       r.example.com:5000/shop/api,      false",
        "r.example.com:5000,                  r.example.com:5000/shop/api,      true",
        "http://r.example.com:5000/,          r.example.com:5000/shop/api,      true",
        "r.example.com/shop,                  r.example.com/shop/api,           true",
        "r.example.com/shop/api,              r.example.com/shop/api,           true",
        "r.example.com/sho,                   r.example.com/shop/api,           false",
        "r.example.com/other,                 r.example.com/shop/api,           false",
        "example.com,                         r.example.com/shop/api,           false"
    })
    void keysFitRepositoriesAsInTheKubelet(String key, String repository, boolean fits)
            throws InvalidDockerConfigException {
        DockerConfig config = parse("{\"auths\":{\"" + key + "\":{\"username\":\"u\",\"password\":\"p\"}}}");

        assertThat(config.find(Repository.parse(repository)).isPresent()).isEqualTo(fits);
    }

    @Test
    void theLongestPathWins() throws InvalidDockerConfigException {
        DockerConfig config = parse("""
                {"auths":{"r.example.com":{"username":"all","password":"1"},
                 "r.example.com/shop/api":{"username":"api","password":"2"},
                 "r.example.com/shop":{"username":"shop","password":"3"}}}""");

        assertThat(config.find(Repository.parse("r.example.com/shop/api")))
                .contains(new Credentials.Basic("api", "2", ORIGIN));
        assertThat(config.find(Repository.parse("r.example.com/shop/web")))
                .contains(new Credentials.Basic("shop", "3", ORIGIN));
        assertThat(config.find(Repository.parse("r.example.com/web")))
                .contains(new Credentials.Basic("all", "1", ORIGIN));
    }

    @Test
    void everyFormOfCredentialsIsRead() throws InvalidDockerConfigException {
        DockerConfig config = parse("{\"auths\":{"
                + "\"a.example.com\":{\"auth\":\"" + base64("user:pa:ss") + "\"},"
                + "\"b.example.com\":{\"auth\":\"" + base64("user:pass\0\0") + "\",\"email\":\"x@example.com\"},"
                + "\"c.example.com\":{\"username\":\"\",\"password\":\"\",\"auth\":null,\"identitytoken\":\"refresh\"},"
                + "\"d.example.com\":{\"registrytoken\":\"access\"},"
                + "\"e.example.com\":{},\"f.example.com\":7},"
                + "\"credsStore\":\"desktop\",\"HttpHeaders\":{\"X\":\"y\"},\"unknown\":[1]}");

        assertThat(config.find(Repository.parse("a.example.com/x")))
                .contains(new Credentials.Basic("user", "pa:ss", ORIGIN));
        assertThat(config.find(Repository.parse("b.example.com/x")))
                .contains(new Credentials.Basic("user", "pass", ORIGIN));
        assertThat(config.find(Repository.parse("c.example.com/x")))
                .contains(new Credentials.IdentityToken("refresh", ORIGIN));
        assertThat(config.find(Repository.parse("d.example.com/x")))
                .contains(new Credentials.RegistryToken("access", ORIGIN));
        assertThat(config.find(Repository.parse("e.example.com/x"))).isEmpty();
        assertThat(config.find(Repository.parse("f.example.com/x"))).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "hunter2",
                "[\"hunter2\"]",
                "{\"auths\":{\"r.example.com\":{\"auth\":hunter2}}}",
                "{\"auths\":\"hunter2\"}",
                "{\"auths\":{\"r.example.com\":{\"auth\":\"*hunter2*\"}}}",
                "{\"auths\":{\"r.example.com\":{\"auth\":\"aHVudGVyMg==\"}}}"
            })
    void aBrokenConfigurationIsNamedByItsOriginAndNotRepeated(String json) {
        assertThatThrownBy(() -> parse(json))
                .isInstanceOf(InvalidDockerConfigException.class)
                .hasMessageStartingWith(ORIGIN + ": ")
                .satisfies(e -> assertThat(e.getMessage()).doesNotContain("hunter2", "aHVudGVyMg"));
    }

    @Test
    void sizeIsBounded() {
        assertThatThrownBy(() -> parse("{" + " ".repeat(DockerConfig.LARGEST) + "}"))
                .hasMessageContaining("larger than 1 MiB");
    }

    @Test
    void theFirstSourceThatKnowsTheRepositoryDecides() throws InvalidDockerConfigException {
        DockerConfig first = DockerConfig.parse(
                "{\"auths\":{\"a.example.com\":{\"username\":\"1\",\"password\":\"x\"}}}"
                        .getBytes(StandardCharsets.UTF_8),
                "Secret shop/one");
        DockerConfig second = DockerConfig.parse(
                "{\"auths\":{\"a.example.com\":{\"username\":\"2\",\"password\":\"x\"},\"b.example.com\":{\"username\":\"3\",\"password\":\"x\"}}}"
                        .getBytes(StandardCharsets.UTF_8),
                "Secret shop/two");
        CredentialSource both = CredentialSource.firstOf(List.of(first, second));

        assertThat(both.find(Repository.parse("a.example.com/x")).map(Credentials::origin))
                .contains("Secret shop/one");
        assertThat(both.find(Repository.parse("b.example.com/x")).map(Credentials::origin))
                .contains("Secret shop/two");
        assertThat(both.searched()).isEqualTo("Secret shop/one, Secret shop/two");
    }

    @Test
    void noTextFormShowsASecret() {
        for (Credentials credentials : List.of(
                new Credentials.Basic("user", "hunter2", ORIGIN),
                new Credentials.IdentityToken("hunter2", ORIGIN),
                new Credentials.RegistryToken("hunter2", ORIGIN))) {
            assertThat(credentials.toString()).doesNotContain("hunter2").contains(ORIGIN);
        }
    }
}
