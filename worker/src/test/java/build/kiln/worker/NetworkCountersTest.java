package build.kiln.worker;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NetworkCountersTest {
    @TempDir
    Path folder;

    @Test
    void whatStaysInThePodIsNotCounted() throws Exception {
        Path file = Files.writeString(folder.resolve("dev"), """
                Inter-|   Receive                                                |  Transmit
                 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo
                    lo: 5000       60    0    0    0     0          0         0    5000       60    0    0    0
                  eth0: 1000000   900    0    0    0     0          0         0  123456      700    0    0    0
                  eth1:1000000    900    0    0    0     0          0         0       1        1    0    0    0
                """);

        assertThat(NetworkCounters.sentBytes(file)).hasValue(123_457);
    }

    @Test
    void kernelThatDoesNotTellIsNoProblem() throws Exception {
        assertThat(NetworkCounters.sentBytes(folder.resolve("none"))).isEmpty();
        assertThat(NetworkCounters.sentBytes(Files.writeString(folder.resolve("odd"), "eth0: many bytes\n")))
                .isEmpty();
    }
}
