package build.kiln.worker;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.protocol.BuildResult.Acceleration;
import build.kiln.protocol.BuildResult.Unmatched;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProgramStartsTest {
    private static final String ID = "00112233445566778899aabbccddeeff00112233";

    @TempDir
    private Path folder;

    @Test
    void countersOfAllArchitecturesAreAddedUp() throws IOException {
        write("aarch64", 40, 7, slot("/usr/bin/cc1", 1, 3), slot("/usr/bin/ld", 0, 9), slot("/usr/bin/cc1", 1, 2));
        write("arm", 2, 1);

        assertThat(ProgramStarts.read(folder))
                .contains(new Acceleration(
                        42, 8, List.of(new Unmatched("/usr/bin/ld", null, 9), new Unmatched("/usr/bin/cc1", ID, 5))));
    }

    @Test
    void withoutCountersNothingWasAccelerated() throws IOException {
        assertThat(ProgramStarts.read(folder.resolve("none"))).isEmpty();
        assertThat(ProgramStarts.read(folder)).isEmpty();
    }

    @Test
    void filesThatABuildStepSpoiltAreLeftOut() throws IOException {
        Files.write(folder.resolve("short"), new byte[100]);
        Files.write(folder.resolve("zero"), new byte[ProgramStarts.FILE_BYTES]);
        Files.createSymbolicLink(folder.resolve("link"), Path.of("/etc/passwd"));
        Files.createDirectory(folder.resolve("folder"));
        assertThat(ProgramStarts.read(folder)).isEmpty();

        write("aarch64", -1, Long.MAX_VALUE, slot("/x\n\u001b[31m\u202e" + "y".repeat(500), 1, -1));
        Acceleration read = ProgramStarts.read(folder).orElseThrow();
        assertThat(read.nativeStarts()).isZero();
        assertThat(read.emulatedStarts()).isLessThanOrEqualTo(1_000_000_000_000L);
        assertThat(read.unmatched()).singleElement().satisfies(one -> {
            assertThat(one.path()).startsWith("/x\\n\\u202eyyy").hasSizeLessThan(130);
            assertThat(one.starts()).isPositive();
        });
    }

    @Test
    void anyContentGivesABoundedResult() throws IOException {
        Random random = new Random(7);
        for (int i = 0; i < 200; i++) {
            byte[] content = new byte[ProgramStarts.FILE_BYTES];
            random.nextBytes(content);
            System.arraycopy("kilncnt1".getBytes(StandardCharsets.US_ASCII), 0, content, 0, 8);
            for (int at = 64; at < content.length; at += 256) {
                ByteBuffer.wrap(content).order(ByteOrder.nativeOrder()).putInt(at, 2);
                content[at + 8] = (byte) random.nextInt(40);
            }
            Files.write(folder.resolve("aarch64"), content);
            Acceleration read = ProgramStarts.read(folder).orElseThrow();
            assertThat(read.unmatched()).hasSizeLessThanOrEqualTo(8);
            assertThat(read.nativeStarts()).isNotNegative();
        }
    }

    private void write(String name, long nativeStarts, long emulatedStarts, byte[]... slots) throws IOException {
        ByteBuffer content = ByteBuffer.allocate(ProgramStarts.FILE_BYTES).order(ByteOrder.nativeOrder());
        content.put("kilncnt1".getBytes(StandardCharsets.US_ASCII))
                .putLong(nativeStarts)
                .putLong(emulatedStarts)
                .position(64);
        for (byte[] slot : slots) {
            content.put(slot);
        }
        Files.write(folder.resolve(name), content.array());
    }

    private static byte[] slot(String path, int hasId, int starts) {
        ByteBuffer slot = ByteBuffer.allocate(256).order(ByteOrder.nativeOrder());
        slot.putInt(2).putInt(starts).put((byte) (hasId * 20));
        if (hasId == 1) {
            slot.put(HexFormat.of().parseHex(ID));
        }
        byte[] text = path.getBytes(StandardCharsets.UTF_8);
        slot.position(48).put(text, 0, Math.min(text.length, 208));
        return slot.array();
    }
}
