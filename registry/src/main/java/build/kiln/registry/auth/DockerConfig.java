package build.kiln.registry.auth;

import build.kiln.registry.image.Repository;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * The {@code auths} of a docker configuration ({@code config.json}, or {@code .dockerconfigjson} of a Kubernetes
 * Secret). Keys may be a host, a host with a port, a host with a path, or a URL of either; of those that fit a
 * repository the one with the longest path wins, as in the kubelet. Credential helpers are programs, which a pod does
 * not have, so they are not read.
 */
public final class DockerConfig implements CredentialSource {
    /** The largest Secret that Kubernetes stores. */
    static final int LARGEST = 1024 * 1024;

    private static final JsonMapper MAPPER = new JsonMapper();

    private final String origin;
    private final List<Entry> entries;

    private record Entry(String registry, String path, Credentials credentials) {
        boolean fits(Repository repository) {
            return registry.equals(repository.registry())
                    && (path.isEmpty() || (repository.path() + "/").startsWith(path + "/"));
        }
    }

    private DockerConfig(String origin, List<Entry> entries) {
        this.origin = origin;
        this.entries = entries;
    }

    /**
     * Reads a configuration.
     *
     * @param json the configuration, at most 1 MiB
     * @param origin where it was read, such as {@code Secret shop/push}
     * @throws InvalidDockerConfigException when it is no docker configuration
     */
    public static DockerConfig parse(byte[] json, String origin) throws InvalidDockerConfigException {
        if (json.length > LARGEST) {
            throw new InvalidDockerConfigException(origin, "the docker configuration is larger than 1 MiB");
        }
        JsonNode auths = read(json, origin).path("auths");
        if (!auths.isMissingNode() && !auths.isNull() && !auths.isObject()) {
            throw new InvalidDockerConfigException(origin, "\"auths\" is not an object");
        }
        List<Entry> entries = new ArrayList<>();
        for (Map.Entry<String, JsonNode> auth : auths.properties()) {
            Optional<Credentials> credentials = credentials(auth.getKey(), auth.getValue(), origin);
            credentials.ifPresent(found -> entries.add(entry(auth.getKey(), found)));
        }
        entries.sort(
                Comparator.comparingInt((Entry entry) -> entry.path.length()).reversed());
        return new DockerConfig(origin, List.copyOf(entries));
    }

    private static JsonNode read(byte[] json, String origin) throws InvalidDockerConfigException {
        try {
            JsonNode node = MAPPER.readTree(json);
            if (!node.isObject()) {
                throw new InvalidDockerConfigException(origin, "the docker configuration is not a JSON object");
            }
            return node;
        } catch (JsonProcessingException e) {
            // The parser's own message may repeat a piece of the document, which is a secret.
            JsonLocation at = e.getLocation();
            String place = at == null ? "" : " (line " + at.getLineNr() + ", column " + at.getColumnNr() + ")";
            throw new InvalidDockerConfigException(origin, "the docker configuration is not JSON" + place);
        } catch (IOException e) {
            throw new InvalidDockerConfigException(origin, "the docker configuration cannot be read");
        }
    }

    private static Optional<Credentials> credentials(String key, JsonNode auth, String origin)
            throws InvalidDockerConfigException {
        String identityToken = auth.path("identitytoken").asText("");
        if (!identityToken.isEmpty()) {
            return Optional.of(new Credentials.IdentityToken(identityToken, origin));
        }
        String registryToken = auth.path("registrytoken").asText("");
        if (!registryToken.isEmpty()) {
            return Optional.of(new Credentials.RegistryToken(registryToken, origin));
        }
        String encoded = auth.path("auth").asText("");
        if (!encoded.isEmpty()) {
            return Optional.of(decode(key, encoded, origin));
        }
        String username = auth.path("username").asText("");
        String password = auth.path("password").asText("");
        return username.isEmpty() && password.isEmpty()
                ? Optional.empty()
                : Optional.of(new Credentials.Basic(username, password, origin));
    }

    private static Credentials decode(String key, String encoded, String origin) throws InvalidDockerConfigException {
        String pair;
        try {
            pair = new String(Base64.getMimeDecoder().decode(encoded), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            throw new InvalidDockerConfigException(origin, "the \"auth\" of \"" + key + "\" is not base64");
        }
        int colon = pair.indexOf(':');
        if (colon <= 0) {
            throw new InvalidDockerConfigException(
                    origin, "the \"auth\" of \"" + key + "\" is not \"username:password\" in base64");
        }
        // docker pads short values with zero bytes
        return new Credentials.Basic(
                pair.substring(0, colon), pair.substring(colon + 1).replace("\0", ""), origin);
    }

    private static Entry entry(String key, Credentials credentials) {
        String rest = key.contains("://") ? key.substring(key.indexOf("://") + 3) : key;
        int slash = rest.indexOf('/');
        String host = slash < 0 ? rest : rest.substring(0, slash);
        String path = slash < 0 ? "" : rest.substring(slash);
        // Docker Hub is known by the URL of its old API, and other hosts are written after its pattern.
        path = path.replaceFirst("^/v[12](/|$)", "/");
        return new Entry(registry(host), path.replaceAll("^/+|/+$", ""), credentials);
    }

    private static String registry(String host) {
        return switch (host.toLowerCase(Locale.ROOT)) {
            case "index.docker.io", "registry-1.docker.io", "docker.io" -> "docker.io";
            default -> host;
        };
    }

    @Override
    public Optional<Credentials> find(Repository repository) {
        return entries.stream()
                .filter(entry -> entry.fits(repository))
                .map(Entry::credentials)
                .findFirst();
    }

    @Override
    public String searched() {
        return origin;
    }
}
