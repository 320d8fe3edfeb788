package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.CacheVolume;
import build.kiln.api.v1alpha1.Condition;
import build.kiln.api.v1alpha1.Failure;
import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.api.v1alpha1.ImageBuildSpec;
import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.api.v1alpha1.PlatformStatus;
import build.kiln.api.v1alpha1.Refusal;
import build.kiln.api.v1alpha1.Run;
import build.kiln.operator.credentials.CredentialResult;
import build.kiln.operator.failure.Diagnosis;
import build.kiln.operator.failure.Evidence;
import build.kiln.operator.imagebuild.WorkerPod.Deletion;
import build.kiln.operator.placement.NodeView;
import build.kiln.operator.placement.RequestedPlatforms;
import build.kiln.operator.preflight.Experience;
import build.kiln.operator.preflight.Symptom;
import build.kiln.operator.publish.PlatformResult;
import build.kiln.operator.publish.PublishOutcome;
import build.kiln.operator.source.Resolution;
import build.kiln.operator.status.BuildIdentity;
import build.kiln.operator.testing.TestConfiguration;
import build.kiln.operator.testing.TestNodes;
import build.kiln.operator.worker.CacheVolumeClaim;
import build.kiln.operator.worker.WorkerAssignment;
import build.kiln.operator.worker.WorkerObservation;
import build.kiln.operator.worker.WorkerPodName;
import build.kiln.protocol.BuildResult;
import build.kiln.protocol.BuildResult.Pushed;
import build.kiln.protocol.BuildResult.Steps;
import build.kiln.protocol.BuildResult.Timings;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** A build and its surroundings, moved by hand: the planner decides, the scenario plays the cluster. */
final class Scenario {
    static final String NAME = "shop-api";
    static final String NAMESPACE = "shop";
    static final Evidence BUILD_FAILED = new Evidence.Reported(build.kiln.protocol.FailureReason.BuildFailed);

    final RunPlanner planner = new RunPlanner(TestConfiguration.defaults());
    final ActOutcomes outcomes = new ActOutcomes(TestConfiguration.defaults());
    final Map<String, WorkerPod> pods = new LinkedHashMap<>();
    final Map<String, CacheClaim> claims = new LinkedHashMap<>();
    final Map<String, String> annotations = new LinkedHashMap<>();
    List<Refusal> neighbours = List.of();
    final Map<String, Experience> met = new LinkedHashMap<>();
    final List<NodeView> nodes = new ArrayList<>();
    final Set<String> temporaryTags = new HashSet<>();
    ImageBuildSpec spec;

    @Nullable
    String podSecurity;

    ImageBuildStatus status = ImageBuildStatus.empty();
    long generation = 1;
    Instant now = Instant.parse("2026-11-23T10:00:00Z");
    List<String> baseImages = List.of();
    Steps steps = new Steps(8, 6);
    BuildResult.@Nullable CacheUse cacheUse;
    BuildResult.@Nullable CrossCompiling crossCompiling;
    PollTimes polls = new PollTimes(now, null, null);

    Scenario(String spec) {
        this.spec = Specs.of(spec);
        nodes.add(TestNodes.ready("node-1", "amd64"));
    }

    ObservedBuild observed() {
        return new ObservedBuild(
                new BuildIdentity(NAMESPACE, NAME, generation),
                annotations,
                spec,
                status,
                List.copyOf(pods.values()),
                List.copyOf(claims.values()),
                nodes,
                preflight(),
                polls,
                Map.of(),
                now);
    }

    /** The next decision that is not to write status; statuses are written on the way. */
    Decision settle() {
        return settle(() -> {});
    }

    /** The same; every status that is written can be looked at. */
    Decision settle(Runnable look) {
        for (int writes = 0; writes < 10; writes++) {
            Decision decision = planner.decide(observed());
            if (!(decision instanceof Decision.WriteStatus write)) {
                return decision;
            }
            status = write.status();
            look.run();
        }
        throw new AssertionError("the planner writes status for ever: " + status);
    }

    /** Settles, and carries out deletions and creations. */
    Decision run() {
        for (int acts = 0; acts < 10; acts++) {
            Decision decision = settle();
            if (!carriesOut(decision)) {
                return decision;
            }
        }
        throw new AssertionError("the planner acts for ever: " + status);
    }

    /** Carries out deletions and creations; false for everything else. */
    boolean carriesOut(Decision decision) {
        switch (decision) {
            case Decision.CreatePods create ->
                create.assignments().forEach(assignment -> pod(assignment, waiting("Scheduling")));
            case Decision.DeletePods delete -> delete.names().forEach(pods::remove);
            case Decision.DeleteClaims delete ->
                delete.names().forEach(name -> claims.computeIfPresent(name, (_, claim) -> claim.deleted()));
            case Decision.OwnClaims own -> own.names().forEach(name -> own(name, own.owned()));
            case Decision.Protect protect -> protect(protect.results());
            case Decision.Release release -> release(release.results());
            case Decision.WriteStatus _,
                    Decision.ResolveSource _,
                    Decision.Publish _,
                    Decision.Tag _,
                    Decision.PollSource _,
                    Decision.PollBaseImages _,
                    Decision.DeleteBuild _,
                    Decision.Wait _ -> {
                return false;
            }
        }
        return true;
    }

