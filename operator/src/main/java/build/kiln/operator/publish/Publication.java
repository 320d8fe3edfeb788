package build.kiln.operator.publish;

import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.operator.credentials.BuildCredentials;
import java.util.List;

/** Makes one image of the platforms' results and moves the tags to it. */
public interface Publication {
    /**
     * Assembles, pushes and verifies; blocking, with a deadline. Repeating it with the same results is harmless: it gives the
     * same digest. Tags are written last, after everything they need is there.
     *
     * @param results one per platform of the spec, in any order
     */
    PublishOutcome publish(ImageBuild build, List<PlatformResult> results, BuildCredentials credentials);
}
