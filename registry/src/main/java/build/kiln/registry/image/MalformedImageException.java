package build.kiln.registry.image;

/** Content that is not the manifest, index, descriptor or configuration it claims to be. */
public final class MalformedImageException extends Exception {
    private static final long serialVersionUID = 1L;

    public MalformedImageException(String message) {
        super(message);
    }
}