    void requestCancel(String token) {
        annotations.put(ImageBuild.CANCEL_ANNOTATION, token);
    }

    /** Acts like {@link #run}, but pods that are deleted take longer than the test to end. */
    void terminateInsteadOfDeleting() {
        for (Decision decision = settle();
                decision instanceof Decision.CreatePods || decision instanceof Decision.DeletePods;
                decision = settle()) {
            if (decision instanceof Decision.CreatePods create) {
                create.assignments().forEach(assignment -> pod(assignment, running()));
            }
            if (decision instanceof Decision.DeletePods delete) {
                delete.names()
                        .forEach(name -> pods.computeIfPresent(
                                name,
                                (_, pod) -> new WorkerPod(
                                        name,
                                        pod.run(),
                                        pod.platform(),
                                        pod.attempt(),
                                        Deletion.Acknowledged,
                                        pod.ended(),
                                        pod.observation())));
            }
        }
    }

    void edit(String yaml) {
        spec = Specs.of(yaml);
        generation++;
    }

    void requestRebuild(String token) {
        annotations.put(ImageBuild.REBUILD_ANNOTATION, token);
    }

    void pass(Duration duration) {
        now = now.plus(duration);
    }

    void resolve(Resolution resolution) {
        record(outcomes.resolved(observed().ofRun(), resolution));
    }

    void publish(PublishOutcome outcome) {
        record(outcomes.published(observed().ofRun(), outcome));
    }

    void protect(List<PlatformResult> results) {
        record(ResultProtection.protectedResults(status, results));
        results.forEach(result -> temporaryTags.add(result.digest()));
    }

    void release(List<PlatformResult> results) {
        record(ResultProtection.released(status, results));
        results.forEach(result -> temporaryTags.remove(result.digest()));
    }

    void tag(PublishOutcome outcome) {
        record(outcomes.tagged(observed().ofRun(), outcome));
    }

    /** The git server is asked whether the revision moved. */
    void pollSource(String commit) {
        polls = new PollTimes(polls.since(), now, polls.baseImages());
        if (!commit.equals(currentRun().commit())) {
            record(outcomes.sourceMoved(observed(), commit));
        }
    }

    /** The registries are asked where tags of base images point. */
    void moveBaseImages(List<String> moved) {
        record(outcomes.baseImagesMoved(observed(), moved));
    }

    void refuse(PodCreation.Refused refused) {
        record(outcomes.refused(observed().ofRun(), refused));
    }

    void withoutCredentials(CredentialResult.Unavailable unavailable) {
        record(outcomes.withoutCredentials(observed().ofRun(), unavailable));
    }

    /** Everything from the start to the published image. */
    void succeed() {
        succeed(digest('f'));
    }

    void succeed(String digest) {
        run();
        if (currentRun().phase() == Run.Phase.Resolving) {
            resolve(new Resolution.Resolved(Specs.COMMIT));
            run();
        }
        String lead = currentRun().leadPlatform();
        for (String platform :
                lead == null ? RequestedPlatforms.of(observed().ofRun().spec()) : List.of(lead)) {
            end(platform, succeeded(platform));
        }
        run();
        publish(published(digest));
        run();
    }

    PublishOutcome.Published published() {
        return published(digest('f'));
    }

    PublishOutcome.Published published(String digest) {
        ImageBuildSpec published = observed().ofRun().spec();
        List<String> tags = published.output().tags();
        return new PublishOutcome.Published(
                published.output().image(),
                digest,
                tags == null ? List.of() : tags,
                RequestedPlatforms.of(published).stream()
                        .collect(Collectors.toMap(platform -> platform, _ -> digest('c'))));
    }

    /** The current pod of a platform says this. */
    void end(String platform, WorkerObservation observation) {
        PlatformStatus current = platform(platform);
        WorkerPod pod = Objects.requireNonNull(pods.get(current.podName()), "no pod " + current.podName());
        boolean ended =
                observation instanceof WorkerObservation.Succeeded || observation instanceof WorkerObservation.Failed;
        pods.put(
                pod.name(),
                new WorkerPod(pod.name(), pod.run(), pod.platform(), pod.attempt(), Deletion.None, ended, observation));
    }

    /** A pod that has not ended is seen like this. */
    void become(WorkerPod pod, Deletion deletion, WorkerObservation observation) {
        pods.put(
                pod.name(),
                new WorkerPod(pod.name(), pod.run(), pod.platform(), pod.attempt(), deletion, false, observation));
    }

    /** The current pod of a platform could not run on its node. */
    void refuse(String platform, String node, Symptom symptom) {
        PlatformStatus current = platform(platform);
        String pod = Objects.requireNonNull(current.podName());
        end(platform, failed(platform, Evidence.OfPod.NODE_UNSUPPORTED));
        met.put(pod, new Experience(pod, node, Objects.requireNonNull(current.profile()), symptom, now));
    }

