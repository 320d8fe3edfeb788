package build.kiln.worker;

import build.kiln.protocol.BuildRequest;
import build.kiln.protocol.BuildRequest.Cache;
import build.kiln.protocol.BuildRequest.Dockerfile;
import build.kiln.protocol.BuildRequest.Git;
import build.kiln.protocol.BuildRequest.Inline;
import build.kiln.protocol.BuildRequest.Output;
import build.kiln.protocol.BuildRequest.Provenance;
import build.kiln.protocol.BuildRequest.Registry;
import build.kiln.protocol.BuildRequest.Source;
import build.kiln.protocol.BuildRequestBuilder;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Requests for tests: the smallest one, and how to change it. */
record Requests(BuildRequest request) {
    static final String COMMIT = "01c6c76e2e8fa98054c5ca04c4f9d8d278abe053";

    static Requests inline(Map<String, String> files) {
        return new Requests(BuildRequestBuilder.builder()
                .platform("linux/amd64")
                .source(new Source(null, new Inline(files)))
                .dockerfile(new Dockerfile("Dockerfile", null))
                .output(new Output("registry.example.com/test/app", Map.of(), Provenance.Disabled, null))
                .timeoutSeconds(60)
                .build());
    }

    static Requests git(String url, String commit, @Nullable String subPath) {
        return inline(Map.of()).with(request -> request.source(new Source(new Git(url, commit, subPath), null)));
    }

    Requests dockerfile(String path, @Nullable String inline) {
        return with(changed -> changed.dockerfile(new Dockerfile(path, inline)));
    }

    Requests target(@Nullable String target) {
        return with(changed -> changed.target(target));
    }

    Requests output(Output output) {
        return with(changed -> changed.output(output));
    }

    Requests repository(String repository) {
        Output output = request.output();
        return output(new Output(repository, output.annotations(), output.provenance(), output.sourceDateEpoch()));
    }

    Requests platform(String platform) {
        return with(changed -> changed.platform(platform));
    }

    /** Built by the same worker, each with a cache of its own when there is one. */
    Requests others(String... platforms) {
        return with(changed -> changed.others(Stream.of(platforms)
                .map(platform -> new BuildRequest.OtherPlatform(platform, cacheOf(platform), true))
                .toList()));
    }

    private @Nullable Cache cacheOf(String platform) {
        Cache cache = request.cache();
        String suffix = "-" + platform.replace('/', '-');
        return cache == null
                ? null
                : new Cache(
                        cache.imports().stream().map(one -> one + suffix).toList(),
                        cache.export() + suffix,
                        cache.mode(),
                        cache.compression(),
                        cache.exportTimeoutSeconds());
    }

    Requests askAbout(String... platforms) {
        return with(changed -> changed.askAbout(List.of(platforms)));
    }

    Requests timeoutSeconds(long seconds) {
        return with(changed -> changed.timeoutSeconds(seconds));
    }

    Requests stallTimeoutSeconds(long seconds) {
        return with(changed -> changed.stallTimeoutSeconds(seconds));
    }

    Requests cache(Cache cache) {
        return with(changed -> changed.cache(cache));
    }

    Requests more(
            Map<String, String> buildArgs,
            Map<String, String> labels,
            @Nullable Cache cache,
            List<String> secretIds,
            List<Registry> registries) {
        return with(changed -> changed.buildArgs(buildArgs)
                .labels(labels)
                .cache(cache)
                .secretIds(secretIds)
                .registries(registries));
    }

    private Requests with(UnaryOperator<BuildRequestBuilder> change) {
        return new Requests(change.apply(BuildRequestBuilder.builder(request)).build());
    }
}
