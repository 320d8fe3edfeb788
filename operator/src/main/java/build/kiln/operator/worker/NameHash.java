package build.kiln.operator.worker;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** Shortens names without letting two of them meet. */
final class NameHash {
    private static final int BYTES = 4;

    private NameHash() {}

    /** The start of the name, a dash and 8 hexadecimal digits of its hash, together not longer than {@code length}. */
    static String shorten(String name, int length) {
        String start = name.substring(0, length - 2 * BYTES - 1).replaceAll("[.-]+$", "");
        return start + "-" + hash(name);
    }

    private static String hash(String name) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(name.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest, 0, BYTES);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("The Java runtime lacks SHA-256", e);
        }
    }
}
