package build.kiln.operator.config;

import build.kiln.operator.config.OperatorConfiguration.Registry;
import build.kiln.operator.config.OperatorConfiguration.Resources;
import build.kiln.registry.http.RegistryConfiguration;
import build.kiln.registry.http.RegistryHost;
import build.kiln.registry.image.ImageReference;
import build.kiln.registry.image.InvalidReferenceException;
import io.fabric8.kubernetes.api.model.Quantity;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What the types of the configuration do not say. */
final class ConfigurationCheck {
    /** All of them go to BuildKit in one environment variable, which the kernel limits to 128 KiB. */
    private static final int MOST_CERTIFICATES = 100 * 1024;

    private static final Pattern PLATFORM = Pattern.compile("linux/[a-z0-9_]{2,16}(/v[0-9a-z.]{1,8})?");
    private static final Pattern ARCHITECTURE = Pattern.compile("linux/[a-z0-9_]{2,16}");
    private static final long LONGEST_SECONDS = 31L * 24 * 3600;

    private final Function<String, InvalidConfigurationException> invalid;

    ConfigurationCheck(Function<String, InvalidConfigurationException> invalid) {
        this.invalid = invalid;
    }

    void check(OperatorConfiguration configuration) throws InvalidConfigurationException {
        image("images.worker", configuration.images().worker());
        image("images.buildkit", configuration.images().buildkit());
        worker(configuration.worker());
        quantity("cacheVolumes.maxSize", configuration.cacheVolumes().maxSize());
        placement(configuration.placement());
        admission(configuration.admission());
        registries(configuration.registries());
        require(
                !configuration.leaderElection().leaseName().isBlank(),
                "leaderElection.leaseName: empty; write the name of a Lease");
        int port = configuration.http().port();
        require(port > 0 && port < 65536, "http.port: " + port + " is not a port; write a number from 1 to 65535");
    }

    private void image(String key, @Nullable String reference) throws InvalidConfigurationException {
        if (reference == null || reference.isBlank()) {
            throw invalid.apply(key + ": missing; write the reference of the image, best by digest");
        }
        try {
            ImageReference.parse(reference);
        } catch (InvalidReferenceException e) {
            throw invalid.apply(key + ": " + e.getMessage());
        }
    }

    private void worker(OperatorConfiguration.Worker worker) throws InvalidConfigurationException {
        resources("worker.resources.worker", worker.resources().worker());
        resources("worker.resources.buildkitd", worker.resources().buildkitd());
        quantity("worker.stateSizeLimit", worker.stateSizeLimit());
        seconds("worker.startTimeoutSeconds", worker.startTimeoutSeconds(), 1);
        seconds("worker.retention.succeededSeconds", worker.retention().succeededSeconds(), 0);
        seconds("worker.retention.failedSeconds", worker.retention().failedSeconds(), 0);
        seconds("worker.sweepIntervalSeconds", worker.sweepIntervalSeconds(), 1);
        for (int i = 0; i < worker.twins().size(); i++) {
            String key = "worker.twins[" + i + "]";
            @Nullable String platform = worker.twins().get(i).platform();
            require(
                    platform != null && ARCHITECTURE.matcher(platform).matches(),
                    key + ".platform: " + platform + " is not valid; write one without a variant, such as linux/arm64");
            image(key + ".image", worker.twins().get(i).image());
        }
    }

    private void placement(OperatorConfiguration.Placement placement) throws InvalidConfigurationException {
        if (placement.nativeWaitSeconds() != null) {
            seconds("placement.nativeWaitSeconds", placement.nativeWaitSeconds(), 0);
        }
    }

    private void admission(OperatorConfiguration.Admission admission) throws InvalidConfigurationException {
        limit("admission.maxRunning", admission.maxRunning());
        limit("admission.maxRunningPerNamespace", admission.maxRunningPerNamespace());
        for (Map.Entry<String, Integer> entry :
                admission.maxRunningPerPlatform().entrySet()) {
            String key = "admission.maxRunningPerPlatform." + entry.getKey();
            require(
                    PLATFORM.matcher(entry.getKey()).matches(),
                    key + ": not a platform; write one as in spec.platforms, such as linux/arm64");
            limit(key, entry.getValue());
        }
        seconds("admission.maxWaitSeconds", admission.maxWaitSeconds(), 1);
    }

    private void limit(String key, @Nullable Integer limit) throws InvalidConfigurationException {
        require(
                limit == null || limit > 0,
                key + ": " + limit + " lets nothing start; write a whole number above 0, or leave it out for no limit");
    }

    private void resources(String key, Resources resources) throws InvalidConfigurationException {
        for (Map.Entry<String, Quantity> request : resources.requests().entrySet()) {
            quantity(key + ".requests." + request.getKey(), request.getValue());
        }
        for (Map.Entry<String, Quantity> limit : resources.limits().entrySet()) {
            quantity(key + ".limits." + limit.getKey(), limit.getValue());
        }
    }

    private void quantity(String key, @Nullable Quantity quantity) throws InvalidConfigurationException {
        boolean valid;
        try {
            valid = quantity != null && quantity.getNumericalAmount().compareTo(BigDecimal.ZERO) > 0;
        } catch (IllegalArgumentException e) {
            valid = false;
        }
        require(valid, key + ": \"" + quantity + "\" is not a quantity above 0; write one such as 500m or 20Gi");
    }

    private void seconds(String key, long seconds, long least) throws InvalidConfigurationException {
        require(
                seconds >= least && seconds <= LONGEST_SECONDS,
                key + ": " + seconds + " is not valid; write seconds from " + least + " to " + LONGEST_SECONDS);
    }

    private void registries(List<Registry> registries) throws InvalidConfigurationException {
        for (int i = 0; i < registries.size(); i++) {
            require(
                    registries.get(i).host() != null,
                    "registries[" + i + "].host: missing; write the registry's name as it stands in image references");
        }
        int certificates = registries.stream()
                .mapToInt(registry -> registry.ca() == null ? 0 : registry.ca().length())
                .sum();
        require(
                certificates <= MOST_CERTIFICATES,
                "registries: the certificates in \"ca\" are together longer than " + MOST_CERTIFICATES
                        + " bytes; write only those of the registries' own certificate authorities");
        try {
            new RegistryConfiguration(registries.stream()
                    .map(registry ->
                            new RegistryHost(registry.host(), registry.mirrors(), registry.insecure(), registry.ca()))
                    .toList());
        } catch (IllegalArgumentException e) {
            throw invalid.apply(String.valueOf(e.getMessage()));
        }
    }

    private void require(boolean condition, String problem) throws InvalidConfigurationException {
        if (!condition) {
            throw invalid.apply(problem);
        }
    }
}
