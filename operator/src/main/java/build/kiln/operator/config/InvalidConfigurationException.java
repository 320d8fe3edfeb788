package build.kiln.operator.config;

import org.jspecify.annotations.Nullable;

/** The configuration file cannot be used; the message names the file, the key and what to write. */
public final class InvalidConfigurationException extends Exception {
    private static final long serialVersionUID = 1L;

    InvalidConfigurationException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
