package build.kiln.operator.testing;

import build.kiln.operator.worker.PodWarning;
import io.fabric8.kubernetes.api.model.KubernetesList;
import io.fabric8.kubernetes.api.model.KubernetesResource;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Status;
import io.fabric8.kubernetes.api.model.events.v1.Event;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;

/**
 * What a real cluster said of a failure: of a pod, with the warnings about it, or instead of creating one.
 *
 * @param name of its file
 * @param content a list of a pod and events, or a status
 */
public record Recording(String name, KubernetesResource content) {
    private static final String FOLDER = "recorded/";
    private static final String SUFFIX = ".yaml";

    /** The recording of that name. */
    public static Recording of(String name) {
        String yaml = GoldenFile.of(FOLDER + name + SUFFIX).read();
        return new Recording(name, Serialization.unmarshal(yaml, KubernetesResource.class));
    }

    /** All of them. */
    public static List<Recording> all() {
        try (Stream<Path> files = Files.list(GoldenFile.of(FOLDER).path())) {
            return files.map(file -> file.getFileName().toString())
                    .sorted()
                    .map(file -> of(file.substring(0, file.length() - SUFFIX.length())))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Whether a pod was created. */
    public boolean isOfPod() {
        return content instanceof KubernetesList;
    }

    /** The pod. */
    public Pod pod() {
        return items(Pod.class).findFirst().orElseThrow();
    }

    /** When the pod was created. */
    public Instant created() {
        return Instant.parse(pod().getMetadata().getCreationTimestamp());
    }

    /** Why the API server created none. */
    public Status refusal() {
        return (Status) content;
    }

    /** The warnings about the pod. */
    public List<PodWarning> warnings() {
        return items(Event.class).map(PodWarning::of).toList();
    }

    private <T> Stream<T> items(Class<T> type) {
        return ((KubernetesList) content)
                .getItems().stream().filter(type::isInstance).map(type::cast);
    }
}
