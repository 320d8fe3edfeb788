package build.kiln.registry.image;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A small index that keeps a push from being collected as untagged: it lists what was pushed, and a temporary tag points
 * at it. The tag never points at the push itself, so that whatever a registry deletes together with a tag, or forgets
 * when a tag moves on, is the anchor alone. Its bytes name its tag: an anchor belongs to one tag, and deleting it by
 * digest takes no other tag with it.
 */
public final class Anchor {
    /** Annotation whose value is the tag of the anchor. */
    public static final String TAG_ANNOTATION = "build.kiln.temporary-tag";

    private static final String DESCRIPTION_ANNOTATION = "org.opencontainers.image.description";
    private static final String DESCRIPTION =
            "Keeps what was pushed for one platform until the image is published. Temporary: not an image to use.";

    private Anchor() {}

    /**
     * The anchor of a push.
     *
     * @param tag the tag that will point at it
     * @param pushed an image manifest, or an index of an image and its attestations
     */
    public static Manifest of(String tag, Manifest pushed) throws MalformedImageException {
        List<Descriptor> children = new ArrayList<>(List.of(pushed.descriptor()));
        if (pushed.isIndex()) {
            // Not every collector follows an index inside an index.
            children.addAll(pushed.children());
        }
        Map<String, String> annotations = Map.of(TAG_ANNOTATION, tag, DESCRIPTION_ANNOTATION, DESCRIPTION);
        return IndexDocument.of(MediaTypes.OCI_INDEX, children, annotations);
    }

    /** Whether a manifest is the anchor of a push under a tag. */
    public static boolean is(Manifest manifest, String tag, Digest pushed) {
        try {
            return tag.equals(manifest.annotations().get(TAG_ANNOTATION))
                    && manifest.children().stream()
                            .anyMatch(child -> child.digest().equals(pushed));
        } catch (MalformedImageException e) {
            // What cannot be read was not written by an anchor's author.
            return false;
        }
    }
}
