package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.Condition;
import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.api.v1alpha1.Summary;
import build.kiln.operator.credentials.CredentialResult;
import build.kiln.operator.failure.Diagnosis;
import build.kiln.operator.failure.Evidence.OfCreation;
import build.kiln.operator.failure.Evidence.OfCredentials;
import build.kiln.operator.failure.Evidence.OfPod;
import build.kiln.operator.failure.Evidence.OfRegistry;
import build.kiln.operator.failure.Evidence.OfSource;
import build.kiln.operator.placement.RequestedPlatforms;
import build.kiln.operator.publish.PublishOutcome;
import build.kiln.operator.source.Resolution;
import build.kiln.operator.status.Transition;
import build.kiln.operator.status.Transitions;
import build.kiln.operator.testing.GoldenFile;
import java.time.Duration;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** What users read at each step of some typical lives: columns, conditions and events, word by word. */
class RecordedStoryTest {
    private static final String AMD64 = "linux/amd64";
    private static final String ARM64 = "linux/arm64";

    private final StringBuilder story = new StringBuilder();
    private ImageBuildStatus told = ImageBuildStatus.empty();

    @Test
    void ofASuccess() {
        Scenario build = new Scenario(Specs.GIT);
        build.settle();
        tell("applied", build);
        build.resolve(new Resolution.Resolved(Specs.COMMIT));
        build.run();
        tell("pods created", build);
        build.pass(Duration.ofSeconds(2));
        build.end(AMD64, build.running());
        build.end(ARM64, build.waiting("Unschedulable"));
        build.run();
        tell("one builds, one waits for a node", build);
        build.end(ARM64, build.waiting("ContainerCreating"));
        build.run();
        tell("a node takes the one that waited", build);
        build.pass(Duration.ofMinutes(1));
        build.end(ARM64, build.running());
        build.end(AMD64, build.succeeded(AMD64));
        build.run();
        tell("one is built", build);
        build.pass(Duration.ofSeconds(30));
        build.end(ARM64, build.succeeded(ARM64));
        build.run();
        tell("both are built", build);
        build.publish(build.published());
        build.run();
        tell("published", build);
        build.requestRebuild("now");
        build.run();
        tell("rebuild requested", build);

        GoldenFile.of("status/success.txt").assertEqual(story.toString());
    }

    @Test
    void ofAFailure() {
        Scenario build = new Scenario(Specs.INLINE);
        build.run();
        build.pass(Duration.ofSeconds(2));
        build.end(AMD64, build.running());
        build.end(ARM64, build.failed(ARM64, OfPod.NODE_GONE));
        build.run();
        tell("a node is lost", build);
        build.pass(Duration.ofSeconds(10));
        build.run();
        tell("the second attempt", build);
        build.end(ARM64, build.failed(ARM64, Scenario.BUILD_FAILED));
        build.run();
        tell("a step fails", build);
        build.edit(Specs.INLINE + "timeoutSeconds: 60");
        build.run();
        tell("an edit that is no input", build);

        GoldenFile.of("status/failure.txt").assertEqual(story.toString());
    }

    @Test
    void ofAPodThatDoesNotStart() {
        Scenario build = new Scenario(Specs.INLINE);
        build.run();
        build.end(AMD64, build.waiting("ImagePullBackOff"));
        build.end(ARM64, build.running());
        build.run();
        tell("an image cannot be pulled", build);
        build.end(AMD64, build.running());
        build.run();
        tell("it can be pulled after all", build);

        GoldenFile.of("status/held-up.txt").assertEqual(story.toString());
    }

    @Test
    void ofWhatIsTriedAgain() {
        Scenario build = new Scenario(Specs.GIT);
        build.settle();
        build.resolve(new Resolution.Unresolved(Diagnosis.of(OfSource.UNREACHABLE, "cannot reach git.example.com")));
        tell("the git server does not answer", build);
        build.pass(Duration.ofSeconds(5));
        build.resolve(new Resolution.Resolved(Specs.COMMIT));
        build.settle();
        build.withoutCredentials(new CredentialResult.Unavailable(
                Diagnosis.of(OfCredentials.SECRET_MISSING, "spec.registryCredentials[0]: there is no Secret push")));
        tell("a Secret is not there yet", build);
        build.pass(Duration.ofSeconds(2));
        build.refuse(new PodCreation.Refused(Diagnosis.of(OfCreation.QUOTA_EXCEEDED, "exceeded quota: builds")));
        tell("the quota is used up", build);
        build.pass(Duration.ofSeconds(10));
        build.run();
        RequestedPlatforms.of(build.spec).forEach(platform -> build.end(platform, build.succeeded(platform)));
        build.run();
        build.publish(new PublishOutcome.Unpublished(Diagnosis.of(OfRegistry.UNAVAILABLE, "503 from the registry")));
        tell("the registry is down", build);
        build.pass(Duration.ofSeconds(5));
        build.publish(new PublishOutcome.Unpublished(Diagnosis.of(
                OfRegistry.ACCESS_REFUSED, "registry.example.com refused the credentials\nof Secret push")));
        tell("the registry refuses the credentials", build);

        GoldenFile.of("status/tries.txt").assertEqual(story.toString());
    }

    private void tell(String moment, Scenario build) {
        Summary summary = Objects.requireNonNull(build.status.summary());
        story.append("== ").append(moment).append('\n');
        story.append("platforms %s, revision %s, duration %s, cache %s%n"
                .formatted(summary.platforms(), summary.revision(), summary.duration(), summary.cache()));
        for (Condition condition : Objects.requireNonNull(build.status.conditions())) {
            story.append("%s %s %s, generation %d, since %s%n"
                    .formatted(
                            condition.type(),
                            condition.status(),
                            condition.reason(),
                            condition.observedGeneration(),
                            condition.lastTransitionTime()));
        }
        story.append(build.condition("Ready").orElseThrow().message().indent(4));
        for (Transition transition : Transitions.between(told, build.status)) {
            story.append("* %s %s: %s%n".formatted(transition.kind(), transition.reason(), transition.note()));
        }
        story.append('\n');
        told = build.status;
    }
}
