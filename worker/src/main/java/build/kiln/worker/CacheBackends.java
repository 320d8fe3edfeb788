package build.kiln.worker;

import build.kiln.protocol.BuildRequest;
import build.kiln.protocol.CacheBackend;
import build.kiln.protocol.FailureReason;
import build.kiln.worker.StoreAnswers.Manifest;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/** The backends of one build's cache, ready for BuildKit; to be closed after the build. */
final class CacheBackends implements AutoCloseable {
    private static final int KEY_BYTES = 16;

    private final List<Opened> opened = new ArrayList<>();

    private CacheBackends() {}

    /** A backend with what stands between it and the daemon. */
    private record Opened(CacheBackend backend, BackendArguments arguments, StoreRelay relay) {}

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
        CacheBackends backends = new CacheBackends();
        BuildRequest.Cache cache = request.cache();
        if (cache == null) {
            return backends;
        }
        try {
            for (CacheBackend backend : cache.backends()) {
                backends.opened.add(
                        switch (backend) {
                            case CacheBackend.S3 s3 -> s3(settings, s3, cache.mode(), clock);
                        });
            }
            return backends;
        } catch (BuildFailedException | IOException | RuntimeException e) {
            backends.close();
            throw e;
        }
    }

    private static Opened s3(
            WorkerSettings settings, CacheBackend.S3 s3, BuildRequest.CacheMode mode, InstantSource clock)
            throws BuildFailedException, IOException {
        Path secret = settings.cacheCredentials().resolve(Integer.toString(s3.number()));
        String field = "spec.cache.backends[" + s3.number() + "].s3.secretRef";
        AwsSignature signature = new AwsSignature(
                required(secret, CacheBackend.S3.ACCESS_KEY_ID, field),
                required(secret, CacheBackend.S3.SECRET_ACCESS_KEY, field),
                CredentialFile.read(secret.resolve(CacheBackend.S3.SESSION_TOKEN), field));
        String relayKey = random();
        S3Store store = new S3Store(s3, signature, relayKey);
        HttpServer server = StoreRelay.listen();
        return new Opened(
                s3,
                BackendArguments.s3(s3, mode, StoreRelay.address(server), relayKey, random()),
                StoreRelay.start(store, clock, server));
    }

    /** In the order of the request. */
    List<BackendArguments> arguments() {
        return opened.stream().map(Opened::arguments).toList();
    }

    /** What became of the caches that were asked for. */
    List<Import> imports() {
        return opened.stream()
                .flatMap(backend -> backend.backend().names().stream()
                        .flatMap(name -> backend.relay().answers().manifest(name).stream()
                                .map(manifest -> imported(backend, name, manifest))))
                .toList();
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
        return opened.stream()
                .flatMap(backend -> backend.relay().answers().lostBlob().stream()
                        .map(problem -> backend.arguments().title() + ": " + problem))
                .findFirst();
    }

    @Override
    public void close() {
        opened.forEach(backend -> backend.relay().close());
    }

    private static String required(Path folder, String key, String field) throws BuildFailedException, IOException {
        String value = CredentialFile.read(folder.resolve(key), field);
        if (value == null || value.isBlank()) {
            throw new BuildFailedException(
                    FailureReason.InvalidSpec,
                    "The Secret of " + field + " has no value for the key \"" + key + "\" any more. Add it.");
        }
        return value.strip();
    }

    private static String random() {
        byte[] bytes = new byte[KEY_BYTES];
        new SecureRandom().nextBytes(bytes);
        return HexFormat.of().formatHex(bytes);
    }
}
