package build.kiln.operator.simulation;

import build.kiln.api.v1alpha1.CacheVolume;
import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.api.v1alpha1.PlacementSettings;
import build.kiln.api.v1alpha1.PlatformStatus;
import build.kiln.api.v1alpha1.PlatformStatus.State;
import build.kiln.api.v1alpha1.ResultConfigMap;
import build.kiln.api.v1alpha1.Run;
import build.kiln.api.v1alpha1.Run.Phase;
import build.kiln.operator.placement.RequestedPlatforms;
import build.kiln.operator.worker.WorkerLabels;
import build.kiln.operator.worker.WorkerObservation;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What holds at every step, whatever goes wrong. */
final class Rules {
    /** Platforms that may build at the same time in the whole cluster. */
    static final int MOST_RUNNING = 4;

    private static final int MOST_ATTEMPTS = 3;

    private static final Map<Phase, Set<Phase>> STEPS = Map.of(
            Phase.Resolving,
            Set.of(Phase.Building, Phase.Publishing, Phase.Succeeded, Phase.Failed, Phase.Cancelled),
            Phase.Building,
            Set.of(Phase.Publishing, Phase.Failed, Phase.Cancelled),
            Phase.Publishing,
            Set.of(Phase.Building, Phase.Succeeded, Phase.Failed, Phase.Cancelled),
            Phase.Succeeded,
            Set.of(Phase.Publishing),
            Phase.Failed,
            Set.of(Phase.Publishing),
            Phase.Cancelled,
            Set.of());

    private final World world;
    private final Map<String, Integer> newestRuns = new HashMap<>();
    private final Map<String, Integer> taggedRuns = new HashMap<>();

    Rules(World world) {
        this.world = world;
    }

    static void require(boolean holds, String rule, Object... facts) {
        if (!holds) {
            throw new Violation(rule + ": " + List.of(facts));
        }
    }

    /** One live pod per run, platform and attempt. */
    void podCreated(Pod created) {
        long same = world.api().pods.all().stream()
                .filter(pod -> identity(pod).equals(identity(created)) && Machines.isLive(pod))
                .count();
        require(same == 1, "at most one live pod per run, platform and attempt", identity(created), same);
        long live = world.api().pods.all().stream().filter(Machines::isLive).count();
        require(live <= MOST_RUNNING || !world.isOrderly(), "the queue's limit holds", live);
        List<String> ofRun = world.api().pods.all().stream()
                .filter(pod -> run(pod).equals(run(created)) && Machines.isLive(pod))
                .map(Table::key)
                .toList();
        require(
                ofRun.size() == 1 || Workers.request(created).others().isEmpty() || !world.isOrderly(),
                "a run with one pod has one",
                ofRun);
        String claim = MemoryApiServer.claimName(created);
        require(
                claim == null
                        || world.api().claims.get(namespace(created) + "/" + claim) != null
                        || world.api().isGarbage(created)
                        || !world.isOrderly(),
                "no pod before its cache volume",
                Table.key(created));
        // What a clock that jumps takes for lost may still write: the launcher's lock is what holds it off then.
        if (claim != null && world.isOrderly() && world.skew() == 0) {
            List<String> writers = world.api().pods.all().stream()
                    .filter(pod -> namespace(pod).equals(namespace(created))
                            && claim.equals(MemoryApiServer.claimName(pod))
                            && !PodStatuses.hasEnded(pod)
                            && !world.machines().isStopped(pod))
                    .map(Table::key)
                    .toList();
            require(writers.size() == 1, "a cache volume has one writer", claim, writers);
        }
    }

    private static String namespace(Pod pod) {
        return pod.getMetadata().getNamespace();
    }

    private static String run(Pod pod) {
        return MemoryApiServer.owner(pod).getUid() + " run "
                + pod.getMetadata().getLabels().get("kiln.build/run");
    }

    private static String identity(Pod pod) {
        Map<String, String> labels = pod.getMetadata().getLabels();
        return run(pod) + " " + labels.get("kiln.build/platform") + " attempt " + labels.get("kiln.build/attempt");
    }

    /** No tag before all platforms. */
    void tagWritten(ImageBuild build, String reference, String index) {
        require(world.registry().isComplete(index), "no tag before all platforms are in the registry", reference);
        Run run = Objects.requireNonNull(build.getStatus().run());
        int newest = taggedRuns.merge(build.getMetadata().getUid() + reference, run.number(), Math::max);
        require(run.number() == newest, "a tag never goes back to an older run", reference, run.number(), newest);
    }

