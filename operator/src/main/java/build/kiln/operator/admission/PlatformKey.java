package build.kiln.operator.admission;

/**
 * One attempt at one platform of one build: its worker pod, whether that exists yet or not.
 *
 * @param namespace of the build and of the pod
 * @param pod name of the pod
 */
public record PlatformKey(String namespace, String pod) {}
