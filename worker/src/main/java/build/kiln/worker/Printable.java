package build.kiln.worker;

/** Makes text from builds harmless and readable in a log: one line, no control over the terminal. */
final class Printable {
    private static final char ESCAPE = '\u001b';

    private Printable() {}

    /** A line of output: of what a carriage return overwrites the last version stays, colours are dropped. */
    static String outputLine(String line) {
        int end = line.length();
        while (end > 0 && line.charAt(end - 1) == '\r') {
            end--;
        }
        return text(line.substring(line.lastIndexOf('\r', end - 1) + 1, end));
    }

    /** Text on one line: line breaks and control characters are escaped as Java writes them. */
    static String text(String text) {
        StringBuilder printable = new StringBuilder(text.length());
        int i = 0;
        while (i < text.length()) {
            int afterColour = colourEnd(text, i);
            if (afterColour > i) {
                i = afterColour;
                continue;
            }
            append(printable, text.charAt(i));
            i++;
        }
        return printable.toString();
    }

    /** Text of several lines, each made printable. */
    static String lines(String text) {
        StringBuilder printable = new StringBuilder(text.length());
        for (String line : text.split("\n", -1)) {
            if (!printable.isEmpty()) {
                printable.append('\n');
            }
            printable.append(outputLine(line));
        }
        return printable.toString();
    }

    /** Cuts in front of a character, never inside one. */
    static String cut(String text, int length) {
        if (text.length() <= length) {
            return text;
        }
        int end = Character.isHighSurrogate(text.charAt(length - 1)) ? length - 1 : length;
        return text.substring(0, end) + "...";
    }

    private static void append(StringBuilder printable, char c) {
        if (c == '\t' || !unsafe(c)) {
            printable.append(c);
        } else if (c == '\n') {
            printable.append("\\n");
        } else if (c == '\r') {
            printable.append("\\r");
        } else {
            String hex = Integer.toHexString(c);
            printable.append("\\u").append("0000", 0, 4 - hex.length()).append(hex);
        }
    }

    /** Control characters, line separators and those that turn the direction of writing. */
    private static boolean unsafe(char c) {
        return Character.isISOControl(c)
                || (c >= '\u2028' && c <= '\u202e')
                || (c >= '\u2066' && c <= '\u2069')
                || c == '\u200e'
                || c == '\u200f'
                || c == '\u061c'
                || c == '\ufeff';
    }

    /** End of the colour sequence that starts here ({@code ESC [ digits m}), or {@code from} when none does. */
    private static int colourEnd(String text, int from) {
        if (text.charAt(from) != ESCAPE || from + 1 >= text.length() || text.charAt(from + 1) != '[') {
            return from;
        }
        int i = from + 2;
        while (i < text.length() && ((text.charAt(i) >= '0' && text.charAt(i) <= '9') || text.charAt(i) == ';')) {
            i++;
        }
        boolean ends = i < text.length() && (text.charAt(i) == 'm' || text.charAt(i) == 'K');
        return ends ? i + 1 : from;
    }
}
