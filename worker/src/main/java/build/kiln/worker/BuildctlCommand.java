package build.kiln.worker;

import build.kiln.protocol.BuildRequest;
import build.kiln.protocol.BuildRequest.CacheMode;
import build.kiln.protocol.BuildRequest.Output;
import build.kiln.protocol.BuildRequestBuilder;
import build.kiln.protocol.FailureReason;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Renders a request as arguments of {@code buildctl}; equal requests give equal arguments. */
final class BuildctlCommand {
    static final String DOCKERFILE = "Dockerfile";
    private static final String COMMIT_TIME = "Commit";
    /** A local folder under this name goes before the Dockerfile of a git context. */
    private static final String DOCKERFILE_KEY = "dockerfile";

    private final List<String> arguments = new ArrayList<>();
    private final BuildRequest request;
    private final BuildInputs inputs;

    private BuildctlCommand(WorkerSettings settings, BuildRequest request, BuildInputs inputs, Variant variant)
            throws BuildFailedException {
        this.request = request;
        this.inputs = inputs;
        add(settings.buildctl(), "--addr", settings.buildkitAddress(), "build", "--progress=rawjson");
        add("--frontend", "dockerfile.v0");
        option("platform", request.platform());
        source(variant.form());
        options();
        secrets();
        if (variant.importsCache()) {
            imports();
        }
    }

    /**
     * Renders the arguments that build the image and push it.
     *
     * @throws BuildFailedException when the request asks for something that cannot be expressed
     */
    static List<String> push(WorkerSettings settings, BuildRequest request, BuildInputs inputs, Variant variant)
            throws BuildFailedException {
        BuildctlCommand command = new BuildctlCommand(settings, request, inputs, variant);
        command.output();
        inputs.backends().stream()
                .filter(BackendArguments::inImage)
                .map(BackendArguments::export)
                .filter(Objects::nonNull)
                .forEach(export -> command.add("--export-cache", export));
        return List.copyOf(command.arguments);
    }

    /**
     * Renders the arguments that write the cache of what the same variant has just built. It imports again what the build
     * imported: the steps that no other step needed any more are known from there alone, and would be lost.
     *
     * @param export value of {@code --export-cache}
     * @throws BuildFailedException when the request asks for something that cannot be expressed
     */
    static List<String> exportCache(
            WorkerSettings settings, BuildRequest request, BuildInputs inputs, Variant variant, String export)
            throws BuildFailedException {
        BuildctlCommand command = new BuildctlCommand(settings, request, inputs, variant);
        command.add("--export-cache", export);
        return List.copyOf(command.arguments);
    }

    /** The value of {@code --import-cache} that reads a cache of a registry. */
    static String registryImport(BuildRequest request, String reference) {
        return cacheReference(request, reference).toString();
    }

    /** The value of {@code --export-cache} that writes the registry cache. */
    static String registryExport(BuildRequest request, BuildRequest.Cache cache, String reference) {
        Csv options = cacheReference(request, reference)
                .with("mode", cache.mode() == CacheMode.Max ? "max" : "min")
                .with("image-manifest", true)
                .with("oci-mediatypes", true);
        compression(options, cache.compression());
        return options.toString();
    }

    /**
     * Renders the arguments that ask the Dockerfile frontend for the operations that it would have executed.
     *
     * @param arguments build arguments besides those of the request, which go before them
     * @throws BuildFailedException when the request asks for something that cannot be expressed
     */
    static List<String> convert(
            WorkerSettings settings,
            BuildRequest request,
            BuildInputs inputs,
            Variant variant,
            Map<String, String> arguments)
            throws BuildFailedException {
        Map<String, String> all = new TreeMap<>(arguments);
        all.putAll(request.buildArgs());
        BuildctlCommand command = new BuildctlCommand(
                settings,
                BuildRequestBuilder.builder(request).buildArgs(all).build(),
                inputs,
                new Variant(variant.form(), false));
        command.option("requestid", "frontend.convertllb");
        return List.copyOf(command.arguments);
    }

    private void source(GitContext.Form form) throws BuildFailedException {
        GitContext git = inputs.git();
        Path context = inputs.contextFolder();
        Path dockerfile = inputs.dockerfileFolder();
        if (git != null) {
            option("context", git.address(form, request.output().sourceDateEpoch() != null));
        } else if (context != null) {
            add("--local", "context=" + context);
        }
        if (dockerfile != null) {
            option("filename", DOCKERFILE);
            add("--local", DOCKERFILE_KEY + "=" + dockerfile);
            if (git != null) {
                option("dockerfilekey", DOCKERFILE_KEY);
            }
            return;
        }
        String path = GitContext.folder(request.dockerfile().path(), "dockerfile.path");
        option("filename", path.isEmpty() ? DOCKERFILE : path);
        if (context != null) {
            add("--local", DOCKERFILE_KEY + "=" + context);
        }
    }

