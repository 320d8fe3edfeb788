package build.kiln.operator.publish;

import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.registry.image.Digest;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Objects;

/**
 * Name of the tag that keeps what one platform pushed. There is one per object and platform, and the next run moves it: where
 * a registry deletes nothing, there are never more of them.
 */
final class TemporaryTag {
    private static final String PREFIX = "kiln-tmp-";
    private static final int HASH_LENGTH = 16;
    private static final int LONGEST_PLATFORM = 64;

    private TemporaryTag() {}

    /** {@code kiln-tmp-<platform>-<hash of the object's uid and the platform>}. */
    static String of(ImageBuild build, String platform) {
        String uid = Objects.requireNonNull(build.getMetadata().getUid(), "an object of the API server has a uid");
        String hash = Digest.sha256((uid + "/" + platform).getBytes(StandardCharsets.UTF_8))
                .hex()
                .substring(0, HASH_LENGTH);
        String readable = platform.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-");
        return PREFIX + readable.substring(0, Math.min(readable.length(), LONGEST_PLATFORM)) + "-" + hash;
    }
}
