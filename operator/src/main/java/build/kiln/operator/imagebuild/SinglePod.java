package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.api.v1alpha1.PlatformStatus;
import build.kiln.api.v1alpha1.PlatformStatus.Mode;
import build.kiln.api.v1alpha1.PlatformStatus.State;
import build.kiln.api.v1alpha1.PlatformStatusBuilder;
import build.kiln.api.v1alpha1.Run;
import build.kiln.operator.placement.NodeView;
import build.kiln.operator.placement.Placement;
import build.kiln.operator.placement.PlacementPolicy;
import build.kiln.operator.placement.RequestedPlatforms;
import build.kiln.operator.worker.WorkerObservation;
import build.kiln.protocol.BuildResult;
import build.kiln.protocol.BuildResult.Steps;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The platforms of a run that builds all of them in one pod. That pod is the lead platform's, which lives as if it were alone;
 * the others follow: their records say what its record says, until the pod has told what came of each. Pure.
 */
final class SinglePod {
    /** Emulated: the pod is on a node of another architecture, for the sake of the lead. */
    static final String REASON = "SinglePod";

    private SinglePod() {}

    /** The platform whose pod builds all; empty when every platform has its own. */
    static Optional<String> lead(Run run) {
        return Optional.ofNullable(run.leadPlatform());
    }

    /** Whether a platform has no pod of its own. */
    static boolean follows(Run run, String platform) {
        return lead(run).filter(lead -> !lead.equals(platform)).isPresent();
    }

    /**
     * What becomes of all platforms when the lead takes a step.
     *
     * @param build as the run sees it
     * @param platforms their records before it
     */
    static List<PlatformProgress.Step> steps(
            ObservedBuild build, int run, List<PlatformStatus> platforms, PlatformProgress.Step lead) {
        if (lead.failure() != null) {
            String blamed = Objects.requireNonNullElse(
                    lead.failure().details().platform(), lead.status().platform());
            return platforms.stream()
                    .map(platform -> platform.platform().equals(blamed)
                            ? new PlatformProgress.Step(failed(platform, lead.status()), lead.failure())
                            : PlatformProgress.Step.to(platform))
                    .toList();
        }
        Optional<BuildResult.Succeeded> result = result(build, run, lead.status());
        return platforms.stream()
                .map(platform -> platform.platform().equals(lead.status().platform())
                        ? lead
                        : PlatformProgress.Step.to(following(build, platform, lead.status(), result)))
                .toList();
    }

    /** The same status, with what was recorded of the lead since. */
    static ImageBuildStatus followed(ObservedBuild build, ImageBuildStatus status) {
        Run run = status.run();
        if (run == null || run.leadPlatform() == null || RunPlanner.phase(run) != Run.Phase.Building) {
            return status;
        }
        List<PlatformStatus> platforms = RunPlanner.platformsOf(status);
        PlatformStatus lead = of(platforms, run.leadPlatform());
        return StatusUpdates.with(
                status,
                run,
                platforms.stream()
                        .map(platform -> platform.platform().equals(run.leadPlatform())
                                ? lead
                                : following(build, platform, lead, Optional.empty()))
                        .toList(),
                status.failure());
    }

    static PlatformStatus of(List<PlatformStatus> platforms, String platform) {
        return platforms.stream()
                .filter(one -> one.platform().equals(platform))
                .findFirst()
                .orElseGet(() -> PlatformUpdates.unassigned(platform));
    }

    /** Whether a result tells of all platforms of the run. */
    static boolean isComplete(BuildResult.Succeeded result, List<PlatformStatus> platforms) {
        return platforms.stream()
                .map(PlatformStatus::platform)
                .allMatch(platform -> platform.equals(result.platform()) || part(result, platform) != null);
    }

    /** What the pod of a run that has just succeeded tells. */
    static Optional<BuildResult.Succeeded> result(ObservedBuild build, int run, PlatformStatus lead) {
        return build.pod(lead.platform(), run, PlatformProgress.attempt(lead))
                .map(WorkerPod::observation)
                .filter(WorkerObservation.Succeeded.class::isInstance)
                .map(observation -> ((WorkerObservation.Succeeded) observation).result());
    }

    /** The mode of a platform in a pod that is made for the lead; of a node that is not known it is taken to be foreign. */
    static Mode mode(String platform, String lead, @Nullable Mode leadMode) {
        return RequestedPlatforms.architecture(platform).equals(nodeArchitecture(lead, leadMode))
                ? Mode.Native
                : Mode.Emulated;
    }