    void statusWritten(ImageBuild before, ImageBuild after) {
        ImageBuildStatus status = Objects.requireNonNull(after.getStatus());
        ImageBuildStatus was = Objects.requireNonNullElse(before.getStatus(), ImageBuildStatus.empty());
        Run run = status.run();
        String line = Describe.status(after);
        if (run == null) {
            require(was.run() == null, "a run is never forgotten", line);
            return;
        }
        long generation = after.getMetadata().getGeneration();
        require(
                status.observedGeneration() == null || status.observedGeneration() <= generation,
                "no status of the future",
                line);
        runs(was.run(), run, after, line);
        if (was.run() != null && was.run().number() == run.number()) {
            sameRun(before, was, status, line);
        }
        if (run.phase() == Phase.Publishing || run.phase() == Phase.Succeeded) {
            for (PlatformStatus platform : Describe.platforms(status)) {
                require(platform.state() == State.Succeeded, "nothing is published before all platforms", line);
            }
        }
        for (PlatformStatus platform : Describe.platforms(status)) {
            PlatformStatus.Pushed pushed = platform.pushed();
            require(
                    pushed == null || world.registry().wasPushed(pushed.digest()),
                    "what a platform pushed was pushed",
                    line);
            require(
                    Objects.requireNonNullElse(platform.failedAttempts(), List.of())
                                    .size()
                            < MOST_ATTEMPTS,
                    "no more attempts than allowed",
                    line);
        }
        image(was, status, after, line);
    }

    private void runs(@Nullable Run was, Run run, ImageBuild after, String line) {
        int last = was == null ? 0 : was.number();
        require(run.number() == last || run.number() == last + 1, "runs are counted up one by one", last, line);
        int newest = newestRuns.merge(after.getMetadata().getUid(), run.number(), Math::max);
        require(run.number() == newest, "a newer run is never replaced by an older one", newest, line);
    }

    private static void sameRun(ImageBuild before, ImageBuildStatus was, ImageBuildStatus status, String line) {
        Phase from = Objects.requireNonNull(Objects.requireNonNull(was.run()).phase());
        Phase to = Objects.requireNonNull(Objects.requireNonNull(status.run()).phase());
        require(
                from == to || Objects.requireNonNull(STEPS.get(from)).contains(to),
                "a run takes only the steps of the state diagram",
                from,
                line);
        require(
                !from.isFinal() || from == to || isAskedFor(from, before, was),
                "what is final stays, unless more is asked for",
                from,
                line);
        for (PlatformStatus platform : Describe.platforms(status)) {
            PlatformStatus earlier = Describe.platforms(was).stream()
                    .filter(one -> one.platform().equals(platform.platform()))
                    .findFirst()
                    .orElse(platform);
            require(
                    number(earlier.attempt()) <= number(platform.attempt()),
                    "attempts are counted up",
                    number(earlier.attempt()),
                    line);
            require(
                    !isHeldUp(earlier)
                            || !Objects.equals(earlier.attempt(), platform.attempt())
                            || platform.state() != State.Starting
                            || isHeldUp(platform)
                            || "Terminating".equals(platform.reason()), // it waits for nothing any more
                    "what keeps a pod from starting stays told",
                    line);
            require(
                    earlier.state() != State.Succeeded
                            || platform.state() == State.Succeeded
                            || (from == Phase.Publishing && (to == Phase.Building || to == Phase.Failed)),
                    "a finished platform is not built again unless it is gone from the registry",
                    line);
        }
    }

    /** Other tags, another ConfigMap; or a new try at publishing, with another spec. */
    private static boolean isAskedFor(Phase from, ImageBuild build, ImageBuildStatus was) {
        if (from == Phase.Failed) {
            return !Objects.equals(was.observedGeneration(), build.getMetadata().getGeneration());
        }
        ResultConfigMap result = build.getSpec().output().resultConfigMap();
        return !tags(build.getSpec().output().tags()).equals(tags(was.tags()))
                || (result != null && !result.name().equals(was.resultConfigMap()));
    }

    private static Set<String> tags(@Nullable List<String> tags) {
        return tags == null ? Set.of() : Set.copyOf(tags);
    }

    /** Status never claims an image that the registry does not have. */
    private void image(ImageBuildStatus was, ImageBuildStatus status, ImageBuild build, String line) {
        String image = status.image();
        if (image == null || Objects.equals(image, was.image())) {
            return;
        }
        String digest = image.substring(image.indexOf('@') + 1);
        require(world.registry().isComplete(digest), "status claims only what the registry has", line);
        Run run = Objects.requireNonNull(status.run());
        require(
                run.spec() != null
                        || !Images.isBroken(build.getSpec(), run.commit())
                        || !Objects.equals(
                                status.observedGeneration(), build.getMetadata().getGeneration()),
                "what cannot be built is not published",
                line);
    }

    private static boolean isHeldUp(PlatformStatus platform) {
        return platform.state() == State.Starting
                && platform.reason() != null
                && !WorkerObservation.Waiting.isOrdinary(platform.reason());
    }

    private static int number(@Nullable Integer attempt) {
        return attempt == null ? 0 : attempt;
    }

