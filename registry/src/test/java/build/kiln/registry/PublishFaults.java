package build.kiln.registry;

import build.kiln.registry.http.RegistryException;
import build.kiln.registry.image.Digest;
import build.kiln.registry.image.MediaTypes;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import mockwebserver3.MockResponse;
import mockwebserver3.RecordedRequest;
import mockwebserver3.SocketEffect;

/** What registries do to a publication, and where. */
final class PublishFaults {
    static final String TAG = "latest";

    private static final SocketEffect RESET = new SocketEffect.CloseSocket();
    private static final byte[] OTHER = "{\"schemaVersion\":2,\"manifests\":[]}".getBytes(StandardCharsets.UTF_8);
    private static final List<Step> ALL = List.of(Step.values());
    private static final List<Step> WRITES = List.of(Step.PUT_INDEX, Step.PUT_TAG);
    private static final List<Step> BODIES = List.of(Step.READ_RESULTS, Step.READ_TAG);

    private PublishFaults() {}

    /** The requests of a publication, in their order. */
    enum Step {
        READ_RESULTS("GET", "sha256:"),
        PUT_INDEX("PUT", "sha256:"),
        CHECK("HEAD", "sha256:"),
        PUT_TAG("PUT", TAG),
        READ_TAG("GET", TAG);

        private final String method;
        private final String reference;

        Step(String method, String reference) {
            this.method = method;
            this.reference = reference;
        }

        boolean is(RecordedRequest request) {
            return request.getMethod().equals(method) && request.getTarget().contains("/manifests/" + reference);
        }

        FaultyProxy.Fault always(Fault fault) {
            return first(Integer.MAX_VALUE, fault);
        }

        FaultyProxy.Fault first(int times, Fault fault) {
            return PublishFaults.first(times, this::is, fault);
        }
    }

    /** The first requests of a kind meet the fault. */
    static FaultyProxy.Fault first(int times, Predicate<RecordedRequest> kind, Fault fault) {
        AtomicInteger left = new AtomicInteger(times);
        return (request, registry) -> kind.test(request) && left.getAndDecrement() > 0
                ? fault.answer().to(request, registry)
                : null;
    }

    /** Answers in the registry's place. */
    @FunctionalInterface
    interface Answer {
        MockResponse to(RecordedRequest request, FaultyProxy.Upstream registry);
    }

    /**
     * One way in which a registry fails.
     *
     * @param name for the name of the test
     * @param steps where it may happen
     * @param failure what a publication ends with
     * @param says part of its message
     * @param answer what the registry answers
     */
    record Fault(
            String name, List<Step> steps, Class<? extends RegistryException> failure, String says, Answer answer) {
        /** Whether the registry does what it is asked for, and only its answer is spoiled. */
        boolean isAfterwards() {
            return equals(OTHER_DIGEST);
        }

        @Override
        public String toString() {
            return name;
        }
    }

    static final Fault ANSWER_LOST = new Fault(
            "answer lost",
            ALL,
            RegistryException.Unavailable.class,
            "broke off",
            (request, registry) -> registry.ask(request).onResponseStart(RESET).build());

    static final Fault SILENT = new Fault(
            "silent",
            ALL,
            RegistryException.Unavailable.class,
            "does not answer in time",
            (request, registry) ->
                    registry.ask(request).headersDelay(1, TimeUnit.HOURS).build());

    static final Fault SLOW = new Fault(
            "slow body",
            BODIES,
            RegistryException.Unavailable.class,
            "does not answer in time",
            (request, registry) ->
                    registry.ask(request).throttleBody(1, 1, TimeUnit.HOURS).build());

    private static final Fault OTHER_DIGEST = new Fault(
            "another digest",
            List.of(Step.PUT_INDEX, Step.CHECK, Step.PUT_TAG),
            RegistryException.InvalidContent.class,
            Digest.sha256(OTHER).toString(),
            (request, registry) -> registry.ask(request)
                    .setHeader("Docker-Content-Digest", Digest.sha256(OTHER))
                    .build());