    /** What the pods that are there and the record of the others say. */
    private Preflight preflight() {
        ImageBuild object = new ImageBuild();
        object.setStatus(status);
        Preflight recorded = Preflight.of(object, List.of(), neighbours, Optional.ofNullable(podSecurity), now);
        int number = status.run() == null ? 0 : status.run().number();
        List<Experience> ofRun = new ArrayList<>(recorded.ofRun());
        List<Experience> others = new ArrayList<>(recorded.others());
        met.forEach((name, experience) -> {
            WorkerPod pod = pods.get(name);
            if (pod != null) {
                (pod.run() == number ? ofRun : others).add(experience);
            }
        });
        return new Preflight(ofRun, others, podSecurity);
    }

    void removePod(String platform) {
        pods.remove(platform(platform).podName());
    }

    PlatformStatus platform(String platform) {
        return RunPlanner.platformsOf(status).stream()
                .filter(one -> one.platform().equals(platform))
                .findFirst()
                .orElseThrow();
    }

    Run currentRun() {
        return Objects.requireNonNull(status.run(), "no run");
    }

    Failure failure() {
        return Objects.requireNonNull(status.failure(), "no failure");
    }

    Optional<Condition> condition(String type) {
        return Objects.requireNonNull(status.conditions(), "no conditions").stream()
                .filter(condition -> condition.type().equals(type))
                .findFirst();
    }

    private void own(String name, boolean owned) {
        claims.computeIfPresent(
                name,
                (_, claim) -> new CacheClaim(
                        name,
                        claim.platform(),
                        claim.request(),
                        claim.created(),
                        owned ? CacheClaim.Owner.Build : CacheClaim.Owner.Nobody,
                        claim.terminating()));
    }

    /** Creating a pod creates the claim that it names. */
    private void claim(WorkerAssignment assignment) {
        CacheVolume volume = CacheVolumes.wanted(observed().ofRun().spec());
        if (assignment.claimName() != null && volume != null) {
            claims.computeIfAbsent(
                    assignment.claimName(),
                    name -> new CacheClaim(
                            name,
                            assignment.platform().replace('/', '-'),
                            CacheVolumeClaim.request(volume),
                            now.toString(),
                            volume.retention() == CacheVolume.Retention.Retain
                                    ? CacheClaim.Owner.Nobody
                                    : CacheClaim.Owner.Build,
                            false));
        }
    }

    void pod(WorkerAssignment assignment, WorkerObservation observation) {
        claim(assignment);
        String name = WorkerPodName.of(NAME, assignment.run(), assignment.platform(), assignment.attempt());
        if (pods.containsKey(name)) {
            throw new AssertionError("pod " + name + " is created twice");
        }
        pods.put(
                name,
                new WorkerPod(
                        name,
                        assignment.run(),
                        assignment.platform(),
                        assignment.attempt(),
                        Deletion.None,
                        false,
                        observation));
    }

    WorkerObservation.Waiting waiting(String reason) {
        return new WorkerObservation.Waiting(reason, "waiting: " + reason, now, now.plusSeconds(600));
    }

    WorkerObservation.Running running() {
        return new WorkerObservation.Running(now, "node-1", now.plusSeconds(3660));
    }

    /** In a run with one pod, that of all platforms. */
    WorkerObservation.Succeeded succeeded(String requested) {
        Run run = status.run();
        String platform = run == null || run.leadPlatform() == null ? requested : run.leadPlatform();
        return new WorkerObservation.Succeeded(
                new BuildResult.Succeeded(
                        platform,
                        new Pushed("application/vnd.oci.image.manifest.v1+json", digest('d'), 500),
                        steps,
                        new Timings(now.toEpochMilli(), null, null),
                        baseImages,
                        null,
                        null,
                        cacheUse,
                        new BuildResult.Traffic(7_000_000, 3_000_000L),
                        others(platform),
                        crossCompiling),
                now.minusSeconds(30),
                now,
                "node-1");
    }

    /** What the pod of a run that has only one tells besides. */
    private List<BuildResult.OtherPlatform> others(String platform) {
        Run run = status.run();
        return run == null || run.leadPlatform() == null
                ? List.of()
                : RequestedPlatforms.of(observed().ofRun().spec()).stream()
                        .filter(other -> !other.equals(platform))
                        .map(other -> new BuildResult.OtherPlatform(
                                other, digest('e'), 400, steps.total(), steps.cached(), cacheUse))
                        .toList();
    }

    WorkerObservation.Failed failed(String platform, Evidence evidence) {
        Diagnosis diagnosis = Diagnosis.of(evidence, "RUN make failed with exit code 2 at Dockerfile:12");
        return new WorkerObservation.Failed(
                diagnosis,
                new Failure(platform, diagnosis.reason(), "RUN make", "Dockerfile:12", 2, "make: *** [all] Error 2"),
                new Steps(8, 3),
                now.minusSeconds(30),
                now,
                "node-1");
    }

    static String digest(char digit) {
        return "sha256:" + String.valueOf(digit).repeat(64);
    }

    private void record(ImageBuildStatus outcome) {
        status = RunPlanner.record(observed(), outcome);
    }
}
