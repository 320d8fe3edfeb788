package build.kiln.operator.simulation;

import build.kiln.api.v1alpha1.Cache;
import build.kiln.api.v1alpha1.CacheBuilder;
import build.kiln.api.v1alpha1.CacheVolume;
import build.kiln.api.v1alpha1.CacheVolume.Retention;
import build.kiln.api.v1alpha1.ConcurrencyPolicy;
import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.api.v1alpha1.ImageBuildSpec;
import build.kiln.api.v1alpha1.ImageBuildSpecBuilder;
import build.kiln.api.v1alpha1.OutputBuilder;
import build.kiln.api.v1alpha1.PlacementSettings;
import build.kiln.api.v1alpha1.PlacementSettings.Mode;
import build.kiln.api.v1alpha1.PlacementSettingsBuilder;
import build.kiln.api.v1alpha1.ResultConfigMap;
import build.kiln.api.v1alpha1.Source;
import build.kiln.api.v1alpha1.Strategy;
import build.kiln.api.v1alpha1.WorkerSettings.Profile;
import build.kiln.api.v1alpha1.WorkerSettingsBuilder;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/** People and their tools, who create builds, change their minds, and ask again. */
final class Users {
    private static final List<String> KEYS = List.of("shop/api", "shop/web", "bank/api", "bank/batch");
    private static final String GUARDED = "bank";
    private static final List<List<String>> PLATFORMS = List.of(
            List.of("linux/amd64"), List.of("linux/amd64", "linux/arm64"), List.of("linux/arm64", "linux/arm/v7"));
    private static final List<List<String>> TAGS =
            List.of(List.of("latest"), List.of("latest", "v1"), List.of("v2"), List.of());
    /** Without a size: none. */
    private static final List<CacheVolume> VOLUMES = List.of(
            new CacheVolume("", null, null),
            new CacheVolume("20Gi", null, null),
            new CacheVolume("30Gi", null, Retention.Delete),
            new CacheVolume("20Gi", null, Retention.Retain));

    private static final List<Strategy> STRATEGIES = List.of(Strategy.values());
    private static final List<Mode> MODES = List.of(Mode.values());
    private static final List<Integer> WAITS = List.of(0, 30, 300, 3600);
    private static final List<String> REVISIONS = List.of("main", "next", "broken");

    /** The ConfigMap with the result, where one is wanted. */
    static final String RESULT = "result-of-";

    private final World world;
    private final Random random;
    private int requests;

    Users(World world) {
        this.world = world;
        this.random = world.random();
    }

    void act() {
        String key = KEYS.get(random.nextInt(KEYS.size()));
        ImageBuild build = world.api().builds.get(key);
        if (build == null) {
            create(key, spec(key));
            return;
        }
        switch (random.nextInt(9)) {
            case 0, 1, 2 -> edit(build);
            case 3, 4 -> rebuild(build);
            case 5 -> world.git().push(REVISIONS.get(random.nextInt(REVISIONS.size())));
            case 6 -> cancel(build);
            case 7 -> emptyCache(build);
            default -> {
                if (world.strikes(Fault.DELETIONS, 2)) {
                    delete(build);
                }
            }
        }
    }

    /** Some time later what is being deleted in the foreground is gone. */
    void finishDeletions() {
        world.api().collectConfigMaps();
        for (ImageBuild build : world.api().builds.all()) {
            boolean hasPods = world.api().pods.all().stream()
                    .anyMatch(pod -> MemoryApiServer.owner(pod)
                            .getUid()
                            .equals(build.getMetadata().getUid()));
            if (build.isMarkedForDeletion() && !hasPods) {
                world.log("user: gone is", Table.key(build));
                world.api().removeBuild(Table.key(build));
            }
        }
    }

    void create(String key, ImageBuildSpec spec) {
        String[] parts = key.split("/", -1);
        world.log("user: creates", key);
        world.api().createBuild(parts[0], parts[1], spec);
    }

    void rebuild(ImageBuild build) {
        String token = "request " + ++requests;
        world.log("user: rebuild of", Table.key(build), token);
        world.api().updateMetadata(build, metadata -> annotate(metadata, ImageBuild.REBUILD_ANNOTATION, token));
    }

    /** No run is held back any more. */
    void resume(ImageBuild build) {
        world.api()
                .updateSpec(
                        build,
                        ImageBuildSpecBuilder.builder(build.getSpec())
                                .suspend(null)
                                .build());
    }

