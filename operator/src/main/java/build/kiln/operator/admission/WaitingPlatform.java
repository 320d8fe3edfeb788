package build.kiln.operator.admission;

import java.time.Instant;

/**
 * A platform whose worker pod is wanted and does not exist yet.
 *
 * @param key of the pod
 * @param build name of the ImageBuild
 * @param platform as in the spec
 * @param priority of the pod, as its PriorityClass says
 * @param since when the run started
 */
public record WaitingPlatform(PlatformKey key, String build, String platform, int priority, Instant since) {}