    /** Faults that may pass. */
    static final List<Fault> PASSING = List.of(
            unavailable(408, "", ""),
            unavailable(500, "UNKNOWN", "unknown error"),
            unavailable(502, "", ""),
            unavailable(503, "UNAVAILABLE", "service unavailable"),
            unavailable(504, "", ""),
            unavailable(507, "", "insufficient storage"),
            new Fault(
                    "busy",
                    ALL,
                    RegistryException.RateLimited.class,
                    "429 too many requests",
                    (request, registry) ->
                            error(request, 429, "TOOMANYREQUESTS", "slow down").build()),
            new Fault(
                    "reset",
                    ALL,
                    RegistryException.Unavailable.class,
                    "broke off",
                    (request, registry) ->
                            new MockResponse.Builder().onResponseStart(RESET).build()),
            new Fault(
                    "truncated",
                    BODIES,
                    RegistryException.Unavailable.class,
                    "broke off",
                    (request, registry) -> truncated(registry.ask(request))));

    /** Faults that last until somebody does something about them. */
    static final List<Fault> LASTING = List.of(
            new Fault(
                    "unauthorized",
                    ALL,
                    RegistryException.Unauthorized.class,
                    "401 unauthorized, no credentials were given",
                    (request, registry) -> error(request, 401, "UNAUTHORIZED", "authentication required")
                            .setHeader("WWW-Authenticate", "Basic realm=\"r\"")
                            .build()),
            refused(ALL, RegistryException.Forbidden.class, 403, "DENIED", "requested access is denied"),
            refused(
                    List.of(Step.READ_RESULTS, Step.PUT_INDEX, Step.PUT_TAG, Step.READ_TAG),
                    RegistryException.NotFound.class,
                    404,
                    "NAME_UNKNOWN",
                    "repository name not known to registry"),
            new Fault(
                    "collected",
                    List.of(Step.READ_RESULTS, Step.CHECK),
                    RegistryException.PlatformsMissing.class,
                    "is no longer in the registry; no tag was written",
                    (request, registry) -> error(request, 404, "MANIFEST_UNKNOWN", "manifest unknown")
                            .build()),
            refused(WRITES, RegistryException.NotFound.class, 400, "MANIFEST_BLOB_UNKNOWN", "blob unknown to registry"),
            refused(WRITES, RegistryException.Rejected.class, 400, "MANIFEST_INVALID", "manifest invalid"),
            refused(WRITES, RegistryException.Rejected.class, 413, "SIZE_INVALID", "too large"),
            refused(
                    List.of(Step.PUT_TAG),
                    RegistryException.TagImmutable.class,
                    400,
                    "TAG_INVALID",
                    "the tag already exists and cannot be overwritten because the repository is immutable"),
            OTHER_DIGEST,
            new Fault(
                    "other content",
                    BODIES,
                    RegistryException.InvalidContent.class,
                    Digest.sha256(OTHER).toString(),
                    (request, registry) -> new MockResponse.Builder()
                            .setHeader("Content-Type", MediaTypes.OCI_INDEX)
                            .body(new okio.Buffer().write(OTHER))
                            .build()));

    /** A registry that is busy, and says when it will not be. */
    static Fault busy(String retryAfter) {
        return new Fault(
                "busy until " + retryAfter,
                ALL,
                RegistryException.RateLimited.class,
                "429 too many requests",
                (request, registry) -> error(request, 429, "TOOMANYREQUESTS", "slow down")
                        .setHeader("Retry-After", retryAfter)
                        .build());
    }

    static String httpDate(Instant instant) {
        return DateTimeFormatter.RFC_1123_DATE_TIME.format(instant.atOffset(ZoneOffset.UTC));
    }

    private static Fault unavailable(int status, String code, String message) {
        return refused(ALL, RegistryException.Unavailable.class, status, code, message);
    }

    private static Fault refused(
            List<Step> steps, Class<? extends RegistryException> failure, int status, String code, String message) {
        return new Fault(
                status + " " + code,
                steps,
                failure,
                String.valueOf(status),
                (request, registry) -> error(request, status, code, message).build());
    }

    private static MockResponse.Builder error(RecordedRequest request, int status, String code, String message) {
        MockResponse.Builder response = new MockResponse.Builder().code(status);
        return request.getMethod().equals("HEAD")
                ? response
                : response.setHeader("Content-Type", "application/json")
                        .body("{\"errors\":[{\"code\":\"" + code + "\",\"message\":\"" + message + "\"}]}");
    }

    private static MockResponse truncated(MockResponse.Builder whole) {
        return whole.setHeader("Content-Length", 100_000)
                .onResponseEnd(SocketEffect.ShutdownConnection.INSTANCE)
                .build();
    }
}
