package build.kiln.worker;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/** Puts the output of one operation together to lines and remembers the last ones. Takes a bounded amount of memory. */
final class OutputBuffer {
    private static final int MAX_LINE = 4_096;
    private static final int TAIL_LINES = 40;
    private static final int TAIL_CHARACTERS = 4_096;

    private final ByteArrayOutputStream partial = new ByteArrayOutputStream(0);
    private final Deque<String> tail = new ArrayDeque<>();
    private int tailCharacters;

    /** Takes the next piece and returns the lines that it completes, printable. */
    List<String> add(byte[] data) {
        List<String> lines = new ArrayList<>();
        int start = 0;
        for (int i = 0; i < data.length; i++) {
            if (data[i] == '\n') {
                partial.write(data, start, i - start);
                lines.add(take());
                start = i + 1;
            } else if (partial.size() + i - start >= MAX_LINE && !continuesCharacter(data[i])) {
                partial.write(data, start, i - start);
                lines.add(take());
                start = i;
            }
        }
        partial.write(data, start, data.length - start);
        return lines;
    }

    /** Returns what was written after the last line break, if anything. */
    List<String> flush() {
        return partial.size() == 0 ? List.of() : List.of(take());
    }

    /** The last lines, oldest first. */
    String tail() {
        return String.join("\n", tail);
    }

    void forgetTail() {
        tail.clear();
        tailCharacters = 0;
    }

    private String take() {
        String line = Printable.outputLine(partial.toString(StandardCharsets.UTF_8));
        partial.reset();
        tail.addLast(line);
        tailCharacters += line.length();
        while (tail.size() > 1 && (tail.size() > TAIL_LINES || tailCharacters > TAIL_CHARACTERS)) {
            tailCharacters -= tail.removeFirst().length();
        }
        return line;
    }

    private static boolean continuesCharacter(byte b) {
        return (b & 0xC0) == 0x80;
    }
}
