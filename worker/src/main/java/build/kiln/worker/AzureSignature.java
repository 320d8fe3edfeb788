package build.kiln.worker;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.security.InvalidKeyException;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * The authorization "Shared Key" of Azure Storage.
 *
 * @param account name of the storage account
 * @param key of the account, in Base64 as it is given out
 */
record AzureSignature(String account, String key) {
    /** In the order in which they count; the length of an empty body is none. */
    private static final List<String> COUNTED = List.of(
            "content-encoding",
            "content-language",
            "content-length",
            "content-md5",
            "content-type",
            "date",
            "if-modified-since",
            "if-match",
            "if-none-match",
            "if-unmodified-since",
            "range");

    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern(
                    "EEE, dd MMM yyyy HH:mm:ss 'GMT'", Locale.ENGLISH)
            .withZone(ZoneOffset.UTC);

    /**
     * What to send with a request so that the service takes it.
     *
     * @param path as it is sent, percent-encoded
     * @param query as it is sent, percent-encoded; null for none
     * @param headers that are sent, names in lower case
     * @param length of the body
     * @return these headers and those that the signature adds
     */
    Map<String, String> signed(
            String method,
            String path,
            @Nullable String query,
            Map<String, String> headers,
            String length,
            Instant now) {
        SortedMap<String, String> all = new TreeMap<>(headers);
        all.put("x-ms-date", TIME.format(now));
        Map<String, String> counted = new TreeMap<>(all);
        counted.put("content-length", length.equals("0") ? "" : length);
        Stream<String> own = all.entrySet().stream()
                .filter(header -> header.getKey().startsWith("x-ms-"))
                .map(header -> header.getKey() + ":" + header.getValue().strip());
        String toSign = Stream.of(
                        Stream.of(method),
                        COUNTED.stream().map(name -> counted.getOrDefault(name, "")),
                        own,
                        Stream.of("/" + account + path),
                        parameters(query).stream())
                .flatMap(part -> part)
                .collect(Collectors.joining("\n"));
        all.put("authorization", "SharedKey " + account + ":" + hmac(toSign));
        return all;
    }

    private static List<String> parameters(@Nullable String query) {
        SortedMap<String, String> parameters = new TreeMap<>();
        for (String pair : query == null || query.isEmpty() ? new String[0] : query.split("&", -1)) {
            int equals = pair.indexOf('=');
            String name = equals < 0 ? pair : pair.substring(0, equals);
            parameters.put(
                    decoded(name).toLowerCase(Locale.ROOT), equals < 0 ? "" : decoded(pair.substring(equals + 1)));
        }
        List<String> lines = new ArrayList<>();
        parameters.forEach((name, value) -> lines.add(name + ":" + value));
        return lines;
    }

    private static String decoded(String text) {
        return URLDecoder.decode(text, StandardCharsets.UTF_8);
    }

    private String hmac(String text) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(Base64.getDecoder().decode(key), "HmacSHA256"));
            return Base64.getEncoder().encodeToString(mac.doFinal(text.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException | InvalidKeyException e) {
            throw new IllegalStateException("every Java runtime has HmacSHA256", e);
        }
    }

    @Override
    public String toString() {
        return "AzureSignature";
    }
}
