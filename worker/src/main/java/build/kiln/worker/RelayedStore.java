package build.kiln.worker;

import java.net.URI;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/** What a relay has to know of the store behind it. */
interface RelayedStore {
    /** For messages, such as {@code s3 bucket build-cache}. */
    String title();

    /** Whether the request comes from someone who was given the key to the relay. */
    boolean isAuthentic(RelayedRequest request);

    /** Whether requests and answers are small, and what they are about stands in their bodies. */
    default boolean looksAtBodies() {
        return false;
    }

    /** What it is about. */
    Access access(RelayedRequest request);

    /**
     * The same request as the store takes it.
     *
     * @param headers of the request that go on, names in lower case
     */
    Outgoing outgoing(RelayedRequest request, Map<String, String> headers, Instant now);

    /**
     * What an answer means, as a status of HTTP.
     *
     * @param body of the answer; empty unless the store looks at bodies
     */
    default int status(Access access, int status, String body) {
        return status;
    }

    /** The text without anything that is secret. */
    String redacted(String text);

    /**
     * A request to the store.
     *
     * @param address with path and query
     * @param headers names in lower case
     */
    record Outgoing(URI address, Map<String, String> headers) {}

    /** What a request is about. */
    sealed interface Access {
        /** Something that this build has no business with. */
        record Denied() implements Access {}

        /** Whether there is a cache of that name, and what is in it. */
        record ManifestRead(String name) implements Access {}

        /** Whether there is a place for these caches at all. */
        record StoreRead(List<String> names) implements Access {}

        /** Content of a cache. */
        record BlobRead() implements Access {}

        /** Part of writing a cache. */
        record Write() implements Access {}
    }
}
