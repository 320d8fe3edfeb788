package build.kiln.operator.worker;

import build.kiln.api.v1alpha1.ImageBuildSpec;
import build.kiln.api.v1alpha1.PlacementSettings.OfPlatform;
import build.kiln.api.v1alpha1.WorkerSettings;
import build.kiln.operator.config.OperatorConfiguration;
import build.kiln.operator.config.OperatorConfiguration.Resources;
import build.kiln.operator.placement.PlacementRequest;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import io.fabric8.kubernetes.api.model.ResourceRequirementsBuilder;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Resources of a container: what the spec says over what the administrator configured. */
public final class WorkerResources {
    private static final BigDecimal MEBIBYTE = BigDecimal.valueOf(1L << 20);
    private static final Quantity WITHOUT_STATE = new Quantity("64Mi");

    private WorkerResources() {}

    /**
     * What the whole pod of a platform requests, as the scheduler adds it up.
     *
     * @return nothing when the spec contradicts itself, which the attempt to make the pod tells
     */
    public static Map<String, Quantity> requests(
            OperatorConfiguration.ContainerResources configured,
            ImageBuildSpec spec,
            String platform,
            @Nullable String memoryFactor) {
        Map<String, Quantity> sum =
                new TreeMap<>(scaled(configured.worker(), memoryFactor).getRequests());
        try {
            buildkitd(configured.buildkitd(), spec, platform, memoryFactor)
                    .getRequests()
                    .forEach((name, amount) -> sum.merge(name, amount, WorkerResources::plus));
        } catch (InvalidResourcesException e) {
            return Map.of();
        }
        return sum;
    }

    /**
     * Those of the container that runs the build: the platform's own over the spec's over the configured ones, resource by
     * resource. Where they contradict each other, the one that is further from the platform gives way.
     *
     * @param memoryFactor by how much memory is multiplied then; null for not at all
     * @throws InvalidResourcesException when the spec contradicts itself, or a value is not a quantity
     */
    static ResourceRequirements buildkitd(
            Resources configured, ImageBuildSpec spec, String platform, @Nullable String memoryFactor)
            throws InvalidResourcesException {
        WorkerSettings worker = spec.worker();
        Resources all = merge(configured, worker == null ? null : worker.resources(), "spec.worker.resources");
        Resources one = merge(
                all,
                PlacementRequest.ofPlatform(spec, platform)
                        .map(OfPlatform::resources)
                        .orElse(null),
                "spec.placement.platforms[" + platform + "].resources");
        return scaled(one, memoryFactor);
    }

    private static Resources merge(Resources configured, WorkerSettings.@Nullable Resources specified, String field)
            throws InvalidResourcesException {
        Map<String, Quantity> ownRequests = specified == null ? Map.of() : orEmpty(specified.requests());
        Map<String, Quantity> ownLimits = specified == null ? Map.of() : orEmpty(specified.limits());
        check(field + ".requests", ownRequests);
        check(field + ".limits", ownLimits);
        Map<String, Quantity> requests = new TreeMap<>(configured.requests());
        Map<String, Quantity> limits = new TreeMap<>(configured.limits());
        ownLimits.forEach((name, limit) -> requests.computeIfPresent(name, (_, request) -> least(request, limit)));
        ownRequests.forEach((name, request) -> limits.computeIfPresent(name, (_, limit) -> most(request, limit)));
        requests.putAll(ownRequests);
        limits.putAll(ownLimits);
        for (Map.Entry<String, Quantity> request : requests.entrySet()) {
            Quantity limit = limits.get(request.getKey());
            if (limit != null && amount(request.getValue()).compareTo(amount(limit)) > 0) {
                throw new InvalidResourcesException(field + ": the request of " + request.getKey() + ", "
                        + request.getValue() + ", is above its limit, " + limit + "; raise the limit");
            }
        }
        return new Resources(requests, limits);
    }

    /** What is configured for a container whose state lies on a volume of its own, and not on the node's disk. */
    static Resources withoutState(Resources configured) {
        Map<String, Quantity> requests = new TreeMap<>(configured.requests());
        requests.computeIfPresent("ephemeral-storage", (_, request) -> least(request, WITHOUT_STATE));
        return new Resources(requests, configured.limits());
    }

    /** What is configured, with more memory. */
    static ResourceRequirements scaled(Resources configured, @Nullable String memoryFactor) {
        return scaled(configured.requests(), configured.limits(), memoryFactor);
    }

    private static ResourceRequirements scaled(
            Map<String, Quantity> requests, Map<String, Quantity> limits, @Nullable String memoryFactor) {
        return new ResourceRequirementsBuilder()
                .withRequests(scaled(requests, memoryFactor))
                .withLimits(scaled(limits, memoryFactor))
                .build();
    }

    private static Map<String, Quantity> scaled(Map<String, Quantity> quantities, @Nullable String memoryFactor) {
        Map<String, Quantity> scaled = new TreeMap<>(quantities);
        if (memoryFactor != null) {
            scaled.computeIfPresent("memory", (_, memory) -> times(memory, new BigDecimal(memoryFactor)));
        }
        return scaled;
    }

    /** Whole mebibytes, as people write them. */
    private static Quantity times(Quantity memory, BigDecimal factor) {
        BigDecimal mebibytes = amount(memory).multiply(factor).divide(MEBIBYTE, 0, RoundingMode.CEILING);
        return new Quantity(mebibytes.toPlainString(), "Mi");
    }

    /** The processors the container may use, or is sure to get when there is no limit. */
    static Quantity cpu(ResourceRequirements resources) {
        Quantity limit = resources.getLimits().get("cpu");
        return limit == null
                ? Objects.requireNonNullElse(resources.getRequests().get("cpu"), new Quantity("1"))
                : limit;
    }

    private static void check(String part, Map<String, Quantity> quantities) throws InvalidResourcesException {
        for (Map.Entry<String, Quantity> entry : quantities.entrySet()) {
            String field = part + "." + entry.getKey();
            try {
                if (entry.getValue().getNumericalAmount().signum() < 0) {
                    throw new InvalidResourcesException(field + ": " + entry.getValue() + " is below 0");
                }
            } catch (IllegalArgumentException _) {
                throw new InvalidResourcesException(
                        field + ": \"" + entry.getValue() + "\" is not a quantity; write one such as 500m or 2Gi");
            }
        }
    }

    private static Quantity plus(Quantity a, Quantity b) {
        return new Quantity(amount(a).add(amount(b)).toPlainString());
    }

    private static Quantity least(Quantity a, Quantity b) {
        return amount(a).compareTo(amount(b)) <= 0 ? a : b;
    }

    private static Quantity most(Quantity a, Quantity b) {
        return amount(a).compareTo(amount(b)) >= 0 ? a : b;
    }

    private static BigDecimal amount(Quantity quantity) {
        return quantity.getNumericalAmount();
    }

    private static Map<String, Quantity> orEmpty(@Nullable Map<String, Quantity> quantities) {
        return quantities == null ? Map.of() : quantities;
    }

    /** The message names the field and what to write. */
    static final class InvalidResourcesException extends Exception {
        private static final long serialVersionUID = 1L;

        InvalidResourcesException(String message) {
            super(message);
        }
    }
}
