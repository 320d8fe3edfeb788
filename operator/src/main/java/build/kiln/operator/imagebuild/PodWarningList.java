package build.kiln.operator.imagebuild;

import build.kiln.operator.worker.PodWarning;
import io.fabric8.kubernetes.api.model.ListOptions;
import io.fabric8.kubernetes.api.model.ListOptionsBuilder;
import io.fabric8.kubernetes.api.model.events.v1.Event;
import io.fabric8.kubernetes.api.model.events.v1.EventList;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Lists the warnings about pods that say why they do not start. */
final class PodWarningList {
    /** The API server sends nothing else; the reasons left out are the frequent ones, of pods that run or have no node. */
    private static final String SELECTOR = "regarding.kind=Pod,type=Warning"
            + ",reason!=Unhealthy,reason!=BackOff,reason!=Failed,reason!=FailedScheduling";

    private static final long PAGE = 500;
    private static final int MOST_PAGES = 10;

    private final KubernetesClient client;

    PodWarningList(KubernetesClient client) {
        this.client = client;
    }

    /** By the pods' uids. */
    Map<String, List<PodWarning>> of(String namespace) {
        Map<String, List<PodWarning>> byPod = new HashMap<>();
        @Nullable String next = null;
        for (int page = 0; page < MOST_PAGES && (page == 0 || next != null); page++) {
            ListOptions options = new ListOptionsBuilder()
                    .withFieldSelector(SELECTOR)
                    .withLimit(PAGE)
                    .withContinue(next)
                    .build();
            EventList events =
                    client.events().v1().events().inNamespace(namespace).list(options);
            for (Event event : events.getItems()) {
                if (PodWarning.isTelling(event.getReason())
                        && event.getRegarding().getUid() != null) {
                    byPod.computeIfAbsent(event.getRegarding().getUid(), _ -> new ArrayList<>())
                            .add(PodWarning.of(event));
                }
            }
            String token = events.getMetadata().getContinue();
            next = token == null || token.isEmpty() ? null : token;
        }
        return byPod;
    }
}
