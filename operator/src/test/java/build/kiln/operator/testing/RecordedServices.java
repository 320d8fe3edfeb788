package build.kiln.operator.testing;

import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.api.v1alpha1.Source;
import build.kiln.operator.credentials.BuildCredentials;
import build.kiln.operator.credentials.BuildCredentials.GitCredentials;
import build.kiln.operator.publish.ImageResolution;
import build.kiln.operator.publish.PlatformResult;
import build.kiln.operator.publish.Publication;
import build.kiln.operator.publish.PublishOutcome;
import build.kiln.operator.source.Resolution;
import build.kiln.operator.source.RevisionResolver;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/** A git server and a registry that always agree, and remember what they were asked. */
public final class RecordedServices implements RevisionResolver, Publication {
    /** What every revision resolves to. */
    public static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";

    /** What every image is published as. */
    public static final String DIGEST = "sha256:" + "e".repeat(64);

    private final List<String> resolved = new CopyOnWriteArrayList<>();
    private final List<List<PlatformResult>> published = new CopyOnWriteArrayList<>();

    /** Addresses that were asked for a revision. */
    public List<String> resolved() {
        return resolved;
    }

    /** Results that were published, one list per image. */
    public List<List<PlatformResult>> published() {
        return published;
    }

    @Override
    public Resolution resolve(Source.Git source, @Nullable GitCredentials credentials) {
        resolved.add(source.url());
        return new Resolution.Resolved(COMMIT);
    }

    @Override
    public PublishOutcome publish(ImageBuild build, List<PlatformResult> results, BuildCredentials credentials) {
        published.add(results);
        List<String> tags = build.getSpec().output().tags();
        return new PublishOutcome.Published(
                build.getSpec().output().image(), DIGEST, tags == null ? List.of() : tags, Map.of());
    }

    @Override
    public void protect(ImageBuild build, List<PlatformResult> results, BuildCredentials credentials) {}

    @Override
    public void release(ImageBuild build, List<PlatformResult> results, BuildCredentials credentials) {}

    @Override
    public PublishOutcome tag(ImageBuild build, String digest, BuildCredentials credentials) {
        return digest.equals(DIGEST)
                ? publish(build, List.of(), credentials)
                : new PublishOutcome.Missing(List.of(), digest + " is not in the registry");
    }

    @Override
    public ImageResolution resolve(ImageBuild build, String reference, BuildCredentials credentials) {
        return new ImageResolution.Resolved(DIGEST);
    }
}
