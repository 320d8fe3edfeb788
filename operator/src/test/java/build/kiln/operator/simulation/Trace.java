package build.kiln.operator.simulation;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.stream.Collectors;

/** The last things that happened, for a person who has to find out why. Written only when it is read. */
final class Trace {
    private static final int LONGEST = 400;

    private record Line(int step, long time, List<Object> words) {
        @Override
        public String toString() {
            return "%6d %8.1fs  %s"
                    .formatted(
                            step,
                            time / 1000.0,
                            words.stream().map(String::valueOf).collect(Collectors.joining(" ")));
        }
    }

    private final Deque<Line> lines = new ArrayDeque<>();

    void add(int step, long time, Object... words) {
        if (lines.size() == LONGEST) {
            lines.removeFirst();
        }
        lines.addLast(new Line(step, time, Arrays.asList(words)));
    }

    @Override
    public String toString() {
        return lines.stream().map(Line::toString).collect(Collectors.joining("\n"));
    }
}
