package build.kiln.registry.image;

/** Text that is not the image name, tag, digest or platform it should be. The message says what is wrong with it. */
public final class InvalidReferenceException extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    public InvalidReferenceException(String message) {
        super(message);
    }
}
