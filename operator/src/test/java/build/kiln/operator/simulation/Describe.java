package build.kiln.operator.simulation;

import build.kiln.api.v1alpha1.Condition;
import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.api.v1alpha1.PlatformStatus;
import build.kiln.api.v1alpha1.Run;
import build.kiln.api.v1alpha1.Strategy;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Statuses in one line. */
final class Describe {
    private Describe() {}

    static List<PlatformStatus> platforms(ImageBuildStatus status) {
        return Objects.requireNonNullElse(status.platforms(), List.of());
    }

    static String status(ImageBuild build) {
        ImageBuildStatus status = build.getStatus();
        Run run = status == null ? null : status.run();
        if (status == null || run == null) {
            return Table.key(build) + " without a run";
        }
        String platforms = platforms(status).stream()
                .map(one -> one.platform().substring(6) + "#" + one.attempt() + "=" + one.state()
                        + (one.reason() == null ? "" : "(" + one.reason() + ")"))
                .collect(Collectors.joining(" "));
        return Table.key(build) + " gen " + status.observedGeneration() + "/"
                + build.getMetadata().getGeneration() + " run " + run.number() + " " + run.cause() + " " + run.phase()
                + " tries " + run.failedTries() + " [" + platforms + "] "
                + (status.failure() == null ? "" : status.failure().reason()) + " " + shortened(status.image());
    }

    /**
     * What must not depend on how a state was reached: no counts, no times, no names of pods and nodes; and not which of
     * several platforms that cannot be built failed first; nor, where Auto goes by what earlier runs found out, in which pod each
     * platform was built.
     */
    static String outcome(ImageBuild build) {
        ImageBuildStatus status = Objects.requireNonNull(build.getStatus(), "status");
        Run run = Objects.requireNonNull(status.run(), "run");
        boolean succeeded = run.phase() == Run.Phase.Succeeded;
        boolean decided = build.getSpec().strategy() == Strategy.PerPlatform
                || build.getSpec().strategy() == Strategy.SinglePod
                || platforms(status).size() == 1;
        String platforms = platforms(status).stream()
                .map(one -> one.platform() + (succeeded ? "=" + (decided ? one.mode() : "") + " " + one.digest() : ""))
                .collect(Collectors.joining(", "));
        String conditions = Objects.requireNonNullElse(status.conditions(), List.<Condition>of()).stream()
                .map(one -> one.type() + "=" + one.status() + " " + one.reason())
                .sorted()
                .collect(Collectors.joining(", "));
        return run.phase() + " commit " + run.commit() + " image "
                + (succeeded ? status.image() + " " + status.tags() : "-") + " platforms " + platforms + " conditions "
                + conditions + " failure "
                + (status.failure() == null ? "-" : status.failure().reason());
    }

    private static String shortened(@Nullable String image) {
        return image == null ? "" : image.substring(image.length() - 64, image.length() - 56);
    }
}