    private void cancel(ImageBuild build) {
        String token = "request " + ++requests;
        world.log("user: cancels", Table.key(build), token);
        world.api().updateMetadata(build, metadata -> annotate(metadata, ImageBuild.CANCEL_ANNOTATION, token));
    }

    private void emptyCache(ImageBuild build) {
        String token = "request " + ++requests;
        world.log("user: empties the cache volumes of", Table.key(build), token);
        world.api().updateMetadata(build, metadata -> annotate(metadata, ImageBuild.EMPTY_CACHE_ANNOTATION, token));
    }

    private void edit(ImageBuild build) {
        ImageBuildSpecBuilder next = ImageBuildSpecBuilder.builder(build.getSpec());
        ImageBuildSpec spec = switch (random.nextInt(7)) {
            case 0 -> next.timeoutSeconds(600 + random.nextInt(600)).build();
            case 1 -> next.suspend(random.nextBoolean()).build();
            case 2 ->
                next.concurrencyPolicy(random.nextBoolean() ? ConcurrencyPolicy.Queue : null)
                        .build();
            case 3 -> next.cache(cache()).build();
            default -> spec(Table.key(build));
        };
        world.log("user: edits", Table.key(build));
        world.api().updateSpec(build, spec);
    }

    private void delete(ImageBuild build) {
        world.log("user: deletes", Table.key(build));
        if (random.nextBoolean()) {
            world.api().removeBuild(Table.key(build));
        } else if (!build.isMarkedForDeletion()) {
            world.api()
                    .updateMetadata(
                            build,
                            metadata ->
                                    metadata.setDeletionTimestamp(world.api().now()));
        }
    }

    private ImageBuildSpec spec(String key) {
        List<String> platforms = PLATFORMS.get(random.nextInt(PLATFORMS.size()));
        PlacementSettings placement = random.nextInt(3) > 0 ? null : placement(platforms);
        return ImageBuildSpecBuilder.builder()
                .source(source())
                .cache(cache())
                .platforms(platforms)
                .worker(
                        random.nextBoolean()
                                ? null
                                : WorkerSettingsBuilder.builder()
                                        .profile(Profile.Auto)
                                        .build())
                .placement(placement)
                .strategy(strategy(placement))
                .output(OutputBuilder.builder()
                        .image("registry.example.com/" + key)
                        .tags(TAGS.get(random.nextInt(TAGS.size())))
                        .resultConfigMap(
                                random.nextInt(4) == 0
                                        ? new ResultConfigMap(RESULT + key.substring(key.indexOf('/') + 1))
                                        : null)
                        .build())
                .build();
    }

    /** One namespace keeps Rootless out. */
    static Optional<String> podSecurity(String namespace) {
        return namespace.equals(GUARDED) ? Optional.of("baseline") : Optional.empty();
    }

    private @Nullable Cache cache() {
        CacheVolume volume = VOLUMES.get(random.nextInt(VOLUMES.size()));
        return volume.size().isEmpty()
                ? null
                : CacheBuilder.builder().volume(volume).build();
    }

    /** Whoever asks one node to be what only several can be gets no image. */
    private @Nullable Strategy strategy(@Nullable PlacementSettings placement) {
        Strategy strategy = STRATEGIES.get(random.nextInt(STRATEGIES.size()));
        boolean any = placement == null || placement.mode() == Mode.Auto;
        return any || strategy != Strategy.SinglePod ? strategy : null;
    }

    private PlacementSettings placement(List<String> platforms) {
        // Whoever asks for what can only be emulated to be native gets no image.
        boolean any = platforms.contains("linux/arm/v7");
        Mode mode = MODES.get(random.nextInt(MODES.size()));
        return PlacementSettingsBuilder.builder()
                .mode(any && mode == Mode.Native ? Mode.Auto : mode)
                .nativeWaitSeconds(WAITS.get(random.nextInt(WAITS.size())))
                .build();
    }

    private Source source() {
        if (random.nextInt(3) == 0) {
            String revision = REVISIONS.get(random.nextInt(5) == 0 ? 2 : random.nextInt(2));
            return new Source(new Source.Git("https://git.example.com/shop/api.git", revision, null, null, null), null);
        }
        String step = random.nextInt(6) == 0 ? Images.BROKEN : "RUN make " + random.nextInt(3);
        return new Source(null, new Source.Inline(Map.of("Dockerfile", "FROM scratch\n" + step + "\n")));
    }

    private static void annotate(ObjectMeta metadata, String name, String value) {
        Map<String, String> annotations = new HashMap<>(metadata.getAnnotations());
        annotations.put(name, value);
        metadata.setAnnotations(annotations);
    }
}
