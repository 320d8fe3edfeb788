package build.kiln.operator.simulation;

import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.api.v1alpha1.Refusal;
import build.kiln.operator.config.OperatorConfiguration;
import build.kiln.operator.imagebuild.BuildLoop;
import build.kiln.operator.imagebuild.BuildPorts;
import build.kiln.operator.imagebuild.BuildServices;
import build.kiln.operator.imagebuild.ClusterCache;
import build.kiln.operator.imagebuild.ImageBuildReconciler;
import build.kiln.operator.metrics.BuildMetrics;
import build.kiln.operator.placement.NodeView;
import build.kiln.operator.testing.TestConfiguration;
import build.kiln.operator.worker.WorkerLabels;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** One process of the operator: the real loop, under a framework that is played. It lives until it is killed. */
final class PlayedOperator implements ClusterCache {
    /** The framework looks at everything that often, whatever happens; see OperatorProcess. */
    private static final long RESYNC_MILLIS = 180_000;

    private static final long FIRST_RETRY_MILLIS = 1_000;
    private static final int MOST_DOUBLINGS = 8;

    private final World world;
    private final String name;
    private final Sabotage sabotage;
    private final BuildLoop loop;
    private static final OperatorConfiguration CONFIGURATION =
            TestConfiguration.with("admission: {maxRunning: " + Rules.MOST_RUNNING + "}");

    private final WatchCache<ImageBuild> builds;
    private final WatchCache<Pod> pods;
    private final WatchCache<PersistentVolumeClaim> claims;
    private final Set<String> due = new LinkedHashSet<>();
    private final Map<String, Long> timers = new LinkedHashMap<>();
    private final Map<String, Fiber> running = new LinkedHashMap<>();
    private final Map<String, Integer> failures = new HashMap<>();
    private long frozenUntil;

    PlayedOperator(World world, String name, Sabotage sabotage) {
        this.world = world;
        this.name = name;
        this.sabotage = sabotage;
        this.builds = new WatchCache<>(world.api().builds, this::buildChanged);
        this.pods = new WatchCache<>(world.api().pods, this::podChanged);
        this.claims = new WatchCache<>(world.api().claims, this::claimChanged);
        this.loop = new BuildLoop(
                CONFIGURATION,
                new BuildPorts(
                        new FaultyApi(world, sabotage),
                        new BuildServices(new PlayedCredentials(world), world.git(), world.registry()),
                        (build, transitions) -> {},
                        new BuildMetrics(new SimpleMeterRegistry()),
                        InlineExecutor::new,
                        new SkewedClock(world)));
        relist();
    }

    @Override
    public String toString() {
        return name;
    }

    /** The process ends; what it knew is gone. */
    void kill() {
        running.values().forEach(Fiber::kill);
        running.clear();
    }

    void relist() {
        builds.relist();
        pods.relist();
        claims.relist();
    }

    /** Stands still, and then goes on as if nothing had happened. */
    void freeze(long millis) {
        frozenUntil = world.now() + millis;
        world.log(name, "stands still for", millis, "ms");
    }

    boolean isFrozen() {
        return world.now() < frozenUntil;
    }

    /** It goes on, and will soon find out that another one leads. */
    boolean hasThawed() {
        return frozenUntil > 0 && !isFrozen();
    }

    // What may happen next; each says whether anything did.

    boolean resume() {
        if (running.isEmpty() || isFrozen()) {
            return false;
        }
        String key = List.copyOf(running.keySet()).get(world.random().nextInt(running.size()));
        Fiber fiber = Objects.requireNonNull(running.get(key));
        world.resume(fiber, this);
        if (fiber.hasEnded()) {
            running.remove(key);
            ended(key, fiber.failure());
        }
        return true;
    }

    boolean deliver() {
        if (isFrozen()) {
            return false;
        }
        boolean first = world.random().nextBoolean();
        return first
                ? deliver(builds) || deliver(pods) || deliver(claims)
                : deliver(claims) || deliver(pods) || deliver(builds);
    }

    boolean start() {
        if (isFrozen()) {
            return false;
        }
        timers.entrySet().stream()
                .filter(timer -> timer.getValue() <= world.now())
                .map(Map.Entry::getKey)
                .toList()
                .forEach(key -> {
                    timers.remove(key);
                    due.add(key);
                });
        Optional<String> key =
                due.stream().filter(one -> !running.containsKey(one)).findFirst();
        key.ifPresent(this::start);
        return key.isPresent();
    }

    OptionalLong nextTimer() {
        return timers.values().stream()
                .mapToLong(time -> Math.max(time, frozenUntil))
                .min();
    }

    // The framework

    private void start(String key) {
        due.remove(key);
        ImageBuild build = builds.get(key);
        if (build == null) {
            timers.remove(key);
            return;
        }
        timers.remove(key);
        running.put(key, new Fiber(() -> reconcile(key, build)));
    }