    /** Of the nodes that the lead's pod can be on; null when there are several. */
    private static @Nullable String nodeArchitecture(String lead, @Nullable Mode leadMode) {
        String architecture = RequestedPlatforms.architecture(lead);
        if (leadMode != Mode.Emulated) {
            return architecture;
        }
        List<String> others = PlacementPolicy.IMAGE_ARCHITECTURES.stream()
                .filter(other -> !other.equals(architecture))
                .toList();
        return others.size() == 1 ? others.getFirst() : null;
    }

    private static PlatformStatus following(
            ObservedBuild build, PlatformStatus current, PlatformStatus lead, Optional<BuildResult.Succeeded> result) {
        return switch (PlatformProgress.stateOf(lead)) {
            case Pending, WaitingForNode, Starting, Building, Retrying ->
                alike(build, current, lead)
                        .reason(lead.reason())
                        .message(lead.message())
                        .build();
            case Succeeded ->
                result.map(told -> part(told, current.platform()))
                        .filter(_ -> PlatformProgress.stateOf(current) != State.Succeeded)
                        .map(part -> succeeded(build, current, lead, part))
                        .orElse(current);
            case Failed, Cancelled -> current;
        };
    }

    private static BuildResult.@Nullable OtherPlatform part(BuildResult.Succeeded result, String platform) {
        return result.others().stream()
                .filter(other -> other.platform().equals(platform))
                .findFirst()
                .orElse(null);
    }

    private static PlatformStatus succeeded(
            ObservedBuild build, PlatformStatus current, PlatformStatus lead, BuildResult.OtherPlatform part) {
        String mediaType = Objects.requireNonNull(lead.pushed(), "what a platform that succeeded pushed")
                .mediaType();
        return alike(build, current, lead)
                .cachedSteps(part.cached())
                .totalSteps(part.total())
                .cache(ColdCache.judged(
                        build, current.platform(), part.cache(), new Steps(part.total(), part.cached())))
                .pushed(new PlatformStatus.Pushed(part.digest(), mediaType, part.size()))
                .build();
    }

    /** The last attempt of all ended with this platform. */
    private static PlatformStatus failed(PlatformStatus current, PlatformStatus lead) {
        return PlatformStatusBuilder.builder(lead)
                .platform(current.platform())
                .mode(current.mode())
                .modeReason(current.modeReason())
                .modeMessage(current.modeMessage())
                .nativeWait(current.nativeWait())
                .cacheVolume(current.cacheVolume())
                .build();
    }

    /** What is true of the pod. The wait for a node and the volume are the lead's alone. */
    private static PlatformStatusBuilder alike(ObservedBuild build, PlatformStatus current, PlatformStatus lead) {
        boolean unassigned = lead.podName() == null;
        Mode mode = unassigned ? null : mode(build, current, lead);
        return PlatformStatusBuilder.builder()
                .platform(current.platform())
                .state(lead.state())
                .mode(mode)
                .modeReason(unassigned ? null : mode == Mode.Emulated ? REASON : reasonOfNative(lead))
                .modeMessage(
                        mode == Mode.Emulated
                                ? "built in the pod of " + lead.platform() + ", under QEMU what is not native there"
                                : null)
                .profile(lead.profile())
                .attempt(lead.attempt())
                .failedAttempts(lead.failedAttempts())
                .memoryFactor(lead.memoryFactor())
                .podName(lead.podName())
                .nodeName(lead.nodeName())
                .startTime(lead.startTime())
                .completionTime(lead.completionTime());
    }

    private static @Nullable String reasonOfNative(PlatformStatus lead) {
        return lead.mode() == Mode.Native ? lead.modeReason() : Placement.NATIVE_NODE;
    }

    private static Mode mode(ObservedBuild build, PlatformStatus current, PlatformStatus lead) {
        Optional<String> node = build.nodes().stream()
                .filter(one -> one.name().equals(lead.nodeName()))
                .map(NodeView::architecture)
                .findFirst();
        if (node.isPresent()) {
            return RequestedPlatforms.architecture(current.platform()).equals(node.get()) ? Mode.Native : Mode.Emulated;
        }
        boolean known = current.mode() != null && Objects.equals(current.podName(), lead.podName());
        return known ? Objects.requireNonNull(current.mode()) : mode(current.platform(), lead.platform(), lead.mode());
    }
}
