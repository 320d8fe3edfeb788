package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.ImageBuildSpec;
import java.util.List;

/** The platforms of a spec. */
final class Platforms {
    private static final List<String> DEFAULT = List.of("linux/amd64", "linux/arm64");

    private Platforms() {}

    /** Those of the spec in their order, or the API's default for an object that was stored without it. */
    static List<String> of(ImageBuildSpec spec) {
        List<String> platforms = spec.platforms();
        return platforms == null ? DEFAULT : List.copyOf(platforms);
    }
}
