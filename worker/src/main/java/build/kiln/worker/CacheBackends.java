package build.kiln.worker;

import build.kiln.protocol.BuildRequest;
import build.kiln.protocol.BuildRequest.CacheMode;
import build.kiln.protocol.BuildResult.ImportResult;
import build.kiln.protocol.CacheBackend;
import build.kiln.protocol.FailureReason;
import build.kiln.worker.StoreAnswers.Manifest;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The backends of one build's cache, ready for BuildKit; to be closed after the build. */
final class CacheBackends implements AutoCloseable {
    private static final int KEY_BYTES = 16;

    private final WorkerSettings settings;
    private final InstantSource clock;
    private final CacheMode mode;
    private final List<Opened> opened = new ArrayList<>();

    private CacheBackends(WorkerSettings settings, InstantSource clock, CacheMode mode) {
        this.settings = settings;
        this.clock = clock;
        this.mode = mode;
    }

    /**
     * A backend that is ready.
     *
     * @param relay that stands between it and the daemon; null for none
     * @param manifest what is known of the cache of a name
     */
    private record Opened(
            CacheBackend backend,
            BackendArguments arguments,
            @Nullable StoreRelay relay,
            Function<String, Optional<Manifest>> manifest) {}

    /**
     * What is known of one cache that was to be read.
     *
     * @param own whether it is the build's own
     * @param manifest the backend's answer; its problem names the backend
     */
    record Import(boolean own, Manifest manifest) {}

    /**
     * Starts what the backends of the request need.
     *
     * @throws BuildFailedException when a mounted Secret cannot be used
     * @throws IOException when the worker cannot listen or read
     */
    static CacheBackends open(WorkerSettings settings, BuildRequest request, InstantSource clock)
            throws BuildFailedException, IOException {
        BuildRequest.Cache cache = request.cache();
        CacheBackends backends = new CacheBackends(settings, clock, cache == null ? CacheMode.Max : cache.mode());
        try {
            for (CacheBackend backend : cache == null ? List.<CacheBackend>of() : cache.backends()) {
                backends.opened.add(
                        switch (backend) {
                            case CacheBackend.S3 s3 -> backends.s3(s3);
                            case CacheBackend.Azblob azblob -> backends.azblob(azblob);
                            case CacheBackend.Gha gha -> backends.gha(gha);
                            case CacheBackend.Inline inline -> inline(request, inline);
                            case CacheBackend.Local local -> backends.local(local);
                        });
            }
            return backends;
        } catch (BuildFailedException | IOException | RuntimeException e) {
            backends.close();
            throw e;
        }
    }

    private Opened s3(CacheBackend.S3 s3) throws BuildFailedException, IOException {
        Credentials secret = new Credentials(settings, s3.number(), "s3");
        AwsSignature signature = new AwsSignature(
                secret.required(CacheBackend.S3.ACCESS_KEY_ID),
                secret.required(CacheBackend.S3.SECRET_ACCESS_KEY),
                secret.read(CacheBackend.S3.SESSION_TOKEN));
        String relayKey = HexFormat.of().formatHex(random());
        HttpServer server = StoreRelay.listen();
        return relayed(
                s3,
                BackendArguments.s3(
                        s3,
                        mode,
                        StoreRelay.address(server),
                        relayKey,
                        HexFormat.of().formatHex(random())),
                StoreRelay.start(new S3Store(s3, signature, relayKey), clock, server));
    }

    private Opened azblob(CacheBackend.Azblob azblob) throws BuildFailedException, IOException {
        Credentials secret = new Credentials(settings, azblob.number(), "azblob");
        AzureSignature signature =
                new AzureSignature(azblob.accountName(), secret.base64(CacheBackend.Azblob.ACCOUNT_KEY));
        String relayAccount = HexFormat.of().formatHex(random());
        HttpServer server = StoreRelay.listen();
        return relayed(
                azblob,
                BackendArguments.azblob(
                        azblob,
                        mode,
                        StoreRelay.address(server),
                        relayAccount,
                        Base64.getEncoder().encodeToString(random())),
                StoreRelay.start(new AzureStore(azblob, signature, relayAccount), clock, server));
    }

    private Opened gha(CacheBackend.Gha gha) throws BuildFailedException, IOException {
        String token = new Credentials(settings, gha.number(), "gha").required(CacheBackend.Gha.TOKEN);
        String relayToken = GithubStore.relayToken(
                token, Base64.getUrlEncoder().withoutPadding().encodeToString(random()));
        HttpServer server = StoreRelay.listen();
        return relayed(
                gha,
                BackendArguments.gha(gha, mode, StoreRelay.address(server), relayToken),
                StoreRelay.start(new GithubStore(gha, token, relayToken), clock, server));
    }

    private static Opened relayed(CacheBackend backend, BackendArguments arguments, StoreRelay relay) {
        return new Opened(backend, arguments, relay, name -> relay.answers().manifest(name));
    }

