package build.kiln.operator.simulation;

import build.kiln.api.v1alpha1.ImageBuildSpec;
import build.kiln.operator.placement.RequestedPlatforms;
import build.kiln.protocol.BuildRequest;
import build.kiln.protocol.BuildResult;
import build.kiln.protocol.BuildResult.CrossCompiling.Answer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What builds result in: equal inputs give equal images. */
final class Images {
    /** A Dockerfile with it fails, always. */
    static final String BROKEN = "RUN false";

    private Images() {}

    static String digest(String content) {
        return "sha256:" + hash(content);
    }

    static String hash(String content) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(content.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(hash);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The image manifest of one platform, as the worker pushes it. */
    static String ofPlatform(BuildRequest request, String platform) {
        BuildRequest.Git git = request.source().git();
        String source = git == null
                ? text(Objects.requireNonNull(request.source().inline()).files())
                : git.url() + "@" + git.commit();
        return digest(request.output().repository() + " " + platform + " " + source);
    }

    /** Some Dockerfiles do, and stay so. */
    static BuildResult.CrossCompiling crossCompiling(BuildRequest request) {
        List<Answer> answers = List.of(Answer.values());
        int one = Math.floorMod(String.valueOf(request.source()).hashCode(), answers.size());
        return new BuildResult.CrossCompiling(answers.get(one), null);
    }

    /** The index that has to be published for a spec. */
    static String ofBuild(ImageBuildSpec spec, @Nullable String commit) {
        String source = spec.source().git() == null
                ? text(Objects.requireNonNull(spec.source().inline()).files())
                : spec.source().git().url() + "@" + commit;
        return index(RequestedPlatforms.of(spec).stream()
                .map(platform -> digest(spec.output().image() + " " + platform + " " + source))
                .toList());
    }

    static String index(List<String> manifests) {
        return digest("index of " + manifests);
    }

    static boolean isBroken(ImageBuildSpec spec, @Nullable String commit) {
        return spec.source().git() == null
                ? text(Objects.requireNonNull(spec.source().inline()).files()).contains(BROKEN)
                : PlayedGit.isBroken(String.valueOf(commit));
    }

    static boolean isBroken(BuildRequest request) {
        BuildRequest.Git git = request.source().git();
        return git == null
                ? text(Objects.requireNonNull(request.source().inline()).files())
                        .contains(BROKEN)
                : PlayedGit.isBroken(git.commit());
    }

    private static String text(Map<String, String> files) {
        return String.valueOf(files.get("Dockerfile"));
    }
}
