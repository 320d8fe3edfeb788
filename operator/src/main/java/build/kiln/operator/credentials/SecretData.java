package build.kiln.operator.credentials;

import io.fabric8.kubernetes.api.model.Secret;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Values of a Secret as the API server gives them, in base64. */
final class SecretData {
    private SecretData() {}

    static Optional<byte[]> bytes(Secret secret, String key) {
        return Optional.ofNullable(data(secret).get(key)).map(Base64.getDecoder()::decode);
    }

    /** The value as text; empty also when it has no character but white space. */
    static Optional<String> text(Secret secret, String key) {
        return bytes(secret, key)
                .map(bytes -> new String(bytes, StandardCharsets.UTF_8))
                .filter(text -> !text.isBlank());
    }

    static List<String> keys(Secret secret) {
        return data(secret).keySet().stream().sorted().toList();
    }

    private static Map<String, String> data(Secret secret) {
        return secret.getData() == null ? Map.of() : secret.getData();
    }
}
