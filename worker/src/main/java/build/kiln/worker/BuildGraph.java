package build.kiln.worker;

import build.kiln.protocol.BuildResult.Steps;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Everything the daemon has said about the operations of one build. */
final class BuildGraph {
    /** A Dockerfile of a thousand lines for one platform stays far below. */
    private static final int MAX_OPERATIONS = 10_000;

    private static final int MAX_BASE_IMAGES = 200;
    private static final String FROM = "FROM ";

    private final Map<String, Operation> operations = new LinkedHashMap<>();
    private final PulledLayers pulls = new PulledLayers();

    /** Records the change; empty when there are too many operations to remember another one. */
    Optional<Operation> update(SolveStatus.Vertex vertex) {
        Operation operation = operations.get(vertex.digest());
        if (operation == null) {
            if (operations.size() >= MAX_OPERATIONS) {
                return Optional.empty();
            }
            operation = new Operation(vertex.name());
            operations.put(vertex.digest(), operation);
        }
        operation.update(vertex);
        return Optional.of(operation);
    }

    void update(SolveStatus.Transfer transfer) {
        pulls.add(transfer);
    }

    Optional<Operation> find(String digest) {
        return Optional.ofNullable(operations.get(digest));
    }

    Collection<Operation> operations() {
        return operations.values();
    }

    /** Counts instructions, not vertices: {@code COPY --link} and {@code ADD} of an address are several of them. */
    Steps steps() {
        return steps(cachedByStep());
    }

    /**
     * The same of a build that has succeeded: what it never started was needed no more than its cache. When another build on the
     * same daemon has the same steps, the daemon takes them for one and speaks of that one's from then on, so that nothing here
     * may lead to those that were left out.
     */
    Steps stepsOfSuccess() {
        Map<String, Boolean> cachedByStep = cachedByStep();
        Set<String> started = new HashSet<>();
        operations.values().stream()
                .filter(BuildGraph::isExecuted)
                .forEach(operation -> operation.step().ifPresent(step -> started.add(step.key())));
        cachedByStep.replaceAll((step, cached) -> cached || !started.contains(step));
        return steps(cachedByStep);
    }

    private static Steps steps(Map<String, Boolean> cachedByStep) {
        int cached = (int) cachedByStep.values().stream().filter(c -> c).count();
        return new Steps(cachedByStep.size(), cached);
    }

    /** The first instruction that was executed; those after it may have been for no other reason. */
    Optional<Operation> firstExecuted() {
        Map<String, Boolean> cachedByStep = cachedByStep();
        Map<String, Operation> executed = new LinkedHashMap<>();
        operations.forEach((digest, operation) -> operation
                .step()
                .filter(step -> Boolean.FALSE.equals(cachedByStep.get(step.key())))
                .filter(_ -> operation.isStarted() && !operation.isCached())
                .ifPresent(_ -> executed.put(digest, operation)));
        return executed.values().stream()
                .filter(operation -> below(operation.inputs()).stream().noneMatch(executed::containsKey))
                .min(Comparator.comparing(BuildGraph::startOf));
    }

    private static Instant startOf(Operation operation) {
        Instant started = operation.firstStarted();
        return started == null ? Instant.MAX : started;
    }

    /** Layers that were fetched, by digest, with their bytes. */
    Map<String, Long> pulled() {
        return pulls.bytes();
    }

    /** How long manifests of caches, and layers of steps that were taken from them, were being fetched. */
    Duration importTime() {
        return pulls.time(
                operations.values().stream().filter(Operation::isCacheImport).toList(),
                digest -> find(digest)
                        .filter(operation -> operation.isCached() && operation.isDockerfileOperation())
                        .isPresent());
    }

    /** Of several operations of one step those count that were started; the others were taken for the same as one of these. */
    private Map<String, Boolean> cachedByStep() {
        Set<String> belowCached = belowCached();
        Map<String, Boolean> started = new LinkedHashMap<>();
        Map<String, Boolean> cachedByStep = new LinkedHashMap<>();
        operations.forEach((digest, operation) -> operation
                .step()
                .filter(StepName::isOperation)
                .ifPresent(step -> {
                    boolean skipped = belowCached.contains(digest) && operation.mayHaveBeenSkipped();
                    boolean cached = operation.isCached() || skipped;
                    cachedByStep.merge(step.key(), cached, Boolean::logicalAnd);
                    if (isExecuted(operation)) {
                        started.merge(step.key(), cached, Boolean::logicalAnd);
                    }
                }));
        cachedByStep.putAll(started);
        return cachedByStep;
    }

    private static boolean isExecuted(Operation operation) {
        return operation.isStarted() && !operation.isCanceled();
    }

    /** Everything that something from a cache builds on. The daemon says of those that it needs only that they are cached. */
    private Set<String> belowCached() {
        List<String> inputs = new ArrayList<>();
        operations.values().stream()
                .filter(Operation::isCached)
                .forEach(operation -> inputs.addAll(operation.inputs()));
        return below(inputs);
    }

    private Set<String> below(Collection<String> inputs) {
        Set<String> below = new HashSet<>();
        Deque<String> next = new ArrayDeque<>(inputs);
        while (!next.isEmpty()) {
            String digest = next.removeFirst();
            Operation operation = operations.get(digest);
            if (operation != null && below.add(digest)) {
                next.addAll(operation.inputs());
            }
        }
        return below;
    }

    /**
     * The operation that made the build fail; others are only cancelled by it.
     *
     * @param message the final error, which ends with that of the operation
     */
    Optional<Operation> failed(String message) {
        List<Operation> candidates = operations.values().stream()
                .filter(operation -> !operation.error().isEmpty() && !operation.isCanceled() && !operation.isOptional())
                .toList();
        return candidates.stream()
                .filter(operation -> message.contains(operation.error().strip()))
                .findFirst()
                .or(() -> candidates.stream().findFirst());
    }

    /** Base images as {@code name:tag@digest}; those that the Dockerfile pins with a digest never move and are left out. */
    List<String> baseImages() {
        Set<String> images = new LinkedHashSet<>();
        for (Operation operation : operations.values()) {
            String instruction = operation.step().map(StepName::instruction).orElse(operation.name());
            if (instruction.startsWith(FROM)
                    && instruction.indexOf("@sha256:") > 0
                    && images.size() < MAX_BASE_IMAGES) {
                images.add(instruction.substring(FROM.length()).strip());
            }
        }
        images.removeIf(this::isPinned);
        return List.copyOf(images);
    }

    /** BuildKit resolves a reference as it is written; it names the digest there only when the Dockerfile does. */
    private boolean isPinned(String image) {
        return operations.values().stream()
                .anyMatch(operation -> operation.name().endsWith("load metadata for " + image));
    }

    /** Whether the manifest of a cache was read. */
    boolean importedAny() {
        return operations.values().stream()
                .anyMatch(operation -> operation.isCacheImport()
                        && operation.isCompleted()
                        && operation.error().isEmpty());
    }

    /**
     * Whether a Dockerfile frontend took the address of the git repository for an archive to download: it is older than
     * the form of the address.
     */
    boolean tookGitForArchive() {
        return operations.values().stream()
                .anyMatch(operation -> operation.name().startsWith("[internal] load remote build context"));
    }
}
