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
 * @param inImage whether the export is a part of the image, and of its push
 */
record BackendArguments(
        String title, List<String> imports, @Nullable String export, boolean inImage) {
    /**
     * @param address of the relay
     * @param relayKey that the relay knows
     * @param relaySecret that nobody looks at: BuildKit takes no key without one
     */
    static BackendArguments s3(
            CacheBackend.S3 s3, CacheMode mode, String address, String relayKey, String relaySecret) {
        return of(
                S3Store.title(s3),
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

    /**
     * @param address of the relay
     * @param relayAccount that the relay knows
     * @param relayKey that nobody looks at, in Base64
     */
    static BackendArguments azblob(
            CacheBackend.Azblob azblob, CacheMode mode, String address, String relayAccount, String relayKey) {
        return of(
                AzureStore.title(azblob),
                azblob,
                mode,
                name -> new Csv()
                        .with("type", "azblob")
                        .with("account_url", address)
                        .with("account_name", relayAccount)
                        .with("container", azblob.container())
                        .with("prefix", azblob.prefix())
                        .with("name", name)
                        .with("secret_access_key", relayKey));
    }

    /**
     * @param address of the relay
     * @param relayToken that the relay knows
     */
    static BackendArguments gha(CacheBackend.Gha gha, CacheMode mode, String address, String relayToken) {
        return of(
                GithubStore.TITLE,
                gha,
                mode,
                name -> new Csv()
                        .with("type", "gha")
                        .with("version", "2")
                        .with("url_v2", address)
                        .with("scope", name)
                        .with("token", relayToken));
    }

    /**
     * An old cache goes when the new one is there: nothing else would ever remove it.
     *
     * @param present tags to read: of others BuildKit's client would only complain
     */
    static BackendArguments local(CacheBackend.Local local, CacheMode mode, String folder, List<String> present) {
        Csv export = new Csv()
                .with("type", "local")
                .with("dest", folder)
                .with("tag", local.names().getFirst())
                .with("reset", true)
                .with("mode", mode(mode));
        return new BackendArguments(
                LocalCache.TITLE,
                present.stream()
                        .map(tag -> new Csv()
                                .with("type", "local")
                                .with("src", folder)
                                .with("tag", tag)
                                .toString())
                        .toList(),
                local.export() ? export.toString() : null,
                false);
    }

    /** Read as any cache of a registry is, and written with the image. */
    static BackendArguments inline(CacheBackend.Inline inline, Function<String, String> registryImport) {
        return new BackendArguments(
                "the image",
                inline.names().stream().map(registryImport).toList(),
                inline.export() ? "type=inline" : null,
                true);
    }

    private static String mode(CacheMode mode) {
        return mode == CacheMode.Max ? "max" : "min";
    }

    private static BackendArguments of(
            String title, CacheBackend backend, CacheMode mode, Function<String, Csv> options) {
        return new BackendArguments(
                title,
                backend.names().stream().map(options).map(Csv::toString).toList(),
                backend.export()
                        ? options.apply(backend.names().getFirst())
                                .with("mode", mode(mode))
                                .toString()
                        : null,
                false);
    }
}
