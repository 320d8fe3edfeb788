package build.kiln.operator.placement;

import build.kiln.api.v1alpha1.ImageBuildSpec;
import build.kiln.api.v1alpha1.PlacementSettings;
import build.kiln.api.v1alpha1.PlacementSettings.Mode;
import build.kiln.api.v1alpha1.PlacementSettings.OfPlatform;
import build.kiln.operator.config.OperatorConfiguration;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.Toleration;
import io.fabric8.kubernetes.api.model.TolerationBuilder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a platform's worker pod asks of nodes.
 *
 * @param platform as docker writes it
 * @param mode on which nodes it may be built
 * @param nodeSelector labels that the spec wants nodes to have
 * @param tolerations of the spec
 * @param requests resources that the whole pod requests
 * @param nativeWait how long to wait for a native node; null for as long as the nodes make it sensible
 * @param waited how long the platform has waited for one in its run; null when it has not
 */
public record PlacementRequest(
        String platform,
        Mode mode,
        Map<String, String> nodeSelector,
        List<Toleration> tolerations,
        Map<String, Quantity> requests,
        @Nullable Duration nativeWait,
        @Nullable Duration waited) {
    public PlacementRequest {
        nodeSelector = Map.copyOf(nodeSelector);
        tolerations = List.copyOf(tolerations);
        requests = Map.copyOf(requests);
    }

    /**
     * What a spec asks for.
     *
     * @param spec of the build
     * @param platform one of its platforms
     * @param defaults where the spec says nothing
     * @param requests resources that the whole pod requests
     * @param waited how long the platform has waited for a native node in its run; null when it has not
     */
    public static PlacementRequest of(
            ImageBuildSpec spec,
            String platform,
            OperatorConfiguration.Placement defaults,
            Map<String, Quantity> requests,
            @Nullable Duration waited) {
        Optional<PlacementSettings> all = Optional.ofNullable(spec.placement());
        Optional<OfPlatform> one = ofPlatform(spec, platform);
        Map<String, String> nodeSelector =
                new LinkedHashMap<>(all.map(PlacementSettings::nodeSelector).orElse(Map.of()));
        nodeSelector.putAll(one.map(OfPlatform::nodeSelector).orElse(Map.of()));
        List<Toleration> tolerations = new ArrayList<>();
        all.map(PlacementSettings::tolerations).orElse(List.of()).forEach(each -> tolerations.add(toleration(each)));
        one.map(OfPlatform::tolerations).orElse(List.of()).forEach(each -> tolerations.add(toleration(each)));
        Mode mode = one.map(OfPlatform::mode)
                .or(() -> all.map(PlacementSettings::mode))
                .orElse(defaults.mode());
        @Nullable
        Duration nativeWait = one.map(OfPlatform::nativeWaitSeconds)
                .or(() -> all.map(PlacementSettings::nativeWaitSeconds))
                .or(() -> Optional.ofNullable(defaults.nativeWaitSeconds()))
                .map(Duration::ofSeconds)
                .orElse(null);
        return new PlacementRequest(platform, mode, nodeSelector, tolerations, requests, nativeWait, waited);
    }

    /** What the spec says about one platform alone. */
    public static Optional<OfPlatform> ofPlatform(ImageBuildSpec spec, String platform) {
        PlacementSettings placement = spec.placement();
        List<OfPlatform> platforms =
                placement == null ? List.of() : Objects.requireNonNullElse(placement.platforms(), List.of());
        return platforms.stream().filter(one -> one.platform().equals(platform)).findFirst();
    }

    private static Toleration toleration(PlacementSettings.Toleration toleration) {
        return new TolerationBuilder()
                .withKey(toleration.key())
                .withOperator(name(toleration.operator()))
                .withValue(toleration.value())
                .withEffect(name(toleration.effect()))
                .withTolerationSeconds(toleration.tolerationSeconds())
                .build();
    }

    private static @Nullable String name(@Nullable Enum<?> constant) {
        return constant == null ? null : constant.name();
    }
}