    /** Nothing goes wrong any more, and nothing is left to do. */
    void atRest() {
        for (ImageBuild build : world.api().builds.all()) {
            atRest(build);
        }
        for (Pod pod : world.api().pods.all()) {
            require(!Machines.isLive(pod), "every pod ends and is removed", Table.key(pod));
        }
    }

    private void atRest(ImageBuild build) {
        ImageBuildStatus status = Objects.requireNonNull(build.getStatus(), "status");
        Run run = Objects.requireNonNull(status.run(), "run");
        Phase phase = Objects.requireNonNull(run.phase());
        String line = Describe.status(build);
        require(phase.isFinal(), "every run ends", line);
        require(
                Objects.equals(status.observedGeneration(), build.getMetadata().getGeneration()),
                "the newest generation is what counts",
                line);
        String token = build.getMetadata().getAnnotations().get(ImageBuild.REBUILD_ANNOTATION);
        require(
                Objects.equals(token, status.lastHandledRebuildAt()),
                "every request is handled",
                String.valueOf(token),
                line);
        String empty = build.getMetadata().getAnnotations().get(ImageBuild.EMPTY_CACHE_ANNOTATION);
        require(
                Objects.equals(empty, status.lastHandledEmptyCacheAt()),
                "every request to empty the cache volumes is handled",
                String.valueOf(empty),
                line);
        volumes(build, line);
        boolean broken = Images.isBroken(build.getSpec(), run.commit());
        switch (phase) {
            case Succeeded -> succeeded(build, status, run, line);
            case Failed -> {
                String reason = String.valueOf(
                        Objects.requireNonNull(status.failure(), line).reason());
                require(broken || !reason.equals("BuildFailed"), "nobody is blamed for accidents", line);
                require(broken || world.isTroubled(), "nothing fails without a reason", line);
            }
            case Cancelled -> require(world.isTroubled(), "nobody cancelled", line);
            case Resolving, Building, Publishing -> {}
        }
        require(!broken || phase != Phase.Succeeded, "what cannot be built does not succeed", line);
        String cancel = build.getMetadata().getAnnotations().get(ImageBuild.CANCEL_ANNOTATION);
        require(
                Objects.equals(cancel, status.lastHandledCancelAt()),
                "every cancellation is handled",
                String.valueOf(cancel),
                line);
    }

    /** Volumes that nobody asks for are gone, but for those that were to stay; and no platform has two. */
    private void volumes(ImageBuild build, String line) {
        CacheVolume wanted =
                build.getSpec().cache() == null ? null : build.getSpec().cache().volume();
        List<PersistentVolumeClaim> claims = world.api().claims.all().stream()
                .filter(claim -> claim.getMetadata()
                                .getNamespace()
                                .equals(build.getMetadata().getNamespace())
                        && build.getMetadata()
                                .getName()
                                .equals(claim.getMetadata().getAnnotations().get(WorkerLabels.OWNER_NAME)))
                .toList();
        boolean owned = wanted != null && wanted.retention() != CacheVolume.Retention.Retain;
        for (PersistentVolumeClaim claim : claims) {
            String platform = String.valueOf(claim.getMetadata().getLabels().get(WorkerLabels.PLATFORM));
            boolean asked = wanted != null
                    && RequestedPlatforms.of(build.getSpec()).stream()
                            .anyMatch(one -> one.replace('/', '-').equals(platform));
            boolean isOwned = !claim.getMetadata().getOwnerReferences().isEmpty();
            require(
                    asked ? isOwned == owned : !isOwned,
                    "a volume goes with what asks for it, or was to stay",
                    Table.key(claim),
                    line);
            long same = claims.stream()
                    .filter(one -> platform.equals(one.getMetadata().getLabels().get(WorkerLabels.PLATFORM)))
                    .count();
            require(same == 1 || !asked, "a platform has one volume", Table.key(claim), same, line);
        }
    }

    private void succeeded(ImageBuild build, ImageBuildStatus status, Run run, String line) {
        PlacementSettings placement = build.getSpec().placement();
        if (placement != null && placement.mode() == PlacementSettings.Mode.Native && !world.isTroubled()) {
            for (PlatformStatus platform : Describe.platforms(status)) {
                require(platform.mode() == PlatformStatus.Mode.Native, "native is never emulated", line);
            }
        }
        String index = Images.ofBuild(build.getSpec(), run.commit());
        require(
                (build.getSpec().output().image() + "@" + index).equals(status.image()),
                "the image is that of the newest spec",
                RequestedPlatforms.of(build.getSpec()),
                line);
        require(world.registry().isComplete(index), "the image is in the registry", line);
        Set<String> wanted = tags(build.getSpec().output().tags());
        require(wanted.equals(tags(status.tags())), "status has the tags that are wanted", line);
        for (String tag : wanted) {
            String reference = build.getSpec().output().image() + ":" + tag;
            require(
                    world.registry().tag(reference).equals(index),
                    "tags point at the newest image",
                    reference,
                    world.registry().tag(reference),
                    line);
        }
    }
}
