package build.kiln.operator.imagebuild;

/**
 * A build of which a platform waits for its turn.
 *
 * @param namespace of the object
 * @param name of the object
 */
public record WaitingBuild(String namespace, String name) {}
