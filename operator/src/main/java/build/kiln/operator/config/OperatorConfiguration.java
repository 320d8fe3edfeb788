package build.kiln.operator.config;

import build.kiln.api.v1alpha1.PlacementSettings;
import build.kiln.api.v1alpha1.PlacementSettings.Acceleration;
import build.kiln.api.v1alpha1.WorkerSettings.Profile;
import io.fabric8.kubernetes.api.model.Quantity;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Settings of the operator. The chart renders them into a ConfigMap; a key that is left out has the default named here.
 *
 * @param images images of the worker pods
 * @param watchNamespaces namespaces whose ImageBuilds are served; empty for all
 * @param worker worker pods
 * @param cacheVolumes what volumes ImageBuilds may ask for
 * @param placement where platforms are built
 * @param admission how many platforms may build at the same time
 * @param registries registries that need more than HTTPS with a publicly trusted certificate
 * @param leaderElection choice of one active replica
 * @param http health and metrics
 */
public record OperatorConfiguration(
        Images images,
        List<String> watchNamespaces,
        Worker worker,
        CacheVolumes cacheVolumes,
        Placement placement,
        Admission admission,
        List<Registry> registries,
        LeaderElection leaderElection,
        Http http) {

    /** Environment variable with the path of the file. */
    public static final String PATH_VARIABLE = "KILN_CONFIG";

    /**
     * Reads the file.
     *
     * @throws InvalidConfigurationException when it cannot be used; the message names the file, the key and what to write
     */
    public static OperatorConfiguration load(Path file) throws InvalidConfigurationException {
        return ConfigurationFile.read(file);
    }

    /**
     * @param worker reference of the kiln/worker image
     * @param buildkit reference of the kiln/buildkit image
     * @param pullPolicy {@code IfNotPresent} (default), {@code Always} or {@code Never}
     */
    public record Images(String worker, String buildkit, PullPolicy pullPolicy) {}

    /** When the kubelet pulls an image. */
    public enum PullPolicy {
        Always,
        IfNotPresent,
        Never
    }

    /**
     * @param profile used where {@code spec.worker.profile} is unset; {@code Baseline}
     * @param resources of the two containers
     * @param stateSizeLimit of the volume that holds BuildKit's state; 20Gi
     * @param startTimeoutSeconds longest time from the pod's creation to the worker's start; 600
     * @param retention how long ended pods are kept
     * @param sweepIntervalSeconds between two searches for worker pods that nothing owns any more; 600
     * @param acceleration used where {@code spec.placement} says nothing; {@code Off}
     * @param twins images of native programs for emulated platforms; none
     * @param twinsDelivery how these images get into the pods; {@code Copy}
     */
    public record Worker(
            Profile profile,
            ContainerResources resources,
            Quantity stateSizeLimit,
            long startTimeoutSeconds,
            Retention retention,
            long sweepIntervalSeconds,
            Acceleration acceleration,
            List<Twins> twins,
            TwinsDelivery twinsDelivery) {

        /** {@link #startTimeoutSeconds} as a duration. */
        public Duration startTimeout() {
            return Duration.ofSeconds(startTimeoutSeconds);
        }

        /** {@link #sweepIntervalSeconds} as a duration. */
        public Duration sweepInterval() {
            return Duration.ofSeconds(sweepIntervalSeconds);
        }
    }

    /**
     * @param maxSize largest {@code spec.cache.volume.size}; 100Gi
     * @param storageClassNames that may be asked for; empty for all, and for the cluster's default class
     */
    public record CacheVolumes(Quantity maxSize, List<String> storageClassNames) {}

    /**
     * @param platform whose programs the image has twins of, without a variant: {@code linux/arm64}
     * @param image reference of the image, see images/twins
     */
    public record Twins(String platform, String image) {}

    /** How an image of twins gets into a worker pod. */
    public enum TwinsDelivery {
        /** The kubelet mounts it: needs image volumes (on by default since Kubernetes 1.35). */
        ImageVolume,
        /** An init container copies it. */
        Copy
    }

    /**
     * @param mode used where {@code spec.placement} says nothing; {@code Auto}
     * @param nativeWaitSeconds the same; null for as long as the nodes make it sensible
     */
    public record Placement(
            PlacementSettings.Mode mode, @Nullable Integer nativeWaitSeconds) {}

    /**
     * @param maxRunning platforms altogether; null for any number
     * @param maxRunningPerNamespace platforms in each namespace whose annotation {@code kiln.build/max-running-platforms} says
     *     nothing else; null for any number
     * @param maxRunningPerPlatform platforms of one kind, such as {@code linux/arm64}; any number of what it does not name
     * @param maxWaitSeconds a platform that has waited for longer may go before its turn; 1800
     */
    public record Admission(
            @Nullable Integer maxRunning,
            @Nullable Integer maxRunningPerNamespace,
            Map<String, Integer> maxRunningPerPlatform,
            long maxWaitSeconds) {}

    /**
     * @param worker of the container that drives the build
     * @param buildkitd of the container that runs it; {@code spec.worker.resources} goes before these
     */
    public record ContainerResources(Resources worker, Resources buildkitd) {}

    /**
     * @param requests what the scheduler reserves
     * @param limits what the kernel enforces
     */
    public record Resources(Map<String, Quantity> requests, Map<String, Quantity> limits) {}

    /**
     * @param succeededSeconds for which a pod is kept after its success; 600
     * @param failedSeconds for which a pod is kept after its failure; 3600
     */
    public record Retention(long succeededSeconds, long failedSeconds) {}

    /**
     * @param host the registry's name as it stands in image references
     * @param mirrors asked first, in this order, when something is pulled
     * @param insecure plain HTTP
     * @param ca PEM certificates to trust beside the system's
     */
    public record Registry(
            String host,
            List<String> mirrors,
            boolean insecure,
            @Nullable String ca) {
        /** Canonical constructor: an entry without mirrors has none. */
        @SuppressWarnings("ConstantValue") // Jackson passes null for what the document leaves out.
        public Registry {
            mirrors = mirrors == null ? List.of() : List.copyOf(mirrors);
        }
    }

    /**
     * @param enabled whether replicas elect one; true
     * @param leaseName name of the Lease in the operator's namespace; kiln-operator
     */
    public record LeaderElection(boolean enabled, String leaseName) {}

    /**
     * @param port of {@code /livez}, {@code /readyz} and {@code /metrics}; 8080
     */
    public record Http(int port) {}
}
