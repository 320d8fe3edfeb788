package build.kiln.worker;

import build.kiln.protocol.BuildResult.Acceleration;
import build.kiln.protocol.BuildResult.Unmatched;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Reads the counters that the interpreter of accelerated platforms keeps (interpreter/starts.h of the kiln/buildkit image). The
 * programs of the build can write anything into them, so nothing in them is trusted: sizes are fixed, numbers are bounded, texts
 * are made printable.
 */
final class ProgramStarts {
    private static final byte[] MAGIC = "kilncnt1".getBytes(StandardCharsets.US_ASCII);
    private static final int HEAD_BYTES = 64;
    private static final int SLOT_BYTES = 256;
    private static final int SLOTS = 63;
    static final int FILE_BYTES = HEAD_BYTES + SLOTS * SLOT_BYTES;

    private static final int READY = 2;
    private static final int LONGEST_ID = 32;
    private static final int ID_AT = 9;
    private static final int PATH_AT = 48;

    private static final int MOST_FILES = 8;
    private static final int MOST_UNMATCHED = 8;
    private static final int LONGEST_PATH = 120;
    /** No build starts more programs: what is above was written by a build step. */
    private static final long MOST_STARTS = 1_000_000_000_000L;

    private ProgramStarts() {}

    /** What the folder's files say together; empty when nothing is accelerated. */
    static Optional<Acceleration> read(Path folder) throws IOException {
        List<ByteBuffer> files = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder)) {
            for (Path entry : entries) {
                ByteBuffer content = content(entry);
                if (content != null && files.size() < MOST_FILES) {
                    files.add(content);
                }
            }
        } catch (NoSuchFileException _) {
            return Optional.empty();
        }
        return files.isEmpty() ? Optional.empty() : Optional.of(sum(files));
    }

    private static @Nullable ByteBuffer content(Path file) throws IOException {
        if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
            return null;
        }
        try (SeekableByteChannel channel =
                Files.newByteChannel(file, Set.of(StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS))) {
            byte[] bytes = Channels.newInputStream(channel).readNBytes(FILE_BYTES);
            ByteBuffer content = ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder());
            boolean whole =
                    bytes.length == FILE_BYTES && content.slice(0, MAGIC.length).equals(ByteBuffer.wrap(MAGIC));
            return whole ? content : null;
        }
    }

    private static Acceleration sum(List<ByteBuffer> files) {
        long nativeStarts = 0;
        long emulatedStarts = 0;
        Map<String, Unmatched> unmatched = new TreeMap<>();
        for (ByteBuffer file : files) {
            nativeStarts += bounded(file.getLong(MAGIC.length));
            emulatedStarts += bounded(file.getLong(MAGIC.length + Long.BYTES));
            for (int slot = 0; slot < SLOTS; slot++) {
                Unmatched one = unmatched(
                        file.slice(HEAD_BYTES + slot * SLOT_BYTES, SLOT_BYTES).order(ByteOrder.nativeOrder()));
                if (one != null) {
                    unmatched.merge(one.buildId() + " " + one.path(), one, ProgramStarts::together);
                }
            }
        }
        List<Unmatched> most = unmatched.values().stream()
                .sorted(Comparator.comparingLong(Unmatched::starts).reversed())
                .limit(MOST_UNMATCHED)
                .toList();
        return new Acceleration(nativeStarts, emulatedStarts, most);
    }

    private static Unmatched together(Unmatched one, Unmatched other) {
        return new Unmatched(one.path(), one.buildId(), one.starts() + other.starts());
    }

    private static @Nullable Unmatched unmatched(ByteBuffer slot) {
        int idLength = Byte.toUnsignedInt(slot.get(2 * Integer.BYTES));
        if (slot.getInt(0) != READY || idLength > LONGEST_ID) {
            return null;
        }
        byte[] id = new byte[idLength];
        slot.get(ID_AT, id);
        byte[] path = new byte[SLOT_BYTES - PATH_AT];
        slot.get(PATH_AT, path);
        int length = 0;
        while (length < path.length && path[length] != 0) {
            length++;
        }
        String text = Printable.text(new String(path, 0, length, StandardCharsets.UTF_8));
        return new Unmatched(
                Printable.cut(text, LONGEST_PATH),
                idLength == 0 ? null : HexFormat.of().formatHex(id),
                Integer.toUnsignedLong(slot.getInt(Integer.BYTES)));
    }

    private static long bounded(long starts) {
        return Math.clamp(starts, 0, MOST_STARTS);
    }
}
