package build.kiln.operator.worker;

import io.fabric8.kubernetes.api.model.MicroTime;
import io.fabric8.kubernetes.api.model.events.v1.Event;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A warning that kubelet or controllers published about a pod, as an event: for what happens before any container exists, there
 * is no other place where they say it.
 *
 * @param reason one word
 * @param message for people; may quote anything
 * @param time when it happened last
 */
public record PodWarning(String reason, String message, Instant time) {
    /** The volumes are not there, or the network, or the sandbox that containers share. */
    private static final Set<String> TELLING = Set.of(
            "FailedAttachVolume",
            "FailedMount",
            "FailedMapVolume",
            "NetworkNotReady",
            "FailedCreatePodSandBox",
            "FailedCreatePodContainer");

    /** What an event says. */
    public static PodWarning of(Event event) {
        return new PodWarning(event.getReason(), Objects.requireNonNullElse(event.getNote(), ""), last(event));
    }

    /** Whether warnings of this reason say why a pod does not start; the others are about something else. */
    public static boolean isTelling(String reason) {
        return TELLING.contains(reason);
    }

    /** The kubelet says so after two minutes of trying, instead of what it said of each volume. */
    boolean isGeneral() {
        return message.startsWith("Unable to attach or mount volumes");
    }

    /** Components tell the time of a repetition in one of two ways, and that of something new in a third. */
    private static Instant last(Event event) {
        MicroTime repeated =
                event.getSeries() == null ? null : event.getSeries().getLastObservedTime();
        return Stream.of(text(repeated), event.getDeprecatedLastTimestamp(), text(event.getEventTime()))
                .filter(Objects::nonNull)
                .map(PodWarning::time)
                .max(Instant::compareTo)
                .orElse(Instant.EPOCH);
    }

    private static @Nullable String text(@Nullable MicroTime time) {
        return time == null ? null : time.getTime();
    }

    private static Instant time(String text) {
        try {
            return OffsetDateTime.parse(text).toInstant();
        } catch (DateTimeParseException _) {
            return Instant.EPOCH;
        }
    }
}
