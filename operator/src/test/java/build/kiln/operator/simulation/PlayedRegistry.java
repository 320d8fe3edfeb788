package build.kiln.operator.simulation;

import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.operator.credentials.BuildCredentials;
import build.kiln.operator.placement.RequestedPlatforms;
import build.kiln.operator.publish.ImageResolution;
import build.kiln.operator.publish.PlatformResult;
import build.kiln.operator.publish.Publication;
import build.kiln.operator.publish.PublishOutcome;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/** A registry: manifests by digest, tags, and a clean-up that removes what no tag holds. */
final class PlayedRegistry implements Publication {
    private final World world;
    private final Set<String> manifests = new HashSet<>();
    private final Map<String, List<String>> indexes = new HashMap<>();
    private final Map<String, String> tags = new LinkedHashMap<>();
    private final Map<String, String> protections = new LinkedHashMap<>();
    private final Set<String> pushed = new HashSet<>();
    private boolean down;

    PlayedRegistry(World world) {
        this.world = world;
    }

    boolean isDown() {
        return down;
    }

    void setDown(boolean isDown) {
        down = isDown;
        world.log(isDown ? "registry: answers 503" : "registry: works");
    }

    /** A worker pushes the image of its platform by digest. */
    void push(String digest) {
        manifests.add(digest);
        pushed.add(digest);
    }

    /** Whether a worker has ever pushed that. */
    boolean wasPushed(String digest) {
        return pushed.contains(digest);
    }

    /** Whether an index is there with all that it lists. */
    boolean isComplete(String digest) {
        List<String> listed = indexes.get(digest);
        return listed != null && manifests.containsAll(listed);
    }

    boolean hasManifest(String digest) {
        return manifests.contains(digest);
    }

    /** Where a tag points; empty when there is none. */
    String tag(String reference) {
        return tags.getOrDefault(reference, "");
    }

    int protections() {
        return protections.size();
    }

    /** Removes the manifests that no index lists and no temporary tag holds. */
    void collect() {
        int before = manifests.size();
        Set<String> held = new HashSet<>(protections.values());
        indexes.values().forEach(held::addAll);
        manifests.retainAll(held);
        world.log("registry: removes", before - manifests.size(), "manifests without a tag");
    }

    @Override
    public PublishOutcome publish(ImageBuild build, List<PlatformResult> results, BuildCredentials credentials) {
        List<String> digests = new ArrayList<>();
        List<String> missing = new ArrayList<>();
        Map<String, String> platforms = new HashMap<>();
        for (PlatformResult result : results) {
            if (!reachable()) {
                return Answers.unpublished();
            }
            digests.add(result.digest());
            platforms.put(result.platform(), result.digest());
        }
        String index = Images.index(digests);
        // A registry takes no index of manifests that it does not have.
        for (PlatformResult result : results) {
            if (!manifests.contains(result.digest()) && !world.isSabotaged(Sabotage.PUBLISHES_BLINDLY)) {
                missing.add(result.platform());
            }
        }
        if (!missing.isEmpty()) {
            return new PublishOutcome.Missing(missing, "no longer in the registry");
        }
        indexes.put(index, digests);
        PublishOutcome outcome = tagged(build, index, platforms);
        if (outcome instanceof PublishOutcome.Published) {
            release(build, results, credentials);
        }
        return outcome;
    }

    @Override
    public void protect(ImageBuild build, List<PlatformResult> results, BuildCredentials credentials) {
        for (PlatformResult result : results) {
            if (reachable() && manifests.contains(result.digest())) {
                protections.put(build.getMetadata().getUid() + result.digest(), result.digest());
            }
        }
    }

    @Override
    public void release(ImageBuild build, List<PlatformResult> results, BuildCredentials credentials) {
        for (PlatformResult result : results) {
            if (reachable()) {
                protections.remove(build.getMetadata().getUid() + result.digest());
            }
        }
    }

    @Override
    public PublishOutcome tag(ImageBuild build, String digest, BuildCredentials credentials) {
        if (!reachable()) {
            return Answers.unpublished();
        }
        if (!isComplete(digest)) {
            return new PublishOutcome.Missing(RequestedPlatforms.of(build.getSpec()), digest + " is gone");
        }
        return tagged(build, digest, Map.of());
    }

    @Override
    public ImageResolution resolve(ImageBuild build, String reference, BuildCredentials credentials) {
        return reachable() ? new ImageResolution.Resolved(Images.digest(reference)) : Answers.unresolvedImage();
    }

    private PublishOutcome tagged(ImageBuild build, String index, Map<String, String> platforms) {
        List<String> wanted =
                Objects.requireNonNullElse(build.getSpec().output().tags(), List.of());
        for (String tag : wanted) {
            if (!reachable()) {
                return Answers.unpublished();
            }
            String reference = build.getSpec().output().image() + ":" + tag;
            tags.put(reference, index);
            world.log("registry: tag", reference, "->", index.substring(7, 15));
            world.rules().tagWritten(build, reference, index);
        }
        return new PublishOutcome.Published(build.getSpec().output().image(), index, wanted, platforms);
    }

    private boolean reachable() {
        if (world.strikes(Fault.FREEZES, 10)) {
            world.freeze();
        }
        world.pause();
        return !down && !world.strikes(Fault.REGISTRY_FAILURES, 30);
    }
}
