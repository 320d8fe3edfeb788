package build.kiln.registry.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PlatformTest {
    @ParameterizedTest
    @CsvSource({
        "linux/amd64,     linux/amd64,    true",
        "linux/arm64,     linux/arm64/v8, true",
        "linux/arm64/v8,  linux/arm64,    true",
        "linux/aarch64,   linux/arm64,    true",
        "linux/x86_64,    linux/amd64,    true",
        "linux/amd64/v1,  linux/amd64,    true",
        "linux/amd64/v2,  linux/amd64,    false",
        "linux/arm,       linux/arm/v7,   true",
        "linux/armhf,     linux/arm/v7,   true",
        "linux/armel,     linux/arm/v6,   true",
        "linux/arm/v6,    linux/arm/v7,   false",
        "linux/arm64/v9,  linux/arm64,    false",
        "linux/i686,      linux/386,      true",
        "linux/riscv64,   linux/riscv64,  true",
        "windows/amd64,   linux/amd64,    false",
        "linux/unknown,   linux/amd64,    false"
    })
    void namesOfOnePlatformAreTheSame(String pushed, String requested, boolean same) {
        assertThat(Platform.parse(pushed).satisfies(Platform.parse(requested))).isEqualTo(same);
    }

    @Test
    void theOsVersionMattersOnlyWhenItIsRequested() {
        Platform pushed = new Platform("windows", "amd64", "", "10.0.17763.1", List.of());

        assertThat(pushed.satisfies(Platform.parse("windows/amd64"))).isTrue();
        assertThat(pushed.satisfies(new Platform("windows", "amd64", "", "10.0.20348.1", List.of())))
                .isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "linux", "linux/", "/amd64", "linux/arm/v7/x", "linux/a b", "linux/amd64,linux/arm64"})
    void anythingElseIsNoPlatform(String text) {
        assertThatThrownBy(() -> Platform.parse(text))
                .isInstanceOf(InvalidReferenceException.class)
                .hasMessageContaining("such as linux/amd64");
    }

    @Test
    void anImageConfigurationNamesItsPlatform() throws MalformedImageException {
        String config = "{\"architecture\":\"arm\",\"os\":\"linux\",\"variant\":\"v7\",\"rootfs\":{},\"history\":null}";

        assertThat(Platform.ofConfig(config.getBytes(StandardCharsets.UTF_8)))
                .isEqualTo(Platform.parse("linux/arm/v7"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "[]",
                "{}",
                "{\"os\":\"linux\"}",
                "{\"os\":1,\"architecture\":\"arm\"}",
                "{\"os\":\"linux\",",
                "{\"os\":\"linux\",\"os\":\"windows\",\"architecture\":\"amd64\"}"
            })
    void aConfigurationWithoutOneIsMalformed(String config) {
        assertThatThrownBy(() -> Platform.ofConfig(config.getBytes(StandardCharsets.UTF_8)))
                .isInstanceOf(MalformedImageException.class);
    }
}
