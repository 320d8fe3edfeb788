package build.kiln.worker;

import java.nio.charset.StandardCharsets;
import java.security.InvalidKeyException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * Signature version 4 of Amazon's S3.
 *
 * @param keyId of the access key
 * @param key the access key
 * @param sessionToken what temporary credentials have besides
 */
record AwsSignature(String keyId, String key, @Nullable String sessionToken) {
    private static final String ALGORITHM = "AWS4-HMAC-SHA256";
    private static final String CONTENT_HASH = "x-amz-content-sha256";
    private static final String UNSIGNED = "UNSIGNED-PAYLOAD";
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'", Locale.ROOT).withZone(ZoneOffset.UTC);

    /**
     * What to send with a request so that the service takes it.
     *
     * @param path as it is sent, percent-encoded
     * @param query as it is sent, percent-encoded; null for none
     * @param headers that are sent, names in lower case; host is one of them
     * @return these headers and those that the signature adds
     */
    Map<String, String> signed(
            String method,
            String path,
            @Nullable String query,
            Map<String, String> headers,
            String region,
            Instant now) {
        String time = TIME.format(now);
        SortedMap<String, String> all = new TreeMap<>(headers);
        all.put("x-amz-date", time);
        all.putIfAbsent(CONTENT_HASH, UNSIGNED);
        if (sessionToken != null) {
            all.put("x-amz-security-token", sessionToken);
        }
        SortedMap<String, String> counted = new TreeMap<>(all);
        counted.keySet().removeIf(name -> !isSigned(name));
        String names = String.join(";", counted.keySet());
        String canonical = String.join(
                "\n",
                method,
                path,
                query(query),
                counted.entrySet().stream()
                        .map(header -> header.getKey() + ":"
                                + header.getValue().strip().replaceAll(" +", " ") + "\n")
                        .collect(Collectors.joining()),
                names,
                all.get(CONTENT_HASH));
        String scope = time.substring(0, 8) + "/" + region + "/s3/aws4_request";
        String toSign = String.join("\n", ALGORITHM, time, scope, hex(sha256(canonical)));
        byte[] signingKey = ("AWS4" + key).getBytes(StandardCharsets.UTF_8);
        for (String part : scope.split("/", -1)) {
            signingKey = hmac(signingKey, part);
        }
        all.put(
                "authorization",
                ALGORITHM + " Credential=" + keyId + "/" + scope + ",SignedHeaders=" + names + ",Signature="
                        + hex(hmac(signingKey, toSign)));
        return all;
    }

    /** Others may be changed on the way: that of Google does it to accept-encoding. */
    private static boolean isSigned(String header) {
        return header.equals("host") || header.equals("content-md5") || header.startsWith("x-amz-");
    }

    private static String query(@Nullable String query) {
        return query == null || query.isEmpty()
                ? ""
                : Arrays.stream(query.replace("+", "%20").split("&", -1))
                        .map(pair -> pair.indexOf('=') < 0 ? pair + "=" : pair)
                        .sorted()
                        .collect(Collectors.joining("&"));
    }

    private static byte[] sha256(String text) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java runtime has SHA-256", e);
        }
    }

    private static byte[] hmac(byte[] key, String text) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(key, "HmacSHA256"));
            return mac.doFinal(text.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException | InvalidKeyException e) {
            throw new IllegalStateException("every Java runtime has HmacSHA256", e);
        }
    }

    private static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }

    @Override
    public String toString() {
        return "AwsSignature";
    }
}
