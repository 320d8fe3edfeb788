package build.kiln.registry.image;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.regex.Pattern;

/**
 * A content digest, {@code algorithm:hex} (OCI image specification, "Digests").
 *
 * @param algorithm the hash algorithm
 * @param hex the hash in lower-case hexadecimal, of exactly the algorithm's length
 */
public record Digest(Algorithm algorithm, String hex) {
    private static final Pattern HEX = Pattern.compile("[a-f0-9]+");

    /** The registered algorithms of the specification. */
    public enum Algorithm {
        SHA256("sha256", "SHA-256", 64),
        SHA512("sha512", "SHA-512", 128);

        private final String prefix;
        private final String jcaName;
        private final int hexLength;

        Algorithm(String prefix, String jcaName, int hexLength) {
            this.prefix = prefix;
            this.jcaName = jcaName;
            this.hexLength = hexLength;
        }

        /** A fresh hash of this algorithm, for content that is streamed. */
        public MessageDigest newHash() {
            try {
                return MessageDigest.getInstance(jcaName);
            } catch (NoSuchAlgorithmException e) {
                throw new IllegalStateException("The Java runtime lacks " + jcaName, e);
            }
        }
    }

    public Digest {
        if (hex.length() != algorithm.hexLength || !HEX.matcher(hex).matches()) {
            throw new InvalidReferenceException("Digest \"" + algorithm.prefix + ":" + Text.shown(hex) + "\" needs "
                    + algorithm.hexLength + " lower-case hexadecimal characters after \"" + algorithm.prefix + ":\".");
        }
    }

    /**
     * Reads {@code sha256:<64 hex>} or {@code sha512:<128 hex>}.
     *
     * @throws InvalidReferenceException when the text is not a digest
     */
    public static Digest parse(String text) {
        int colon = text.indexOf(':');
        String prefix = colon < 0 ? "" : text.substring(0, colon);
        for (Algorithm algorithm : Algorithm.values()) {
            if (algorithm.prefix.equals(prefix)) {
                return new Digest(algorithm, text.substring(colon + 1));
            }
        }
        throw new InvalidReferenceException(
                "Digest \"" + Text.shown(text) + "\" must start with \"sha256:\" or \"sha512:\".");
    }

    /** The SHA-256 digest of the bytes, the algorithm that registries and builders agree on. */
    public static Digest sha256(byte[] content) {
        return of(Algorithm.SHA256, content);
    }

    /** The digest of the bytes under an algorithm. */
    public static Digest of(Algorithm algorithm, byte[] content) {
        return of(algorithm, algorithm.newHash(), content);
    }

    /** The digest that a finished hash of the algorithm stands for. */
    public static Digest of(Algorithm algorithm, MessageDigest finished) {
        return of(algorithm, finished, new byte[0]);
    }

    private static Digest of(Algorithm algorithm, MessageDigest hash, byte[] rest) {
        return new Digest(algorithm, HexFormat.of().formatHex(hash.digest(rest)));
    }

    /** Whether the bytes have this digest. */
    public boolean matches(byte[] content) {
        return equals(of(algorithm, content));
    }

    @Override
    public String toString() {
        return algorithm.prefix + ":" + hex;
    }
}
