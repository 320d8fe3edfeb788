package build.kiln.operator.status;

import java.util.stream.Collectors;

/** Bounds messages: what, where and what to do now fit in two lines. */
final class MessageText {
    private static final int LONGEST = 1000;

    private MessageText() {}

    /** At most two lines; what follows is joined to the second. */
    static String bounded(String text) {
        String stripped = text.strip();
        int newline = stripped.indexOf('\n');
        String joined = newline < 0
                ? stripped
                : stripped.substring(0, newline).stripTrailing() + "\n" + oneLine(stripped.substring(newline + 1));
        return cut(joined);
    }

    static String oneLine(String text) {
        return text.lines().map(String::strip).filter(line -> !line.isEmpty()).collect(Collectors.joining(" "));
    }

    static String cut(String text) {
        return cut(text, LONGEST);
    }

    static String cut(String text, int longest) {
        if (text.length() <= longest) {
            return text;
        }
        int end = Character.isHighSurrogate(text.charAt(longest - 4)) ? longest - 4 : longest - 3;
        return text.substring(0, end) + "...";
    }
}
