package build.kiln.registry.image;

/** How text from outside is shown in a message: bounded, and without control characters. */
public final class Text {
    private static final int SHOWN = 200;

    private Text() {}

    /** The text on one line, cut after {@value #SHOWN} characters. */
    public static String shown(String text) {
        StringBuilder line = new StringBuilder();
        text.codePoints().limit(SHOWN).forEach(c -> line.appendCodePoint(isPlain(c) ? c : '\uFFFD'));
        return text.length() > line.length() ? line + "..." : line.toString();
    }

    /** Whether a character shows as itself: format characters can hide or reorder what stands around them. */
    public static boolean isPlain(int codePoint) {
        return switch (Character.getType(codePoint)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR,
                    Character.SURROGATE,
                    Character.PRIVATE_USE,
                    Character.UNASSIGNED -> false;
            default -> true;
        };
    }
}
