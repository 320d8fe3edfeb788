package build.kiln.operator.simulation;

import build.kiln.operator.preflight.Symptom;
import build.kiln.protocol.BuildRequest;
import build.kiln.protocol.BuildResult;
import build.kiln.protocol.BuildResultFailedBuilder;
import build.kiln.protocol.BuildResultSucceededBuilder;
import build.kiln.protocol.FailureReason;
import build.kiln.protocol.MalformedDocumentException;
import build.kiln.protocol.ProtocolJson;
import build.kiln.protocol.WorkerPaths;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodStatus;
import java.util.ArrayList;
import java.util.List;

/** How worker containers end, and what they leave in the registry. */
final class Workers {
    private static final BuildResult.Steps STEPS = new BuildResult.Steps(8, 6);

    private static final List<Symptom> SYMPTOMS = List.of(Symptom.values());

    private Workers() {}

    /** The worker comes to its own end. */
    static PodStatus end(World world, Pod pod) {
        String now = world.api().now();
        if (world.strikes(Fault.WORKER_FAILURES, 8)) {
            return accident(world, pod);
        }
        BuildRequest request = request(pod);
        if (Images.isBroken(request)) {
            return failed(pod, now, FailureReason.BuildFailed, "RUN false failed with exit code 1");
        }
        if (world.registry().isDown() || world.strikes(Fault.REGISTRY_FAILURES, 20)) {
            return failed(pod, now, FailureReason.PushFailed, "the registry answers 503");
        }
        List<String> digests = request.platforms().stream()
                .map(platform -> Images.ofPlatform(request, platform))
                .toList();
        digests.forEach(world.registry()::push);
        List<BuildResult.OtherPlatform> others = new ArrayList<>();
        for (BuildRequest.OtherPlatform other : request.others()) {
            others.add(new BuildResult.OtherPlatform(
                    other.platform(), digests.get(others.size() + 1), 500, STEPS.total(), STEPS.cached(), null));
        }
        BuildResult result = BuildResultSucceededBuilder.builder()
                .platform(request.platform())
                .pushed(new BuildResult.Pushed("application/vnd.oci.image.manifest.v1+json", digests.getFirst(), 500))
                .steps(STEPS)
                .timings(new BuildResult.Timings(world.now(), world.now(), world.now()))
                .others(others)
                .crossCompiling(request.askAbout().isEmpty() ? null : Images.crossCompiling(request))
                .build();
        return PodStatuses.ended(pod, now, 0, "Completed", ProtocolJson.write(result));
    }

    /** It is told to stop. */
    static PodStatus stopped(World world, Pod pod) {
        return failed(pod, world.api().now(), FailureReason.Cancelled, "stopped");
    }

    private static PodStatus accident(World world, Pod pod) {
        String now = world.api().now();
        return switch (world.random().nextInt(5)) {
            case 0 -> PodStatuses.ended(pod, now, 137, "Error", "");
            case 1 ->
                PodStatuses.outOfMemory(failed(pod, now, FailureReason.WorkerLost, "the daemon closed the connection"));
            case 2 -> PodStatuses.ended(pod, now, 1, "Error", "{not even JSON");
            case 3 -> {
                Symptom symptom = SYMPTOMS.get(world.random().nextInt(SYMPTOMS.size()));
                yield PodStatuses.unsupported(
                        failed(pod, now, FailureReason.WorkerUnsupported, "refused"), now, symptom.name());
            }
            default -> failed(pod, now, FailureReason.OutOfDisk, "no space left on device");
        };
    }

    private static PodStatus failed(Pod pod, String now, FailureReason reason, String message) {
        BuildResult result = BuildResultFailedBuilder.builder()
                .platform(request(pod).platforms().getLast())
                .reason(reason)
                .message(message)
                .steps(STEPS)
                .timings(new BuildResult.Timings(0, null, null))
                .build();
        return PodStatuses.ended(pod, now, 1, "Error", ProtocolJson.write(result));
    }

    static BuildRequest request(Pod pod) {
        String json = pod.getSpec().getContainers().getFirst().getEnv().stream()
                .filter(variable -> WorkerPaths.REQUEST_VARIABLE.equals(variable.getName()))
                .findFirst()
                .orElseThrow()
                .getValue();
        try {
            return ProtocolJson.readRequest(json);
        } catch (MalformedDocumentException e) {
            throw new IllegalStateException(e);
        }
    }
}
