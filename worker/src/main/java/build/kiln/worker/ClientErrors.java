package build.kiln.worker;

import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What BuildKit's client writes that is not a progress report: its own log, and at the end a piece of the Dockerfile with the
 * line at fault and the error.
 */
final class ClientErrors {
    private static final int MAX_LINES = 400;
    private static final int MAX_CHARACTERS = 64 * 1024;
    private static final String ERROR = "error: ";
    private static final String SOLVE = "failed to solve: ";
    private static final String RULE = "--------------------";
    private static final String MARK = ">>>";

    private final Deque<String> lines = new ArrayDeque<>();
    private int characters;

    void add(byte[] line) {
        String text = new String(line, StandardCharsets.UTF_8);
        lines.addLast(text);
        characters += text.length();
        while (lines.size() > MAX_LINES || characters > MAX_CHARACTERS) {
            characters -= lines.removeFirst().length();
        }
    }

    /** The final error in the client's words; all of its output when it did not end with one. */
    String message() {
        List<String> all = new ArrayList<>(lines);
        for (int i = 0; i < all.size(); i++) {
            if (all.get(i).startsWith(ERROR)) {
                String message = String.join("\n", all.subList(i, all.size())).substring(ERROR.length());
                return (message.startsWith(SOLVE) ? message.substring(SOLVE.length()) : message).strip();
            }
        }
        return String.join("\n", all).strip();
    }

    /** Whether the error came from the daemon's solver, not from the client. */
    boolean isFromSolver() {
        return lines.stream().anyMatch(line -> line.startsWith(ERROR + SOLVE));
    }

    /** {@code Dockerfile:12}. */
    @Nullable
    String location() {
        String previous = "";
        for (String line : lines) {
            if (line.equals(RULE)) {
                int colon = previous.lastIndexOf(':');
                boolean isLocation = colon > 0
                        && colon < previous.length() - 1
                        && previous.substring(colon + 1).chars().allMatch(c -> c >= '0' && c <= '9');
                return isLocation ? Printable.text(previous) : null;
            }
            previous = line;
        }
        return null;
    }

    /** The instruction at fault as it is written, on one line. */
    @Nullable
    String instruction() {
        StringBuilder instruction = new StringBuilder();
        for (String line : lines) {
            int mark = line.indexOf("| " + MARK);
            if (mark >= 0 && mark <= 8) {
                String text = line.substring(mark + 2 + MARK.length()).strip();
                boolean continues = text.endsWith("\\");
                instruction.append(instruction.isEmpty() ? "" : " ");
                instruction.append(
                        continues ? text.substring(0, text.length() - 1).strip() : text);
            }
        }
        return instruction.isEmpty() ? null : Printable.text(instruction.toString());
    }
}
