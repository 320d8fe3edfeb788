package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.PlatformStatus;
import build.kiln.api.v1alpha1.PlatformStatus.NativeWait;
import build.kiln.api.v1alpha1.PlatformStatus.State;
import build.kiln.api.v1alpha1.PlatformStatusBuilder;
import build.kiln.operator.placement.Placement;
import build.kiln.operator.placement.PlacementDecision;
import build.kiln.operator.worker.WorkerObservation;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What is recorded of a platform's wait for a node of its architecture. Pure. */
final class NativeWaits {
    private NativeWaits() {}

    /** How long the platform waited in its run, without the wait that is under way; null when it did not. */
    static @Nullable Duration before(PlatformStatus platform) {
        NativeWait wait = platform.nativeWait();
        return wait == null ? null : Duration.ofSeconds(wait.seconds());
    }

    /** The same with a wait that is under way since then. */
    static Duration until(PlatformStatus platform, Instant since, Instant now) {
        Duration waited = Duration.between(since, now);
        return Objects.requireNonNullElse(before(platform), Duration.ZERO)
                .plus(waited.isNegative() ? Duration.ZERO : waited);
    }

    /** When a wait that is under way since then makes the longest time complete. */
    static Instant end(PlatformStatus platform, Instant since, Duration most) {
        return since.plus(most).minus(Objects.requireNonNullElse(before(platform), Duration.ZERO));
    }

    static NativeWait underWay(PlatformStatus platform, Instant since, Instant deadline) {
        Duration before = Objects.requireNonNullElse(before(platform), Duration.ZERO);
        return new NativeWait(since.toString(), deadline.toString(), before.toSeconds());
    }

    /** What is told of a platform that waits, as the nodes are now. */
    static PlatformStatus recorded(
            PlatformStatus current, WorkerObservation.Waiting waiting, PlacementDecision decision) {
        @Nullable Duration most = decision instanceof Placement placement ? placement.nativeWait() : null;
        Instant over = most == null ? waiting.deadline() : end(current, waiting.since(), most);
        Instant deadline = over.isBefore(waiting.deadline()) ? over : waiting.deadline();
        NativeWait wait = underWay(current, waiting.since(), deadline);
        if (current.state() == State.WaitingForNode
                && waiting.reason().equals(current.reason())
                && wait.equals(current.nativeWait())) {
            return current;
        }
        String end = (most == null ? "it fails at " : "it is emulated from ") + deadline;
        return PlatformUpdates.waitingForNative(
                current, wait, waiting.reason(), end + " unless a node takes its pod: " + waiting.message());
    }

    static NativeWait over(Duration waited) {
        return new NativeWait(null, null, waited.toSeconds());
    }

    /** The record with its wait ended, unless it still waits. */
    static PlatformStatus settled(PlatformStatus platform, Instant now) {
        NativeWait wait = platform.nativeWait();
        if (wait == null || wait.startTime() == null || platform.state() == State.WaitingForNode) {
            return platform;
        }
        return PlatformStatusBuilder.builder(platform)
                .nativeWait(over(until(platform, Instant.parse(wait.startTime()), now)))
                .build();
    }

    /** When waits end. */
    static List<Instant> dueTimes(List<PlatformStatus> platforms) {
        return platforms.stream()
                .filter(platform -> platform.state() == State.WaitingForNode)
                .map(PlatformStatus::nativeWait)
                .flatMap(wait -> Optional.ofNullable(wait).map(NativeWait::deadline).stream())
                .map(Instant::parse)
                .toList();
    }
}
