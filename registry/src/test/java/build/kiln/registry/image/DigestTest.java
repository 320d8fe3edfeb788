package build.kiln.registry.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DigestTest {
    private static final byte[] CONTENT = "{}".getBytes(StandardCharsets.UTF_8);

    @Test
    void contentIsCheckedUnderBothAlgorithms() {
        Digest sha256 = Digest.parse("sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
        Digest sha512 = Digest.parse("sha512:27c74670adb75075fad058d5ceaf7b20c4e7786c83bae8a32f626f9782af34c9"
                + "a33c2046ef60fd2a7878d378e29fec851806bbd9a67878f3a9f1cda4830763fd");

        assertThat(sha256.matches(CONTENT)).isTrue();
        assertThat(sha512.matches(CONTENT)).isTrue();
        assertThat(sha256.matches(new byte[] {1})).isFalse();
        assertThat(sha512.matches(new byte[] {1})).isFalse();
        assertThat(Digest.sha256(CONTENT)).isEqualTo(sha256);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
                "sha256:44136FA355B3678A1146AD16F7E8649E94FB4FC21FE77E8310C060F61CAAFF8A",
                "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8",
                "sha256:../../../../etc/passwd/355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c",
                "SHA256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
            })
    void anythingElseIsNoDigest(String text) {
        assertThatThrownBy(() -> Digest.parse(text)).isInstanceOf(InvalidReferenceException.class);
    }
}
