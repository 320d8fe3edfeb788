package build.kiln.worker;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.protocol.BuildResult.CacheVolume;
import build.kiln.protocol.BuildResult.VolumeState;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class VolumeReportTest {
    @TempDir
    private Path folder;

    private final ByteArrayOutputStream log = new ByteArrayOutputStream();

    @Test
    void saysWhatTheLauncherFound() throws Exception {
        assertThat(read("{\"state\":\"Reused\"}")).contains(new CacheVolume(VolumeState.Reused, null));
        assertThat(read("{\"state\":\"Emptied\",\"reason\":\"it belonged to \\\"v1\\\"\\u001b[31m\"}"))
                .hasValueSatisfying(volume -> {
                    assertThat(volume.state()).isEqualTo(VolumeState.Emptied);
                    assertThat(volume.reason()).contains("v1").doesNotContain("\u001b");
                });
        assertThat(log.toString(StandardCharsets.UTF_8)).contains("cache volume: Reused", "cache volume: Emptied: it");
    }

    @Test
    void saysNothingWithoutAVolume() {
        assertThat(VolumeReport.read(folder.resolve("state"), out())).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "null", "[]", "{\"state\":\"Unheard\"}", "{\"state\":"})
    void aReportThatCannotBeReadFailsNothing(String report) throws Exception {
        assertThat(read(report)).isEmpty();
    }

    private Optional<CacheVolume> read(String report) throws Exception {
        Path file = Files.writeString(folder.resolve("state"), report);
        return VolumeReport.read(file, out());
    }

    private PrintStream out() {
        return new PrintStream(log, true, StandardCharsets.UTF_8);
    }
}
