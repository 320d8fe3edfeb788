package build.kiln.e2e;

import build.kiln.api.v1alpha1.ImageBuild;
import java.util.Set;
import java.util.TreeSet;

/**
 * A build of a scenario, as small as can be, and what is expected of it.
 *
 * @param workspace where it is built
 * @param name of the ImageBuild
 * @param platforms that it is for
 * @param base image and steps of the Dockerfile, which ends with a COPY
 * @param settings further lines of the spec
 * @param succeeds whether it shall end well
 * @param text that nothing but this build copies into its image
 */
record ChaosBuild(
        Workspace workspace,
        String name,
        Set<String> platforms,
        String base,
        String settings,
        boolean succeeds,
        String text) {
    static final String TAG = "latest";
    private static final String NATIVE = "linux/amd64";

    /** Next to nothing, so that many find room on a small node at the same time. */
    private static final String SMALL =
            "worker: {resources: {requests: {cpu: 10m, memory: 64Mi, ephemeral-storage: 64Mi}}}";

    /** For one platform, and with nothing in it but a file. */
    static ChaosBuild of(Workspace workspace, String name) {
        String text = workspace.namespace() + "/" + name + " " + Long.toString(System.nanoTime(), 36);
        return new ChaosBuild(workspace, name, Set.of(NATIVE), "FROM scratch", "", true, text);
    }

    ChaosBuild forTwoPlatforms() {
        return new ChaosBuild(workspace, name, Set.of(NATIVE, "linux/arm64"), base, settings, succeeds, text);
    }

    /** With a step that takes something else than next to nothing. */
    ChaosBuild running(String command) {
        return new ChaosBuild(workspace, name, platforms, "FROM busybox\nRUN " + command, settings, succeeds, text);
    }

    ChaosBuild with(String settings) {
        return new ChaosBuild(workspace, name, platforms, base, settings, succeeds, text);
    }

    ChaosBuild thatFails() {
        return new ChaosBuild(workspace, name, platforms, base, settings, false, text);
    }

    /** The repository without the registry's host; no other build ever uses it. */
    String repository() {
        return workspace.namespace() + "/" + name + "-" + text.substring(text.indexOf(' ') + 1);
    }

    boolean is(ImageBuild build) {
        return build.getMetadata().getNamespace().equals(workspace.namespace())
                && build.getMetadata().getName().equals(name);
    }

    void apply() {
        workspace.apply(name, """
                source:
                  inline:
                    files:
                      Dockerfile: |
                %s
                      content: "%s"
                platforms: [%s]
                output: {image: "%s/%s", tags: [%s]}
                cache: {mode: Disabled}
                %s
                """.formatted(
                        (base + "\nCOPY content /content\n").indent(10),
                        text,
                        String.join(", ", new TreeSet<>(platforms)),
                        workspace.cluster().registry(),
                        repository(),
                        TAG,
                        settings.isEmpty() ? SMALL : settings));
    }
}
