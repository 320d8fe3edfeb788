package build.kiln.operator.worker;

import build.kiln.registry.image.Text;
import java.util.Locale;

/** Text that a build can choose, made safe to show: bounded, and with control characters escaped. */
final class HostileText {
    private HostileText() {}

    /** One line of at most {@code length} characters; what is too long loses its end. */
    static String line(String text, int length) {
        String escaped = escape(text.strip(), false);
        return escaped.length() <= length ? escaped : cut(escaped, 0, length - 3) + "...";
    }

    /** Lines of together at most {@code length} characters; what is too long loses its end. */
    static String lines(String text, int length) {
        String escaped = escape(text.strip(), true);
        return escaped.length() <= length ? escaped : cut(escaped, 0, length - 3) + "...";
    }

    /** Lines of together at most {@code length} characters; what is too long loses its beginning. */
    static String lastLines(String text, int length) {
        String escaped = escape(text.stripTrailing(), true);
        return escaped.length() <= length ? escaped : cut(escaped, escaped.length() - length, escaped.length());
    }

    private static String cut(String text, int from, int to) {
        int start = Character.isLowSurrogate(text.charAt(from)) ? from + 1 : from;
        int end = Character.isHighSurrogate(text.charAt(to - 1)) ? to - 1 : to;
        return text.substring(start, end);
    }

    private static String escape(String text, boolean keepLines) {
        StringBuilder shown = new StringBuilder(text.length());
        text.codePoints().forEach(c -> {
            if ((c == '\n' || c == '\t') && keepLines) {
                shown.appendCodePoint(c);
            } else if (Text.isPlain(c)) {
                shown.appendCodePoint(c);
            } else {
                shown.append(String.format(Locale.ROOT, c < 0x100 ? "\\x%02x" : "\\u%04x", c));
            }
        });
        return shown.toString();
    }
}
