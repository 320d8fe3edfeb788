package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.BuildArg;
import build.kiln.api.v1alpha1.BuildSecret;
import build.kiln.api.v1alpha1.Dockerfile;
import build.kiln.api.v1alpha1.ImageBuildSpec;
import build.kiln.api.v1alpha1.LocalReference;
import build.kiln.api.v1alpha1.Output;
import build.kiln.api.v1alpha1.Source;
import build.kiln.operator.placement.RequestedPlatforms;
import build.kiln.operator.worker.CacheBackends;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Hash of the build inputs. A change of it starts a run, so it covers what the image depends on and what a build needs to get
 * access to: source, Dockerfile, target, build arguments, labels, platforms, output except tags, whether it holds its cache, and
 * references to Secrets. A
 * field that is left out hashes like its default; the order of maps, arguments and secrets does not count.
 */
final class InputHash {
    /** Changes only together with the meaning of the hash: a new value rebuilds every image once. */
    private static final String VERSION = "1";

    private static final JsonMapper MAPPER = JsonMapper.builder()
            .enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS)
            .build();

    private InputHash() {}

    /** Hash of the spec's inputs, the revision as it is written there. */
    static String of(ImageBuildSpec spec) {
        Map<String, @Nullable Object> inputs = new TreeMap<>();
        inputs.put("version", VERSION);
        inputs.put("source", source(spec.source()));
        inputs.put("dockerfile", dockerfile(spec.dockerfile()));
        inputs.put("target", spec.target());
        inputs.put("buildArgs", buildArgs(orEmpty(spec.buildArgs())));
        inputs.put("labels", spec.labels() == null ? Map.of() : spec.labels());
        inputs.put("platforms", RequestedPlatforms.of(spec));
        inputs.put("output", output(spec.output()));
        if (CacheBackends.writesInline(spec.cache())) {
            // It stands in the image. Left out otherwise: the hash of what was built before there was such a thing
            // stays.
            inputs.put("inlineCache", true);
        }
        inputs.put("secrets", secrets(orEmpty(spec.secrets())));
        inputs.put("registryCredentials", names(orEmpty(spec.registryCredentials())));
        inputs.put("serviceAccountName", Objects.requireNonNullElse(spec.serviceAccountName(), "default"));
        return sha256(json(inputs));
    }

    /** Hash of the inputs with the revision resolved. */
    static String resolved(String specHash, @Nullable String commit) {
        return commit == null ? specHash : sha256(specHash + "\n" + commit);
    }

    private static Map<String, @Nullable Object> source(Source source) {
        Map<String, @Nullable Object> inputs = new TreeMap<>();
        Source.Git git = source.git();
        if (git != null) {
            inputs.put("url", git.url());
            inputs.put("revision", git.revision());
            inputs.put("subPath", git.subPath());
            LocalReference secret = git.secretRef();
            inputs.put("secretRef", secret == null ? null : secret.name());
        }
        Source.Inline inline = source.inline();
        if (inline != null) {
            inputs.put("files", inline.files());
        }
        return inputs;
    }

    private static Map<String, @Nullable Object> dockerfile(@Nullable Dockerfile dockerfile) {
        Map<String, @Nullable Object> inputs = new TreeMap<>();
        String inline = dockerfile == null ? null : dockerfile.inline();
        String path = dockerfile == null ? null : dockerfile.path();
        inputs.put("inline", inline);
        inputs.put("path", inline == null ? Objects.requireNonNullElse(path, "Dockerfile") : null);
        return inputs;
    }

    private static Map<String, @Nullable Object> output(Output output) {
        Map<String, @Nullable Object> inputs = new TreeMap<>();
        inputs.put("image", output.image());
        inputs.put("annotations", output.annotations() == null ? Map.of() : output.annotations());
        inputs.put("provenance", Objects.requireNonNullElse(output.provenance(), Output.Provenance.Min));
        inputs.put("sourceDateEpoch", output.sourceDateEpoch());
        return inputs;
    }

    private static Map<String, String> buildArgs(List<BuildArg> arguments) {
        Map<String, String> inputs = new TreeMap<>();
        arguments.forEach(argument -> inputs.put(argument.name(), argument.value()));
        return inputs;
    }

    private static List<BuildSecret> secrets(List<BuildSecret> secrets) {
        return secrets.stream().sorted(Comparator.comparing(BuildSecret::id)).toList();
    }

    private static List<String> names(List<LocalReference> references) {
        return references.stream().map(LocalReference::name).toList();
    }

    private static <T> List<T> orEmpty(@Nullable List<T> list) {
        return list == null ? List.of() : list;
    }

    static String json(Object value) {
        try {
            return MAPPER.writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("the spec cannot be written as JSON", e);
        }
    }

    private static String sha256(String text) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            return "sha256:" + HexFormat.of().formatHex(digest.digest(text.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java runtime has SHA-256", e);
        }
    }
}
