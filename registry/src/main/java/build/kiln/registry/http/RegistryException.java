package build.kiln.registry.http;

import build.kiln.registry.image.Platform;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Something that was asked of a registry did not happen. The message names the action, what went wrong and, where
 * they matter, the origin of the credentials; it never holds a secret. The subclass is the kind of the failure.
 */
public abstract sealed class RegistryException extends Exception {
    private static final long serialVersionUID = 1L;

    private final boolean retryable;
    private final @Nullable Duration retryAfter;

    private RegistryException(
            String action,
            String problem,
            boolean retryable,
            @Nullable Duration retryAfter,
            @Nullable Throwable cause) {
        super(action + ": " + problem, cause);
        this.retryable = retryable;
        this.retryAfter = retryAfter;
    }

    /** Whether the same call may succeed later without anybody changing anything. */
    public boolean isRetryable() {
        return retryable;
    }

    /** How long the registry asks to wait before the next try, if it said so. */
    public Optional<Duration> retryAfter() {
        return Optional.ofNullable(retryAfter);
    }

    /** The credentials are missing, wrong or expired (401). */
    public static final class Unauthorized extends RegistryException {
        private static final long serialVersionUID = 1L;

        Unauthorized(String action, String problem) {
            super(action, problem, false, null, null);
        }
    }

    /** The credentials are known, but may not do this (403). */
    public static final class Forbidden extends RegistryException {
        private static final long serialVersionUID = 1L;

        Forbidden(String action, String problem) {
            super(action, problem, false, null, null);
        }
    }

    /** The repository, manifest or blob is not there (404). */
    public static final class NotFound extends RegistryException {
        private static final long serialVersionUID = 1L;

        private final boolean repositoryMissing;

        NotFound(String action, String problem, boolean repositoryMissing) {
            super(action, problem, false, null, null);
            this.repositoryMissing = repositoryMissing;
        }

        /** Whether the registry says that it has no such repository, not only that something is not in it. */
        public boolean isRepositoryMissing() {
            return repositoryMissing;
        }
    }

    /** What was pushed for some platforms is no longer in the repository. Pushing it again is all that is needed. */
    public static final class PlatformsMissing extends RegistryException {
        private static final long serialVersionUID = 1L;

        private final transient List<Platform> platforms;

        public PlatformsMissing(String action, String problem, List<Platform> platforms) {
            super(action, problem, false, null, null);
            this.platforms = List.copyOf(platforms);
        }

        /** The platforms, each once, in the order of the request. */
        public List<Platform> platforms() {
            return platforms;
        }
    }

    /** The tag exists, points elsewhere, and the registry does not let tags of this repository be moved. */
    public static final class TagImmutable extends RegistryException {
        private static final long serialVersionUID = 1L;

        TagImmutable(String action, String problem) {
            super(action, problem, false, null, null);
        }
    }

    /** The registry does not take what was sent, for a reason of its own (other 4xx). */
    public static final class Rejected extends RegistryException {
        private static final long serialVersionUID = 1L;

        Rejected(String action, String problem) {
            super(action, problem, false, null, null);
        }
    }

    /** Too many requests (429). */
    public static final class RateLimited extends RegistryException {
        private static final long serialVersionUID = 1L;

        RateLimited(String action, String problem, @Nullable Duration retryAfter) {
            super(action, problem, true, retryAfter, null);
        }
    }

    /** The registry answers with a server error (5xx), breaks off, or does not answer in time. */
    public static final class Unavailable extends RegistryException {
        private static final long serialVersionUID = 1L;

        Unavailable(String action, String problem, @Nullable Duration retryAfter) {
            super(action, problem, true, retryAfter, null);
        }

        Unavailable(String action, String problem, Throwable cause) {
            super(action, problem, true, null, cause);
        }
    }

    /** The registry's host name is unknown, or nothing takes the connection. */
    public static final class Unreachable extends RegistryException {
        private static final long serialVersionUID = 1L;

        Unreachable(String action, String problem, Throwable cause) {
            super(action, problem, true, null, cause);
        }
    }

    /** The connection would not be safe: an untrusted certificate, or credentials asked for over plain HTTP. */
    public static final class Untrusted extends RegistryException {
        private static final long serialVersionUID = 1L;

        Untrusted(String action, String problem, @Nullable Throwable cause) {
            super(action, problem, false, null, cause);
        }
    }

    /** What was answered or pushed is not what it should be: another digest, too large, or malformed. */
    public static final class InvalidContent extends RegistryException {
        private static final long serialVersionUID = 1L;

        public InvalidContent(String action, String problem) {
            super(action, problem, false, null, null);
        }
    }

    /** The time given to the whole call ran out. The cause is the last failure, if there was one. */
    public static final class DeadlineExceeded extends RegistryException {
        private static final long serialVersionUID = 1L;

        DeadlineExceeded(String action, String problem, @Nullable Throwable cause) {
            super(action, problem, true, null, cause);
        }
    }

    /** The calling thread was interrupted; its interrupt status is set. */
    public static final class Interrupted extends RegistryException {
        private static final long serialVersionUID = 1L;

        public Interrupted(String action) {
            super(action, "interrupted", true, null, null);
        }
    }
}
