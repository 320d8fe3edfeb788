package build.kiln.operator.status;

import build.kiln.api.v1alpha1.ImageBuild;
import io.fabric8.kubernetes.api.model.MicroTime;
import io.fabric8.kubernetes.api.model.events.v1.Event;
import io.fabric8.kubernetes.api.model.events.v1.EventBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes Kubernetes events, in order and beside the reconciliation: events explain, nothing depends on them. When the API
 * server cannot keep up, the newest ones are dropped with a log line.
 */
public final class EventRecorder implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(EventRecorder.class);
    private static final String CONTROLLER = "kiln.build/operator";
    private static final int LONGEST_PREFIX = 230;
    private static final int MAX_WAITING = 1000;
    private static final Duration DRAIN = Duration.ofSeconds(1);
    private static final DateTimeFormatter MICRO_TIME =
            DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSSSSS'Z'").withZone(ZoneOffset.UTC);

    private final KubernetesClient client;
    private final String instance;
    private final Clock clock;
    private final AtomicLong lastName = new AtomicLong();
    private final ThreadPoolExecutor writer = new ThreadPoolExecutor(
            1,
            1,
            0,
            TimeUnit.SECONDS,
            new ArrayBlockingQueue<>(MAX_WAITING),
            Thread.ofVirtual().name("events").factory());

    /**
     * @param client writes the events
     * @param instance name of this operator's pod
     * @param clock for their times
     */
    public EventRecorder(KubernetesClient client, String instance, Clock clock) {
        this.client = client;
        this.instance = instance;
        this.clock = clock;
    }

    /** Writes them soon. */
    public void record(ImageBuild build, List<Transition> transitions) {
        for (Transition transition : transitions) {
            Event event = event(build, transition);
            try {
                writer.execute(() -> write(event));
            } catch (RejectedExecutionException e) {
                LOG.atWarn()
                        .addKeyValue("namespace", build.getMetadata().getNamespace())
                        .addKeyValue("name", build.getMetadata().getName())
                        .addKeyValue("reason", transition.reason())
                        .log("event dropped: too many are waiting to be written");
            }
        }
    }

    /** Waits a moment for what has not been written yet. */
    @Override
    public void close() {
        writer.shutdown();
        try {
            if (!writer.awaitTermination(DRAIN.toMillis(), TimeUnit.MILLISECONDS)) {
                writer.shutdownNow();
            }
        } catch (InterruptedException e) {
            writer.shutdownNow();
            Thread.currentThread().interrupt();
        }
    }

    private void write(Event event) {
        try {
            client.resource(event).create();
        } catch (KubernetesClientException e) {
            // Expected when the namespace is being deleted; a lost event must never stop a build.
            LOG.atWarn()
                    .addKeyValue("namespace", event.getMetadata().getNamespace())
                    .addKeyValue("reason", event.getReason())
                    .addKeyValue("cause", e.getMessage())
                    .log("event not written");
        }
    }

    private Event event(ImageBuild build, Transition transition) {
        return new EventBuilder()
                .withNewMetadata()
                .withName(eventName(build.getMetadata().getName()))
                .withNamespace(build.getMetadata().getNamespace())
                .endMetadata()
                .withEventTime(new MicroTime(MICRO_TIME.format(clock.instant())))
                .withReportingController(CONTROLLER)
                .withReportingInstance(instance)
                .withType(transition.kind().name())
                .withReason(transition.reason())
                .withAction(transition.action())
                .withNote(transition.note())
                .withNewRegarding()
                .withApiVersion(build.getApiVersion())
                .withKind(build.getKind())
                .withNamespace(build.getMetadata().getNamespace())
                .withName(build.getMetadata().getName())
                .withUid(build.getMetadata().getUid())
                .withResourceVersion(build.getMetadata().getResourceVersion())
                .endRegarding()
                .build();
    }

    /**
     * The customary name of an event: that of its object, and its time in nanoseconds. kubectl lists events of the same second
     * by name, so that their names have to follow their order.
     */
    private String eventName(String name) {
        Instant now = clock.instant();
        long nanos = TimeUnit.SECONDS.toNanos(now.getEpochSecond()) + now.getNano();
        long unique = lastName.updateAndGet(last -> Math.max(last + 1, nanos));
        return name.substring(0, Math.min(name.length(), LONGEST_PREFIX)) + "." + Long.toHexString(unique);
    }
}
