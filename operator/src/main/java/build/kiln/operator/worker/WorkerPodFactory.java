package build.kiln.operator.worker;

import build.kiln.api.v1alpha1.BuildSecret;
import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.api.v1alpha1.ImageBuildSpec;
import build.kiln.api.v1alpha1.PlatformStatus.Profile;
import build.kiln.api.v1alpha1.WorkerSettings;
import build.kiln.api.v1alpha1.WorkerSettingsBuilder;
import build.kiln.operator.config.OperatorConfiguration;
import build.kiln.operator.config.OperatorConfiguration.Resources;
import build.kiln.operator.credentials.BuildCredentials;
import build.kiln.operator.failure.Diagnosis;
import build.kiln.operator.failure.Evidence.OfCreation;
import build.kiln.operator.placement.Placement;
import build.kiln.protocol.ProtocolJson;
import io.fabric8.kubernetes.api.model.Affinity;
import io.fabric8.kubernetes.api.model.AffinityBuilder;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.NodeAffinityBuilder;
import io.fabric8.kubernetes.api.model.NodeSelectorRequirement;
import io.fabric8.kubernetes.api.model.NodeSelectorRequirementBuilder;
import io.fabric8.kubernetes.api.model.NodeSelectorTermBuilder;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PodSecurityContext;
import io.fabric8.kubernetes.api.model.PodSecurityContextBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Makes the worker pod of an assignment. Pure: the same arguments give the same pod. */
public final class WorkerPodFactory {
    /** In bytes: the kernel takes no environment variable longer than 128 KiB, name included. */
    public static final int LARGEST_REQUEST = 100 * 1024;

    private static final long TERMINATION_GRACE_SECONDS = 10;

    /** Beyond the worker's own time limit, so that it can still report before the kubelet ends the pod. */
    private static final long BACKSTOP_SECONDS = 60;

    /** The highest weight that a preference can have. */
    private static final int HIGHEST_WEIGHT = 100;

    private static final String ARCHITECTURE_LABEL = "kubernetes.io/arch";
    private static final String HOSTNAME_LABEL = "kubernetes.io/hostname";

    private final OperatorConfiguration configuration;
    private final BuildRequestFactory requests;

    public WorkerPodFactory(OperatorConfiguration configuration) {
        this.configuration = configuration;
        this.requests = new BuildRequestFactory(configuration);
    }

    /** The pod, complete with name, labels and owner reference. */
    public DesiredPod create(ImageBuild build, WorkerAssignment assignment, BuildCredentials credentials) {
        String request = ProtocolJson.write(requests.create(build, assignment));
        int size = request.getBytes(StandardCharsets.UTF_8).length;
        if (size > LARGEST_REQUEST) {
            return refused("spec: what a worker has to be told is " + size + " bytes long, more than " + LARGEST_REQUEST
                    + ". Put the files of source.inline, or the text of dockerfile.inline, into a git repository"
                    + " and name it in source.git.");
        }
        String claimName = assignment.claimName();
        Optional<String> refusal = claimName == null
                ? Optional.empty()
                : CacheVolumeLimits.refusal(configuration.cacheVolumes(), CacheVolumeLimits.volume(build.getSpec()));
        if (refusal.isPresent()) {
            return refused(refusal.get());
        }
        Resources configured = configuration.worker().resources().buildkitd();
        ResourceRequirements resources;
        try {
            resources = WorkerResources.buildkitd(
                    claimName == null ? configured : WorkerResources.withoutState(configured),
                    build.getSpec(),
                    assignment.platform(),
                    assignment.memoryFactor());
        } catch (WorkerResources.InvalidResourcesException e) {
            return refused(String.valueOf(e.getMessage()));
        }
        return new DesiredPod.Ready(pod(build, assignment, credentials, request, resources));
    }

    private static DesiredPod refused(String message) {
        return new DesiredPod.Refused(Diagnosis.of(OfCreation.IMPOSSIBLE_SPEC, message));
    }