    private void options() throws BuildFailedException {
        String target = request.target();
        if (target != null && !target.isEmpty()) {
            option("target", target);
        }
        Map<String, String> buildArgs = new TreeMap<>(request.buildArgs());
        String epoch = request.output().sourceDateEpoch();
        if (epoch != null) {
            buildArgs.put("SOURCE_DATE_EPOCH", epochValue(epoch));
        }
        for (Map.Entry<String, String> argument : buildArgs.entrySet()) {
            named("build-arg:", argument, "build argument");
        }
        for (Map.Entry<String, String> label : new TreeMap<>(request.labels()).entrySet()) {
            named("label:", label, "label");
        }
        switch (request.output().provenance()) {
            case Disabled -> {}
            case Min -> option("attest:provenance", "mode=min");
            case Max -> option("attest:provenance", "mode=max");
        }
    }

    /** The commit's time is BuildKit's to find out; files given literally have none. */
    private String epochValue(String epoch) throws BuildFailedException {
        if (!epoch.equals(COMMIT_TIME)) {
            return epoch;
        }
        if (inputs.git() == null) {
            return "0";
        }
        // BuildKit 0.33 asks for the commit's time without credentials. That works once it has fetched the repository,
        // which
        // it does first to read the Dockerfile, but not when the Dockerfile comes from elsewhere.
        if (inputs.dockerfileFolder() != null && inputs.gitHeader() != null) {
            throw new BuildFailedException(
                    FailureReason.InvalidSpec,
                    "With an inline Dockerfile and a private repository the commit's time cannot be had. Set"
                            + " spec.output.sourceDateEpoch to a number of seconds, or put the Dockerfile into the"
                            + " repository.");
        }
        return "context";
    }

    private void secrets() {
        for (BuildInputs.SecretFile secret : inputs.secrets()) {
            add("--secret", secret(secret.id(), secret.file()));
        }
        GitContext git = inputs.git();
        Path header = inputs.gitHeader();
        if (git != null && header != null) {
            add("--secret", secret("GIT_AUTH_HEADER." + git.host(), header));
        }
        for (BuildInputs.AuthorityFile authority : inputs.authorities()) {
            add(
                    "--registry-auth-tlscontext",
                    new Csv()
                            .with("host", authority.host())
                            .with("ca", authority.file().toString())
                            .toString());
        }
    }

    private static String secret(String id, Path file) {
        return new Csv().with("id", id).with("src", file.toString()).toString();
    }

    private void imports() {
        BuildRequest.Cache cache = request.cache();
        if (cache != null) {
            cache.imports().forEach(reference -> add("--import-cache", registryImport(request, reference)));
        }
        inputs.backends().forEach(backend -> backend.imports().forEach(value -> add("--import-cache", value)));
    }

    /** Layers that the cache shares with a base image are converted too: half a cache in another form would be no cache. */
    private static void compression(Csv options, BuildRequest.@Nullable Compression compression) {
        if (compression == null) {
            return;
        }
        options.with("compression", compression.type()).with("force-compression", true);
        if (compression.level() != null) {
            options.with("compression-level", compression.level().toString());
        }
    }

    private static Csv cacheReference(BuildRequest request, String reference) {
        return insecure(request, new Csv().with("type", "registry").with("ref", reference), reference);
    }

    /** Every option that changes the bytes is written out: BuildKit's defaults move between releases. */
    private void output() throws BuildFailedException {
        Output output = request.output();
        Csv options = new Csv()
                .with("type", "image")
                .with("name", output.repository())
                .with("push", true)
                .with("push-by-digest", true)
                .with("name-canonical", true)
                .with("oci-mediatypes", true)
                .with("oci-artifact", false);
        if (output.sourceDateEpoch() != null) {
            options.with("rewrite-timestamp", true);
        }
        insecure(request, options, output.repository());
        for (Map.Entry<String, String> annotation : new TreeMap<>(output.annotations()).entrySet()) {
            options.with("annotation." + annotationKey(annotation.getKey()), annotation.getValue());
        }
        add(
                "--output",
                options.toString(),
                "--metadata-file",
                inputs.metadataFile().toString());
    }

    private static Csv insecure(BuildRequest request, Csv options, String reference) {
        String host = RegistryHost.ofReference(reference);
        boolean insecure = request.registries().stream()
                .anyMatch(registry -> registry.insecure() && registry.host().equals(host));
        return insecure ? options.with("registry.insecure", true) : options;
    }

    /** BuildKit's client lowers the case of option names, so another key than the one asked for would be written. */
    private static String annotationKey(String key) throws BuildFailedException {
        boolean plain = !key.isEmpty() && key.chars().noneMatch(c -> c == '=' || (c >= 'A' && c <= 'Z'));
        if (!plain) {
            throw new BuildFailedException(
                    FailureReason.InvalidSpec,
                    "The annotation key \"" + key + "\" cannot be used: write keys in lower case and without \"=\".");
        }
        return key;
    }

    private void named(String prefix, Map.Entry<String, String> entry, String what) throws BuildFailedException {
        if (entry.getKey().isEmpty() || entry.getKey().indexOf('=') >= 0) {
            throw new BuildFailedException(
                    FailureReason.InvalidSpec, "\"" + entry.getKey() + "\" cannot be the name of a " + what + ".");
        }
        option(prefix + entry.getKey(), entry.getValue());
    }

    private void option(String name, String value) {
        add("--opt", name + "=" + value);
    }

    private void add(String... more) {
        arguments.addAll(List.of(more));
    }
}
