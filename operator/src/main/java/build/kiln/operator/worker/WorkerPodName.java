package build.kiln.operator.worker;

/** Names of worker pods: computed, so that creating one twice is impossible. */
public final class WorkerPodName {
    /** A longer name would be cut by the kubelet when it becomes the pod's host name. */
    static final int LONGEST = 63;

    private WorkerPodName() {}

    /** {@code <build>-<run>-<platform>-<attempt>}; a build name that is too long is cut and its hash put behind it. */
    public static String of(String build, int run, String platform, int attempt) {
        String suffix = "-" + run + "-" + dashes(platform) + "-" + attempt;
        if (build.length() + suffix.length() <= LONGEST) {
            return build + suffix;
        }
        return NameHash.shorten(build, LONGEST - suffix.length()) + suffix;
    }

    private static String dashes(String platform) {
        return platform.replaceAll("[^a-z0-9]", "-");
    }
}