    /** What becomes of it the daemon tells, as of any cache in a registry. */
    private static Opened inline(BuildRequest request, CacheBackend.Inline inline) {
        BackendArguments arguments =
                BackendArguments.inline(inline, reference -> BuildctlCommand.registryImport(request, reference));
        return new Opened(inline, arguments, null, _ -> Optional.empty());
    }

    private Opened local(CacheBackend.Local local) {
        Path folder = settings.localCache();
        Map<String, Manifest> manifests = new LocalCache(folder, local).manifests();
        List<String> present = local.names().stream()
                .filter(name -> Optional.ofNullable(manifests.get(name))
                        .filter(manifest -> manifest.result() == ImportResult.Imported)
                        .isPresent())
                .toList();
        return new Opened(
                local,
                BackendArguments.local(local, mode, folder.toString(), present),
                null,
                name -> Optional.ofNullable(manifests.get(name)));
    }

    /** In the order of the request. */
    List<BackendArguments> arguments() {
        return opened.stream().map(Opened::arguments).toList();
    }

    /**
     * What became of the caches that were asked for.
     *
     * @param graph of the build that asked
     */
    List<Import> imports(BuildGraph graph) {
        return opened.stream()
                .flatMap(backend -> backend.backend().names().stream()
                        .flatMap(name -> backend.manifest().apply(name).stream()
                                .map(manifest -> imported(backend, name, read(backend, manifest, graph)))))
                .toList();
    }

    /** Of a folder it is known before what is in it, but not whether that can be used. */
    private static Manifest read(Opened backend, Manifest manifest, BuildGraph graph) {
        return backend.backend() instanceof CacheBackend.Local && manifest.result() == ImportResult.Imported
                ? graph.operations().stream()
                        .filter(operation -> operation.isCacheImport()
                                && operation.importedReference().startsWith("local:")
                                && !operation.error().isEmpty())
                        .findFirst()
                        .map(operation -> new Manifest(ImportResult.Failed, operation.error()))
                        .orElse(manifest)
                : manifest;
    }

    /** References of images that hold their own cache. */
    Set<String> images() {
        return opened.stream()
                .map(Opened::backend)
                .filter(CacheBackend.Inline.class::isInstance)
                .flatMap(inline -> inline.names().stream())
                .collect(Collectors.toSet());
    }

    /** Whether the image holds its cache. */
    boolean inImage() {
        return opened.stream()
                .anyMatch(backend ->
                        backend.arguments().inImage() && backend.arguments().export() != null);
    }

    private static Import imported(Opened backend, String name, Manifest manifest) {
        String problem = manifest.problem();
        return new Import(
                backend.backend().names().getFirst().equals(name),
                problem == null
                        ? manifest
                        : new Manifest(manifest.result(), backend.arguments().title() + ": " + problem));
    }

    /** What was said of content of a cache that could not be had; empty when all could. */
    Optional<String> lostContent() {
        for (Opened backend : opened) {
            Optional<String> lost = backend.relay() == null
                    ? Optional.empty()
                    : backend.relay().answers().lostBlob();
            if (lost.isPresent()) {
                return lost.map(problem -> backend.arguments().title() + ": " + problem);
            }
        }
        return Optional.empty();
    }

    @Override
    public void close() {
        for (Opened backend : opened) {
            if (backend.relay() != null) {
                backend.relay().close();
            }
        }
    }

    private static byte[] random() {
        byte[] bytes = new byte[KEY_BYTES];
        new SecureRandom().nextBytes(bytes);
        return bytes;
    }

    /** The mounted Secret of one backend. */
    private record Credentials(Path folder, String field) {
        Credentials(WorkerSettings settings, int number, String kind) {
            this(
                    settings.cacheCredentials().resolve(Integer.toString(number)),
                    "spec.cache.backends[" + number + "]." + kind + ".secretRef");
        }

        @Nullable
        String read(String key) throws BuildFailedException, IOException {
            return CredentialFile.read(folder.resolve(key), field);
        }

        String required(String key) throws BuildFailedException, IOException {
            String value = read(key);
            if (value == null || value.isBlank()) {
                throw invalid("has no value for the key \"" + key + "\" any more. Add it.");
            }
            return value.strip();
        }

        String base64(String key) throws BuildFailedException, IOException {
            String value = required(key);
            try {
                if (Base64.getDecoder().decode(value).length > 0) {
                    return value;
                }
            } catch (IllegalArgumentException e) {
                // The decoder's own words would quote the content.
            }
            throw invalid("has a \"" + key + "\" that is not Base64, as the keys of storage accounts are.");
        }

        private BuildFailedException invalid(String what) {
            return new BuildFailedException(FailureReason.InvalidSpec, "The Secret of " + field + " " + what);
        }
    }
}
