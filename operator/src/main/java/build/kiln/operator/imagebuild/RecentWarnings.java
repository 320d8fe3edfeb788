package build.kiln.operator.imagebuild;

import build.kiln.operator.worker.PodWarning;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Warnings about pods, asked for only while a pod does not get its containers, and once in a while for a whole namespace,
 * however many pods wait in it. Without an answer builds go on all the same: pods that do not start are given up later, and say
 * less. Thread-safe.
 */
final class RecentWarnings {
    private static final Logger LOG = LoggerFactory.getLogger(RecentWarnings.class);

    /** Together with the time between two looks at a pod less than 10 s. */
    static final Duration FRESH = Duration.ofSeconds(3);

    private static final Duration AFTER_FAILURE = Duration.ofMinutes(1);
    private static final Duration KEPT = Duration.ofMinutes(2);

    private final ClusterApi api;
    private final Map<String, Answer> answers = new HashMap<>();

    /**
     * @param asked when
     * @param byPod by the pods' uids
     * @param failed whether there was no answer, and these are those of the one before
     */
    private record Answer(Instant asked, Map<String, List<PodWarning>> byPod, boolean failed) {
        /** A clock that was set back makes it old, too. */
        boolean isOld(Instant now) {
            return now.isBefore(asked) || !now.isBefore(asked.plus(failed ? AFTER_FAILURE : FRESH));
        }
    }

    RecentWarnings(ClusterApi api) {
        this.api = api;
    }

    List<PodWarning> of(Pod pod, Instant now) {
        String namespace = pod.getMetadata().getNamespace();
        Optional<Answer> before = claim(namespace, now);
        Map<String, List<PodWarning>> byPod = before.isPresent()
                ? ask(namespace, now, before.get())
                : known(namespace).byPod();
        return byPod.getOrDefault(pod.getMetadata().getUid(), List.of());
    }

    /** The answer to replace, for the one caller whose task it is; nobody waits for a question under way. */
    private synchronized Optional<Answer> claim(String namespace, Instant now) {
        @Nullable Answer before = answers.get(namespace);
        if (before != null && !before.isOld(now)) {
            return Optional.empty();
        }
        answers.values().removeIf(answer -> answer.asked().plus(KEPT).isBefore(now));
        Answer last = before == null ? new Answer(now, Map.of(), false) : before;
        answers.put(namespace, new Answer(now, last.byPod(), last.failed()));
        return Optional.of(last);
    }

    private Map<String, List<PodWarning>> ask(String namespace, Instant now, Answer before) {
        try {
            Map<String, List<PodWarning>> byPod = Map.copyOf(api.podWarnings(namespace));
            store(namespace, new Answer(now, byPod, false));
            return byPod;
        } catch (KubernetesClientException e) {
            store(namespace, new Answer(now, before.byPod(), true));
            if (!before.failed()) {
                LOG.atWarn()
                        .addKeyValue("namespace", namespace)
                        .addKeyValue("cause", e.getMessage())
                        .log("events cannot be read: pods that do not start may not say why");
            }
            return before.byPod();
        }
    }

    private synchronized void store(String namespace, Answer answer) {
        answers.put(namespace, answer);
    }

    private synchronized Answer known(String namespace) {
        Answer answer = answers.get(namespace);
        return answer == null ? new Answer(Instant.EPOCH, Map.of(), false) : answer;
    }
}
