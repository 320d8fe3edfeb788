package build.kiln.registry.image;

import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A reference to an image, {@code registry/repository[:tag][@digest]}, in docker's grammar with short names written
 * out. When both tag and digest are given the digest decides and the tag is for people.
 */
public final class ImageReference {
    private static final Pattern TAG = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}");

    private final Repository repository;
    private final @Nullable String tag;
    private final @Nullable Digest digest;

    ImageReference(Repository repository, @Nullable String tag, @Nullable Digest digest) {
        if (tag != null && !TAG.matcher(tag).matches()) {
            throw new InvalidReferenceException("Tag \"" + Text.shown(tag)
                    + "\" is not valid: up to 128 of A-Z, a-z, 0-9, \"_\", \".\" and \"-\", and neither \".\" nor \"-\""
                    + " at the start.");
        }
        this.repository = repository;
        this.tag = tag;
        this.digest = digest;
    }

    /**
     * Reads a reference.
     *
     * @throws InvalidReferenceException when the text is not one; the message says what is wrong with it
     */
    public static ImageReference parse(String text) {
        if (text.isEmpty()) {
            throw new InvalidReferenceException("Image name is empty.");
        }
        if (text.contains("://")) {
            throw Repository.invalid(text, "it is a URL; write it without \"" + text.split("://", 2)[0] + "://\"");
        }
        String rest = text;
        Digest digest = null;
        int at = rest.indexOf('@');
        if (at >= 0) {
            digest = Digest.parse(rest.substring(at + 1));
            rest = rest.substring(0, at);
        }
        String tag = null;
        int colon = rest.lastIndexOf(':');
        if (colon > rest.lastIndexOf('/')) {
            tag = rest.substring(colon + 1);
            rest = rest.substring(0, colon);
        }
        return new ImageReference(Repository.ofName(rest), tag, digest);
    }

    public Repository repository() {
        return repository;
    }

    public Optional<String> tag() {
        return Optional.ofNullable(tag);
    }

    public Optional<Digest> digest() {
        return Optional.ofNullable(digest);
    }

    /** What a registry is asked for: the digest, else the tag, else {@code latest}. */
    public String target() {
        if (digest != null) {
            return digest.toString();
        }
        return tag == null ? "latest" : tag;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof ImageReference that && toString().equals(that.toString());
    }

    @Override
    public int hashCode() {
        return toString().hashCode();
    }

    @Override
    public String toString() {
        return repository + (tag == null ? "" : ":" + tag) + (digest == null ? "" : "@" + digest);
    }
}