    private Pod pod(
            ImageBuild build,
            WorkerAssignment assignment,
            BuildCredentials credentials,
            String request,
            ResourceRequirements resources) {
        ImageBuildSpec spec = build.getSpec();
        Placement placement = assignment.placement();
        Profile profile = placement.profile().profile();
        List<BuildSecret> secrets = spec.secrets() == null ? List.of() : spec.secrets();
        String claimName = assignment.claimName();
        Quantity stateSize = claimName == null
                ? configuration.worker().stateSizeLimit()
                : new Quantity(CacheVolumeLimits.volume(spec).size());
        WorkerVolumes volumes = new WorkerVolumes(
                profile, stateSize, claimName, credentials, secrets, CacheBackends.keepsLocal(spec.cache()));
        List<String> twins = TwinImages.of(configuration.worker(), spec, assignment);
        List<Container> initContainers = new ArrayList<>();
        if (!twins.isEmpty()) {
            switch (configuration.worker().twinsDelivery()) {
                case ImageVolume ->
                    volumes.imagesOfTwins(
                            twins, configuration.images().pullPolicy().name());
                case Copy -> {
                    volumes.copiesOfTwins();
                    initContainers.addAll(TwinCopiers.of(configuration, twins));
                }
            }
        }
        WorkerContainers containers = new WorkerContainers(configuration, volumes);
        initContainers.add(containers.buildkitd(profile, assignment, twins.size(), stateSize, resources));
        return new PodBuilder()
                .withMetadata(metadata(build, assignment))
                .withNewSpec()
                .withRestartPolicy("Never")
                .withHostUsers(profile == Profile.Baseline ? false : null)
                .withSecurityContext(profile == Profile.Rootless && claimName != null ? ownVolume() : null)
                .withServiceAccountName(spec.serviceAccountName())
                .withPriorityClassName(settings(build).priorityClassName())
                .withAutomountServiceAccountToken(false)
                .withEnableServiceLinks(false)
                .withTerminationGracePeriodSeconds(TERMINATION_GRACE_SECONDS)
                .withActiveDeadlineSeconds(BuildRequestFactory.timeoutSeconds(spec)
                        + CacheReferences.exportTimeoutSeconds(spec, assignment.platform())
                        + configuration.worker().startTimeoutSeconds()
                        + BACKSTOP_SECONDS)
                .withNodeSelector(new TreeMap<>(placement.nodeSelector()))
                .withAffinity(affinity(placement))
                .withTolerations(placement.tolerations())
                .withInitContainers(initContainers)
                .withContainers(containers.worker(request, assignment))
                .withVolumes(volumes.volumes())
                .endSpec()
                .build();
    }

    /**
     * A new volume belongs to root, which in a pod without user namespace is another user. The launcher keeps the group out of the
     * state, and so out of images.
     */
    private static PodSecurityContext ownVolume() {
        return new PodSecurityContextBuilder()
                .withFsGroup(WorkerContainers.USER)
                .withFsGroupChangePolicy("OnRootMismatch")
                .build();
    }

    private static ObjectMeta metadata(ImageBuild build, WorkerAssignment assignment) {
        String name = build.getMetadata().getName();
        return new ObjectMetaBuilder()
                .withNamespace(build.getMetadata().getNamespace())
                .withName(WorkerPodName.of(name, assignment.run(), assignment.platform(), assignment.attempt()))
                .withLabels(labels(build, assignment))
                .withAnnotations(new TreeMap<>(Map.of(
                        "cluster-autoscaler.kubernetes.io/safe-to-evict",
                        "false",
                        "karpenter.sh/do-not-disrupt",
                        "true",
                        WorkerLabels.OWNER_NAME,
                        name,
                        WorkerLabels.OWNER_UID,
                        build.getMetadata().getUid())))
                .addNewOwnerReference()
                .withApiVersion(ImageBuild.GROUP + "/" + ImageBuild.VERSION)
                .withKind("ImageBuild")
                .withName(name)
                .withUid(build.getMetadata().getUid())
                .withController(true)
                .withBlockOwnerDeletion(true)
                .endOwnerReference()
                .build();
    }

    private static Map<String, String> labels(ImageBuild build, WorkerAssignment assignment) {
        Map<String, String> labels = WorkerLabels.of(
                build.getMetadata().getName(), assignment.run(), assignment.platform(), assignment.attempt());
        Map<String, String> own = build.getMetadata().getLabels();
        String queue = own == null ? null : own.get(SchedulingGates.KUEUE_QUEUE);
        if (queue != null) {
            labels.put(SchedulingGates.KUEUE_QUEUE, queue);
        }
        return labels;
    }

    /** Needed where the node selector leaves the architecture open, and where nodes are avoided. */
    private static @Nullable Affinity affinity(Placement placement) {
        List<NodeSelectorRequirement> required = new ArrayList<>();
        if (placement.architectures().size() > 1) {
            required.add(requirement(ARCHITECTURE_LABEL, "In", placement.architectures()));
        }
        if (!placement.profile().avoidedHosts().isEmpty()) {
            required.add(
                    requirement(HOSTNAME_LABEL, "NotIn", placement.profile().avoidedHosts()));
        }
        if (required.isEmpty()) {
            return null;
        }
        NodeAffinityBuilder affinity = new NodeAffinityBuilder()
                .withNewRequiredDuringSchedulingIgnoredDuringExecution()
                .withNodeSelectorTerms(new NodeSelectorTermBuilder()
                        .withMatchExpressions(required)
                        .build())
                .endRequiredDuringSchedulingIgnoredDuringExecution();
        if (placement.preferredArchitecture() != null) {
            affinity.addNewPreferredDuringSchedulingIgnoredDuringExecution()
                    .withWeight(HIGHEST_WEIGHT)
                    .withPreference(new NodeSelectorTermBuilder()
                            .withMatchExpressions(
                                    requirement(ARCHITECTURE_LABEL, "In", List.of(placement.preferredArchitecture())))
                            .build())
                    .endPreferredDuringSchedulingIgnoredDuringExecution();
        }
        return new AffinityBuilder().withNodeAffinity(affinity.build()).build();
    }

    private static NodeSelectorRequirement requirement(String label, String operator, List<String> values) {
        return new NodeSelectorRequirementBuilder()
                .withKey(label)
                .withOperator(operator)
                .withValues(values)
                .build();
    }

    private static WorkerSettings settings(ImageBuild build) {
        WorkerSettings settings = build.getSpec().worker();
        return settings == null ? WorkerSettingsBuilder.builder().build() : settings;
    }
}
