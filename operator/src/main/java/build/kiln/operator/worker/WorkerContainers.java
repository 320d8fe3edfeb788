package build.kiln.operator.worker;

import build.kiln.api.v1alpha1.PlatformStatus.Mode;
import build.kiln.api.v1alpha1.PlatformStatus.Profile;
import build.kiln.operator.config.OperatorConfiguration;
import build.kiln.operator.placement.RequestedPlatforms;
import build.kiln.protocol.WorkerPaths;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerBuilder;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.EnvVarBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import io.fabric8.kubernetes.api.model.SecurityContext;
import io.fabric8.kubernetes.api.model.SecurityContextBuilder;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The two containers: one runs BuildKit and the user's RUN steps, the other holds the credentials. */
final class WorkerContainers {
    static final String BUILDKITD = "buildkitd";
    static final String WORKER = "worker";

    /** Tells the launcher how it is confined. */
    static final String PROFILE_VARIABLE = "KILN_PROFILE";

    static final long USER = 1000;

    /** A daemon whose state outlives pods may have to wait for the one before, or empty a large state. */
    private static final String KEPT_STATE_SECONDS = "300";

    private static final JsonMapper MAPPER = new JsonMapper();

    private final OperatorConfiguration configuration;
    private final WorkerVolumes volumes;

    WorkerContainers(OperatorConfiguration configuration, WorkerVolumes volumes) {
        this.configuration = configuration;
        this.volumes = volumes;
    }

    Container buildkitd(
            Profile profile,
            WorkerAssignment assignment,
            int twins,
            Quantity stateSize,
            ResourceRequirements resources) {
        boolean kept = assignment.claimName() != null;
        BuildkitdConfiguration daemon =
                BuildkitdConfiguration.of(configuration, WorkerResources.cpu(resources), stateSize, kept);
        String emulate = String.join(",", emulated(assignment));
        List<EnvVar> environment = new ArrayList<>(List.of(
                variable(PROFILE_VARIABLE, profile.name()),
                variable("KILN_BUILDKITD_CONFIG", daemon.toml()),
                variable("KILN_CA_BUNDLES", json(daemon.caBundles())),
                variable("KILN_EMULATE", emulate)));
        if (kept) {
            environment.add(variable("KILN_STATE", "Kept"));
        }
        if (twins > 0) {
            environment.add(variable("KILN_ACCELERATE", json(TwinsMounts.folders(assignment.platform(), twins))));
        }
        return new ContainerBuilder()
                .withName(BUILDKITD)
                .withImage(configuration.images().buildkit())
                .withImagePullPolicy(configuration.images().pullPolicy().name())
                .withRestartPolicy("Always")
                .withEnv(environment)
                .withResources(resources)
                .withSecurityContext(confinement(profile))
                .withVolumeMounts(volumes.buildkitdMounts())
                .withTerminationMessagePolicy("File")
                .build();
    }

    /** One platform for each architecture: one emulator runs all variants. */
    private static Collection<String> emulated(WorkerAssignment assignment) {
        Map<String, String> byArchitecture = new LinkedHashMap<>();
        if (assignment.placement().mode() == Mode.Emulated) {
            byArchitecture.put(RequestedPlatforms.architecture(assignment.platform()), assignment.platform());
        }
        assignment.others().stream()
                .filter(other -> other.mode() == Mode.Emulated)
                .forEach(other -> byArchitecture.putIfAbsent(
                        RequestedPlatforms.architecture(other.platform()), other.platform()));
        return byArchitecture.values();
    }

    /**
     * Neither profile sets allowPrivilegeEscalation: without new privileges newuidmap cannot map ids, and the kubelet masks
     * what the daemon has to mount.
     */
    private static SecurityContext confinement(Profile profile) {
        return switch (profile) {
            case Baseline ->
                new SecurityContextBuilder()
                        .withRunAsUser(0L)
                        .withRunAsGroup(0L)
                        .withProcMount("Unmasked")
                        .build();
            case Rootless ->
                new SecurityContextBuilder()
                        .withRunAsUser(USER)
                        .withRunAsGroup(USER)
                        .withNewSeccompProfile()
                        .withType("Unconfined")
                        .endSeccompProfile()
                        .withNewAppArmorProfile()
                        .withType("Unconfined")
                        .endAppArmorProfile()
                        .build();
        };
    }

    /** As Pod Security {@code restricted} wants it: for containers that no RUN step executes in. */
    static SecurityContext restricted() {
        return new SecurityContextBuilder()
                .withRunAsUser(USER)
                .withRunAsGroup(USER)
                .withRunAsNonRoot(true)
                .withAllowPrivilegeEscalation(false)
                .withReadOnlyRootFilesystem(true)
                .withNewCapabilities()
                .withDrop("ALL")
                .endCapabilities()
                .withNewSeccompProfile()
                .withType("RuntimeDefault")
                .endSeccompProfile()
                .build();
    }

    Container worker(String request, WorkerAssignment assignment) {
        List<EnvVar> environment = new ArrayList<>(List.of(variable(WorkerPaths.REQUEST_VARIABLE, request)));
        if (assignment.claimName() != null) {
            environment.add(variable(WorkerPaths.DAEMON_SECONDS_VARIABLE, KEPT_STATE_SECONDS));
        }
        return new ContainerBuilder()
                .withName(WORKER)
                .withImage(configuration.images().worker())
                .withImagePullPolicy(configuration.images().pullPolicy().name())
                .withEnv(environment)
                .withResources(WorkerResources.scaled(
                        configuration.worker().resources().worker(), assignment.memoryFactor()))
                .withSecurityContext(restricted())
                .withVolumeMounts(volumes.workerMounts())
                .withTerminationMessagePath(WorkerPaths.TERMINATION_MESSAGE)
                .withTerminationMessagePolicy("File")
                .build();
    }

    /** The kubelet reads {@code $(NAME)} in a value as a reference and {@code $$} as one dollar sign. */
    private static EnvVar variable(String name, String value) {
        return new EnvVarBuilder()
                .withName(name)
                .withValue(value.replace("$", "$$"))
                .build();
    }

    private static String json(Map<String, ?> map) {
        try {
            return MAPPER.writeValueAsString(map);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a map of texts cannot be written", e);
        }
    }
}
