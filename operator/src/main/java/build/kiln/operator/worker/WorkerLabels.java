package build.kiln.operator.worker;

import io.fabric8.kubernetes.api.model.Pod;
import java.util.LinkedHashMap;
import java.util.Map;

/** Labels of worker pods. */
public final class WorkerLabels {
    /** Name of the ImageBuild, see {@link #buildValue}. */
    public static final String BUILD = "kiln.build/imagebuild";

    /** Number of the run. */
    public static final String RUN = "kiln.build/run";

    /** The platform with dashes, {@code linux-arm64}. */
    public static final String PLATFORM = "kiln.build/platform";

    /** Number of the attempt. */
    public static final String ATTEMPT = "kiln.build/attempt";

    /** Annotation: name of the ImageBuild, in full. Stays when the owner reference is removed. */
    public static final String OWNER_NAME = "kiln.build/imagebuild-name";

    /** Annotation: uid of the ImageBuild. Stays when the owner reference is removed. */
    public static final String OWNER_UID = "kiln.build/imagebuild-uid";

    /** Selects the worker pods of every build. */
    public static final String SELECTOR = "app.kubernetes.io/managed-by=kiln,app.kubernetes.io/component=worker";

    private static final int LONGEST = 63;

    private WorkerLabels() {}

    /** All labels of one pod. */
    public static Map<String, String> of(String build, int run, String platform, int attempt) {
        Map<String, String> labels = new LinkedHashMap<>();
        labels.put("app.kubernetes.io/name", "kiln-worker");
        labels.put("app.kubernetes.io/component", "worker");
        labels.put("app.kubernetes.io/managed-by", "kiln");
        labels.put("app.kubernetes.io/part-of", "kiln");
        labels.put(BUILD, buildValue(build));
        labels.put(RUN, Integer.toString(run));
        labels.put(PLATFORM, platform.replace('/', '-'));
        labels.put(ATTEMPT, Integer.toString(attempt));
        return labels;
    }

    /** The name of an ImageBuild as a label value: the name, or its start and its hash when it is too long for one. */
    public static String buildValue(String build) {
        return build.length() <= LONGEST ? build : NameHash.shorten(build, LONGEST);
    }

    /** The run of a pod; 0 when it has none. */
    public static int run(Pod pod) {
        return number(pod, RUN);
    }

    /** The attempt of a pod; 0 when it has none. */
    public static int attempt(Pod pod) {
        return number(pod, ATTEMPT);
    }

    /** The platform of a pod as docker writes it; empty when it has none. */
    public static String platform(Pod pod) {
        return value(pod, PLATFORM).replace('-', '/');
    }

    private static int number(Pod pod, String label) {
        String value = value(pod, label);
        return value.matches("[0-9]{1,9}") ? Integer.parseInt(value) : 0;
    }

    private static String value(Pod pod, String label) {
        Map<String, String> labels = pod.getMetadata().getLabels();
        return labels == null ? "" : labels.getOrDefault(label, "");
    }
}
