package build.kiln.registry.auth;

/** A docker configuration that cannot be used. The message names its origin and the place, never its content. */
public final class InvalidDockerConfigException extends Exception {
    private static final long serialVersionUID = 1L;

    InvalidDockerConfigException(String origin, String problem) {
        super(origin + ": " + problem);
    }
}
