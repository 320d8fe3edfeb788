package build.kiln.operator.publish;

/**
 * What the worker of one platform pushed.
 *
 * @param platform as in the spec
 * @param digest of the pushed manifest or index
 * @param mediaType of it
 * @param size of it, in bytes
 */
public record PlatformResult(String platform, String digest, String mediaType, long size) {}
