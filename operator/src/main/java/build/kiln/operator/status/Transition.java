package build.kiln.operator.status;

import org.jspecify.annotations.Nullable;

/**
 * Something that happened to a build, once.
 *
 * @param kind whether somebody should look at it
 * @param reason one word, stable
 * @param action what was done, one word
 * @param platform it happened to; null when it concerns the run
 * @param note for people
 */
public record Transition(
        Kind kind, String reason, String action, @Nullable String platform, String note) {
    /** As Kubernetes types its events. */
    public enum Kind {
        Normal,
        Warning
    }

    static Transition normal(String reason, String action, String note) {
        return new Transition(Kind.Normal, reason, action, null, MessageText.cut(note));
    }

    static Transition warning(String reason, String action, String note) {
        return new Transition(Kind.Warning, reason, action, null, MessageText.cut(note));
    }

    Transition on(String onPlatform) {
        return new Transition(kind, reason, action, onPlatform, MessageText.cut(onPlatform + ": " + note));
    }
}
