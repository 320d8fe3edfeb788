package build.kiln.worker;

import build.kiln.protocol.FailureReason;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.StreamSupport;

/**
 * The mounted docker configurations as one: for each registry the entry of the first Secret that has one.
 *
 * @param entries by registry host
 */
record RegistryCredentials(Map<String, Entry> entries) {
    private static final int MAX_SECRETS = 64;
    /** A Secret is at most this large. */
    private static final int MAX_BYTES = 1 << 20;
    /** The key under which BuildKit's client looks up Docker Hub. */
    private static final String DOCKER_HUB_KEY = "https://index.docker.io/v1/";

    /**
     * @param secret number of the Secret
     * @param auth its content, opaque to the worker
     */
    record Entry(int secret, JsonNode auth) {}

    /**
     * Reads the numbered folders in their order. Only {@code auths} counts: credential helpers would be programs that are
     * not there.
     *
     * @throws BuildFailedException naming the Secret that is malformed
     * @throws IOException when the folder cannot be read
     */
    static RegistryCredentials read(Path folder) throws BuildFailedException, IOException {
        Map<String, Entry> entries = new LinkedHashMap<>();
        for (int secret : numberedFolders(folder)) {
            JsonNode auths = auths(secret, folder.resolve(secret + "/config.json"));
            Map<String, Entry> ofSecret = new LinkedHashMap<>();
            auths.properties().forEach(auth -> {
                String host = RegistryHost.ofConfigKey(auth.getKey());
                Entry entry = new Entry(secret, auth.getValue());
                // A key that is nothing but the host is meant for all of it; keys with a path are not.
                if (auth.getKey().equals(host)) {
                    ofSecret.put(host, entry);
                } else {
                    ofSecret.putIfAbsent(host, entry);
                }
            });
            ofSecret.forEach(entries::putIfAbsent);
        }
        return new RegistryCredentials(entries);
    }

    /** The Secret whose credentials are used for this registry. */
    Optional<Integer> secretFor(String host) {
        return Optional.ofNullable(entries.get(host)).map(Entry::secret);
    }

    /** Content of the {@code config.json} for BuildKit's client. */
    byte[] configJson() {
        ObjectNode auths = JsonNodeFactory.instance.objectNode();
        entries.forEach(
                (host, entry) -> auths.set(host.equals(RegistryHost.DOCKER_HUB) ? DOCKER_HUB_KEY : host, entry.auth()));
        ObjectNode config = JsonNodeFactory.instance.objectNode();
        config.set("auths", auths);
        return config.toString().getBytes(StandardCharsets.UTF_8);
    }

    private static List<Integer> numberedFolders(Path folder) throws IOException, BuildFailedException {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        List<Integer> numbers;
        try (DirectoryStream<Path> names = Files.newDirectoryStream(folder)) {
            numbers = StreamSupport.stream(names.spliterator(), false)
                    .map(path -> path.getFileName().toString())
                    .filter(name -> !name.isEmpty()
                            && name.length() <= 4
                            && name.chars().allMatch(c -> c >= '0' && c <= '9'))
                    .map(Integer::valueOf)
                    .sorted(Comparator.naturalOrder())
                    .toList();
        }
        if (numbers.size() > MAX_SECRETS) {
            throw new BuildFailedException(
                    FailureReason.InvalidSpec,
                    "There are " + numbers.size() + " registry Secrets; at most " + MAX_SECRETS + " are read.");
        }
        return numbers;
    }

    private static JsonNode auths(int secret, Path file) throws IOException, BuildFailedException {
        if (!Files.isReadable(file)) {
            throw malformed(secret, "has no .dockerconfigjson that the worker can read");
        }
        if (Files.size(file) > MAX_BYTES) {
            throw malformed(secret, "is larger than " + MAX_BYTES + " bytes");
        }
        JsonNode auths;
        try {
            auths = Json.MAPPER.readTree(file.toFile()).path("auths");
        } catch (JsonProcessingException e) {
            // The parser's own words could quote the content.
            throw malformed(
                    secret,
                    "is not JSON (line "
                            + (e.getLocation() == null ? "?" : e.getLocation().getLineNr()) + ")");
        }
        if (!auths.isMissingNode() && !auths.isObject()) {
            throw malformed(secret, "has an \"auths\" that is not an object");
        }
        return auths;
    }

    private static BuildFailedException malformed(int secret, String what) {
        return new BuildFailedException(Diagnosis.ofRegistrySecret(
                FailureReason.InvalidSpec,
                "Registry Secret " + secret + " " + what
                        + ". Create it anew with kubectl create secret docker-registry.",
                secret));
    }
}
