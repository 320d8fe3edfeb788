package build.kiln.operator.admission;

import build.kiln.operator.admission.AdmissionVerdict.Limit;
import build.kiln.operator.admission.AdmissionVerdict.Wait;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** What the limits have left, and how long the queue behind each of them is, while one decision is made. */
final class Slots {
    private final AdmissionLimits limits;
    private final Counts used = new Counts();
    private final Counts waiting = new Counts();

    Slots(AdmissionLimits limits) {
        this.limits = limits;
    }

    int usedBy(String namespace) {
        return used.namespaces.getOrDefault(namespace, 0);
    }

    void take(RunningPlatform platform) {
        used.add(platform.key().namespace(), platform.platform());
    }

    void take(WaitingPlatform platform) {
        used.add(platform.key().namespace(), platform.platform());
    }

    /** Keeps what is free for a platform that waits for the rest. */
    void claim(WaitingPlatform platform) {
        if (!isNamespaceFull(platform)) {
            used.namespaces.merge(platform.key().namespace(), 1, Integer::sum);
        }
        if (!isPlatformFull(platform)) {
            used.platforms.merge(platform.platform(), 1, Integer::sum);
        }
        if (!isClusterFull()) {
            used.cluster++;
        }
    }

    /** What the platform has to wait for; empty when it may start. */
    Optional<Wait> wait(WaitingPlatform platform) {
        Optional<Limit> full = full(platform);
        if (full.isPresent()) {
            waiting.add(platform.key().namespace(), platform.platform());
        }
        return full.map(limit -> switch (limit) {
            case Namespace ->
                new Wait(
                        limit,
                        limits.ofNamespace(platform.key().namespace()),
                        waiting.namespaces.getOrDefault(platform.key().namespace(), 0));
            case Platform ->
                new Wait(
                        limit,
                        limits.ofPlatform(platform.platform()),
                        waiting.platforms.getOrDefault(platform.platform(), 0));
            case Cluster -> new Wait(limit, limits.ofCluster(), waiting.cluster);
        });
    }

    /** The narrowest limit first: it is the one that its owner can do something about. */
    private Optional<Limit> full(WaitingPlatform platform) {
        if (isNamespaceFull(platform)) {
            return Optional.of(Limit.Namespace);
        }
        if (isPlatformFull(platform)) {
            return Optional.of(Limit.Platform);
        }
        return isClusterFull() ? Optional.of(Limit.Cluster) : Optional.empty();
    }

    private boolean isNamespaceFull(WaitingPlatform platform) {
        String namespace = platform.key().namespace();
        return usedBy(namespace) >= limits.ofNamespace(namespace);
    }

    private boolean isPlatformFull(WaitingPlatform platform) {
        return used.platforms.getOrDefault(platform.platform(), 0) >= limits.ofPlatform(platform.platform());
    }

    private boolean isClusterFull() {
        return used.cluster >= limits.ofCluster();
    }

    private static final class Counts {
        private int cluster;
        private final Map<String, Integer> namespaces = new HashMap<>();
        private final Map<String, Integer> platforms = new HashMap<>();

        private void add(String namespace, String platform) {
            cluster++;
            namespaces.merge(namespace, 1, Integer::sum);
            platforms.merge(platform, 1, Integer::sum);
        }
    }
}