    private void reconcile(String key, ImageBuild build) {
        try {
            long delay = loop.run(build, this).map(Duration::toMillis).orElse(RESYNC_MILLIS);
            if (sabotage != Sabotage.NO_TIMERS) {
                timers.put(key, world.now() + Math.min(delay, RESYNC_MILLIS));
            }
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private void ended(String key, @Nullable Throwable failure) {
        switch (failure) {
            case null -> failures.remove(key);
            case KubernetesClientException refused -> {
                int doublings = Math.min(MOST_DOUBLINGS, failures.merge(key, 1, Integer::sum) - 1);
                timers.put(key, world.now() + (FIRST_RETRY_MILLIS << doublings));
                world.log(name, "failed:", key, String.valueOf(refused.getMessage()));
            }
            case Error error -> throw error;
            default -> throw new IllegalStateException("reconciling " + key, failure);
        }
    }

    private void triggered(String key) {
        due.add(key);
    }

    private void buildChanged(@Nullable ImageBuild before, @Nullable ImageBuild after) {
        if (after != null && (before == null || ImageBuildReconciler.asksForSomething(after, before))) {
            triggered(Table.key(after));
        }
    }

    private void podChanged(@Nullable Pod before, @Nullable Pod after) {
        Pod pod = after == null ? before : after;
        boolean news = before == null
                || after == null
                || !Objects.equals(before.getStatus(), after.getStatus())
                || !Objects.equals(
                        before.getMetadata().getDeletionTimestamp(),
                        after.getMetadata().getDeletionTimestamp());
        if (pod != null && news) {
            triggered(owner(pod));
        }
        if (before != null && !PodStatuses.hasEnded(before) && (after == null || PodStatuses.hasEnded(after))) {
            loop.startable(this).forEach(build -> triggered(build.namespace() + "/" + build.name()));
        }
    }

    private void claimChanged(@Nullable PersistentVolumeClaim before, @Nullable PersistentVolumeClaim after) {
        PersistentVolumeClaim claim = after == null ? before : after;
        if (claim != null) {
            triggered(owner(claim));
        }
    }

    private boolean deliver(WatchCache<?> cache) {
        if (!cache.isBehind()) {
            return false;
        }
        cache.next();
        return true;
    }

    // Its caches, as the loop sees them

    @Override
    public Collection<Pod> pods(ImageBuild build) {
        String key = Table.key(build);
        return pods.all().stream().filter(pod -> owner(pod).equals(key)).toList();
    }

    @Override
    public Collection<Pod> workerPods(String namespace) {
        return pods.all().stream()
                .filter(pod -> pod.getMetadata().getNamespace().equals(namespace))
                .toList();
    }

    @Override
    public List<Refusal> refusals(String namespace) {
        return builds.all().stream()
                .filter(build -> build.getMetadata().getNamespace().equals(namespace) && build.getStatus() != null)
                .flatMap(
                        build -> Objects.requireNonNullElse(
                                Objects.requireNonNull(build.getStatus()).refusals(), List.<Refusal>of())
                                .stream())
                .toList();
    }

    @Override
    public Optional<String> podSecurity(String namespace) {
        return Users.podSecurity(namespace);
    }

    @Override
    public Collection<PersistentVolumeClaim> claims(ImageBuild build) {
        String key = Table.key(build);
        return claims.all().stream().filter(claim -> owner(claim).equals(key)).toList();
    }

    @Override
    public void wrote(PersistentVolumeClaim claim) {
        if (!world.strikes(Fault.STALE_READS, 4)) {
            claims.wrote(claim);
        }
    }

    private static String owner(PersistentVolumeClaim claim) {
        return claim.getMetadata().getNamespace() + "/"
                + claim.getMetadata().getAnnotations().get(WorkerLabels.OWNER_NAME);
    }

    @Override
    public List<NodeView> nodes() {
        return world.machines().nodes();
    }

    @Override
    public Collection<ImageBuild> builds() {
        return builds.all();
    }

    @Override
    public Collection<Pod> workerPods() {
        return pods.all();
    }

    @Override
    public Map<String, Integer> namespaceLimits() {
        return Map.of();
    }

    @Override
    public int priority(@Nullable String priorityClassName) {
        return 0;
    }

    @Override
    public void created(Pod pod) {
        if (!world.strikes(Fault.STALE_READS, 4)) {
            pods.wrote(pod);
        }
    }

    @Override
    public void updated(ImageBuild written, ImageBuild before) {
        if (!world.strikes(Fault.STALE_READS, 4)) {
            builds.wrote(written);
        }
    }

    private static String owner(Pod pod) {
        return pod.getMetadata().getNamespace() + "/"
                + MemoryApiServer.owner(pod).getName();
    }
}
