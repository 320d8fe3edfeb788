package build.kiln.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import build.kiln.protocol.FailureReason;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RegistryCredentialsTest {
    @TempDir
    Path folder;

    @Test
    void firstSecretWithARegistryWins() throws Exception {
        secret(0, "{\"auths\":{\"a.example.com\":{\"auth\":\"zero\"}}}");
        secret(2, "{\"auths\":{\"a.example.com\":{\"auth\":\"two\"},\"b.example.com\":{\"auth\":\"two\"}}}");
        secret(10, "{\"auths\":{\"b.example.com\":{\"auth\":\"ten\"}},\"credHelpers\":{\"x\":\"evil\"}}");

        RegistryCredentials credentials = RegistryCredentials.read(folder);

        assertThat(config(credentials).toString())
                .isEqualTo("{\"auths\":{\"a.example.com\":{\"auth\":\"zero\"},\"b.example.com\":{\"auth\":\"two\"}}}");
        assertThat(credentials.secretFor("a.example.com")).contains(0);
        assertThat(credentials.secretFor("b.example.com")).contains(2);
        assertThat(credentials.secretFor("c.example.com")).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"https://index.docker.io/v1/", "docker.io", "index.docker.io", "registry-1.docker.io"})
    void dockerHubHasManyNames(String key) throws Exception {
        secret(0, "{\"auths\":{\"" + key + "\":{\"auth\":\"x\"}}}");

        RegistryCredentials credentials = RegistryCredentials.read(folder);

        assertThat(config(credentials).toString()).contains("\"https://index.docker.io/v1/\"");
        assertThat(credentials.secretFor(RegistryHost.ofReference("debian:12"))).contains(0);
        assertThat(credentials.secretFor(RegistryHost.ofReference("docker.io/me/app")))
                .contains(0);
    }

    @Test
    void anotherSpellingOfARegistryDoesNotGoBeforeAnEarlierSecret() throws Exception {
        secret(0, "{\"auths\":{\"https://r.example.com:5000/v2/\":{\"auth\":\"zero\"}}}");
        secret(1, "{\"auths\":{\"r.example.com:5000\":{\"auth\":\"one\"}}}");

        assertThat(config(RegistryCredentials.read(folder))
                        .at("/auths/r.example.com:5000/auth")
                        .asText())
                .isEqualTo("zero");
    }

    @Test
    void entryForTheWholeRegistryGoesBeforeThatOfAPath() throws Exception {
        secret(0, "{\"auths\":{\"r.example.com/team\":{\"auth\":\"team\"},\"r.example.com\":{\"auth\":\"all\"}}}");

        assertThat(config(RegistryCredentials.read(folder))
                        .at("/auths/r.example.com/auth")
                        .asText())
                .isEqualTo("all");
    }

    @Test
    void noSecretsIsAnEmptyConfiguration() throws Exception {
        RegistryCredentials credentials = RegistryCredentials.read(folder.resolve("none"));

        assertThat(config(credentials).toString()).isEqualTo("{\"auths\":{}}");
    }

    @ParameterizedTest
    @ValueSource(strings = {"hunter2", "{\"auths\":", "{\"auths\":[\"hunter2\"]}", "{\"auths\":{\"a\":hunter2}}"})
    void malformedSecretIsNamedAndNotQuoted(String content) throws Exception {
        secret(0, "{}");
        secret(3, content);

        assertThatThrownBy(() -> RegistryCredentials.read(folder))
                .isInstanceOfSatisfying(BuildFailedException.class, e -> {
                    assertThat(e.diagnosis().reason()).isEqualTo(FailureReason.InvalidSpec);
                    assertThat(e.diagnosis().registrySecret()).isEqualTo(3);
                })
                .hasMessageContaining("Secret 3")
                .hasMessageNotContaining("hunter2");
    }

    @Test
    void hugeSecretIsRefused() throws Exception {
        secret(0, "{\"auths\":{\"a\":{\"auth\":\"" + "x".repeat(2 << 20) + "\"}}}");

        assertThatThrownBy(() -> RegistryCredentials.read(folder)).hasMessageContaining("larger than");
    }

    @Test
    void secretWithoutAConfigurationIsNamed() throws Exception {
        Files.createDirectory(folder.resolve("0"));

        assertThatThrownBy(() -> RegistryCredentials.read(folder))
                .hasMessageContaining("Secret 0 has no .dockerconfigjson");
    }

    private void secret(int number, String content) throws IOException {
        Path file = folder.resolve(number + "/config.json");
        Files.createDirectory(file.getParent());
        Files.writeString(file, content);
    }

    private static JsonNode config(RegistryCredentials credentials) throws IOException {
        return Json.MAPPER.readTree(credentials.configJson());
    }
}
