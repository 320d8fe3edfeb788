package build.kiln.e2e;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.events.v1.Event;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/**
 * Files of what a real cluster said: a pod and the warnings about it, or the API server's answer. What tells nothing about the
 * failure, and would be different in each recording, is left out.
 */
final class Recording {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Path FOLDER = Path.of(System.getProperty("kiln.root", ".."))
            .resolve("operator/src/test/resources/build/kiln/operator/recorded");
    private static final Set<String> OF_METADATA =
            Set.of("name", "namespace", "uid", "labels", "creationTimestamp", "deletionTimestamp");
    private static final Set<String> OF_SPEC =
            Set.of("nodeName", "activeDeadlineSeconds", "containers", "initContainers");
    private static final Set<String> OF_CONTAINER = Set.of("name", "resources");
    private static final Set<String> NOT_OF_STATUS = Set.of(
            "hostIP",
            "hostIPs",
            "podIP",
            "podIPs",
            "observedGeneration",
            "allocatedResources",
            "resources",
            "qosClass");
    private static final Set<String> OF_CONTAINER_STATUS = Set.of("name", "state", "lastState");
    private static final Set<String> OF_EVENT = Set.of(
            "apiVersion",
            "kind",
            "type",
            "reason",
            "note",
            "regarding",
            "reportingController",
            "eventTime",
            "series",
            "deprecatedCount",
            "deprecatedFirstTimestamp",
            "deprecatedLastTimestamp");

    private Recording() {}

    /** The pod, and the warnings about it so far. */
    static void write(String name, KubernetesClient client, Pod pod) {
        List<Event> warnings =
                client.events().v1().events().inNamespace(pod.getMetadata().getNamespace()).list().getItems().stream()
                        .filter(event -> "Warning".equals(event.getType()))
                        .filter(event -> Objects.equals(
                                event.getRegarding().getUid(), pod.getMetadata().getUid()))
                        .toList();
        ObjectNode list = JSON.createObjectNode().put("apiVersion", "v1").put("kind", "List");
        ArrayNode items = list.putArray("items");
        items.add(pod(JSON.valueToTree(pod)));
        warnings.forEach(warning -> items.add(event(JSON.valueToTree(warning))));
        write(name, list);
    }

    /** Why the API server did not do it. */
    static void write(String name, KubernetesClientException refusal) {
        write(name, (ObjectNode) JSON.valueToTree(refusal.getStatus()));
    }

    private static void write(String name, ObjectNode content) {
        try {
            Files.createDirectories(FOLDER);
            Files.writeString(FOLDER.resolve(name + ".yaml"), Serialization.asYaml(content));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static ObjectNode pod(ObjectNode pod) {
        pod.withObject("/metadata").retain(OF_METADATA);
        ObjectNode spec = pod.withObject("/spec");
        spec.retain(OF_SPEC);
        retain(spec.path("containers"), OF_CONTAINER);
        retain(spec.path("initContainers"), OF_CONTAINER);
        ObjectNode status = pod.withObject("/status");
        status.remove(NOT_OF_STATUS);
        status.path("conditions").forEach(condition -> ((ObjectNode) condition).remove("observedGeneration"));
        retain(status.path("containerStatuses"), OF_CONTAINER_STATUS);
        retain(status.path("initContainerStatuses"), OF_CONTAINER_STATUS);
        for (JsonNode container : status.findValues("terminated")) {
            if (container instanceof ObjectNode terminated) {
                terminated.remove("containerID");
            }
        }
        return pod;
    }

    private static ObjectNode event(ObjectNode event) {
        event.retain(OF_EVENT);
        event.withObject("/regarding").retain(Set.of("kind", "name", "namespace", "uid", "fieldPath"));
        return event;
    }

    private static void retain(JsonNode elements, Set<String> fields) {
        for (JsonNode element : elements) {
            ((ObjectNode) element).retain(fields);
        }
    }
}
