package build.kiln.protocol;

import org.jspecify.annotations.Nullable;

/** A document of the protocol could not be read; the message says what is wrong with it. */
public final class MalformedDocumentException extends Exception {
    private static final long serialVersionUID = 1L;

    MalformedDocumentException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
