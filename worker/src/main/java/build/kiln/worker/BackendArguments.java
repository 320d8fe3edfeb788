package build.kiln.worker;

import build.kiln.protocol.BuildRequest.CacheMode;
import build.kiln.protocol.CacheBackend;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What BuildKit's client is told of one backend of the cache. It stands in the daemon's history and in the environment of the
 * frontend that a Dockerfile names, so that nothing in it may be worth anything after the build.
 *
 * @param title for messages, such as {@code s3 bucket build-cache}
 * @param imports values of {@code --import-cache}, in their order
 * @param export value of {@code --export-cache}; null when it is not written
 */
record BackendArguments(
        String title, List<String> imports, @Nullable String export) {
    /**
     * @param address of the relay
     * @param relayKey that the relay knows
     * @param relaySecret that nobody looks at: BuildKit takes no key without one
     */
    static BackendArguments s3(
            CacheBackend.S3 s3, CacheMode mode, String address, String relayKey, String relaySecret) {
        return of(
                "s3 bucket " + s3.bucket(),
                s3,
                mode,
                name -> new Csv()
                        .with("type", "s3")
                        .with("bucket", s3.bucket())
                        .with("region", s3.region())
                        .with("prefix", s3.prefix())
                        .with("name", name)
                        .with("endpoint_url", address)
                        .with("use_path_style", true)
                        .with("access_key_id", relayKey)
                        .with("secret_access_key", relaySecret));
    }

    private static BackendArguments of(
            String title, CacheBackend backend, CacheMode mode, Function<String, Csv> options) {
        return new BackendArguments(
                title,
                backend.names().stream().map(options).map(Csv::toString).toList(),
                backend.export()
                        ? options.apply(backend.names().getFirst())
                                .with("mode", mode == CacheMode.Max ? "max" : "min")
                                .toString()
                        : null);
    }
}
