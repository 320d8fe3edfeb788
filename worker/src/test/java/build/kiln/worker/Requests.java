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
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Requests for tests: the smallest one, and how to change it. */
record Requests(BuildRequest request) {
    static final String COMMIT = "01c6c76e2e8fa98054c5ca04c4f9d8d278abe053";

    static Requests inline(Map<String, String> files) {
        return new Requests(new BuildRequest(
                "linux/amd64",
                new Source(null, new Inline(files)),
                new Dockerfile("Dockerfile", null),
                null,
                Map.of(),
                Map.of(),
                new Output("registry.example.com/test/app", Map.of(), Provenance.Disabled, null),
                null,
                List.of(),
                List.of(),
                60,
                false));
    }

    static Requests git(String url, String commit, @Nullable String subPath) {
        BuildRequest inline = inline(Map.of()).request();
        return new Requests(new BuildRequest(
                inline.platform(),
                new Source(new Git(url, commit, subPath), null),
                inline.dockerfile(),
                null,
                Map.of(),
                Map.of(),
                inline.output(),
                null,
                List.of(),
                List.of(),
                60,
                false));
    }

    Requests dockerfile(String path, @Nullable String inline) {
        return with(new Dockerfile(path, inline), request.target(), request.output(), request.timeoutSeconds());
    }

    Requests target(@Nullable String target) {
        return with(request.dockerfile(), target, request.output(), request.timeoutSeconds());
    }

    Requests output(Output output) {
        return with(request.dockerfile(), request.target(), output, request.timeoutSeconds());
    }

    Requests repository(String repository) {
        Output output = request.output();
        return output(new Output(repository, output.annotations(), output.provenance(), output.sourceDateEpoch()));
    }

    Requests platform(String platform) {
        return new Requests(new BuildRequest(
                platform,
                request.source(),
                request.dockerfile(),
                request.target(),
                request.buildArgs(),
                request.labels(),
                request.output(),
                request.cache(),
                request.secretIds(),
                request.registries(),
                request.timeoutSeconds(),
                request.emulated()));
    }

    Requests timeoutSeconds(long seconds) {
        return with(request.dockerfile(), request.target(), request.output(), seconds);
    }

    Requests more(
            Map<String, String> buildArgs,
            Map<String, String> labels,
            @Nullable Cache cache,
            List<String> secretIds,
            List<Registry> registries) {
        return new Requests(new BuildRequest(
                request.platform(),
                request.source(),
                request.dockerfile(),
                request.target(),
                buildArgs,
                labels,
                request.output(),
                cache,
                secretIds,
                registries,
                request.timeoutSeconds(),
                request.emulated()));
    }

    private Requests with(Dockerfile dockerfile, @Nullable String target, Output output, long timeoutSeconds) {
        return new Requests(new BuildRequest(
                request.platform(),
                request.source(),
                dockerfile,
                target,
                request.buildArgs(),
                request.labels(),
                output,
                request.cache(),
                request.secretIds(),
                request.registries(),
                timeoutSeconds,
                request.emulated()));
    }
}
