package build.kiln.operator.status;

import build.kiln.api.v1alpha1.ImageBuild;

/**
 * Which version of which object a status speaks of.
 *
 * @param namespace of the object
 * @param name of the object
 * @param generation of its spec
 */
public record BuildIdentity(String namespace, String name, long generation) {
    /** The identity of an object as the API server shows it. */
    public static BuildIdentity of(ImageBuild build) {
        return new BuildIdentity(
                build.getMetadata().getNamespace(),
                build.getMetadata().getName(),
                build.getMetadata().getGeneration());
    }
}
