package build.kiln.operator.admission;

/**
 * A platform whose worker pod exists and has not ended.
 *
 * @param key of the pod
 * @param platform as in the spec
 * @param outOfTurn whether it was let in because it had waited for too long, before others whose turn it was
 */
public record RunningPlatform(PlatformKey key, String platform, boolean outOfTurn) {}
