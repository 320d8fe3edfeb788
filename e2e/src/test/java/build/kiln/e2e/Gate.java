package build.kiln.e2e;

/** Holds RUN steps until it is opened: they ask the git server for a repository that does not exist yet. */
final class Gate {
    private final Cluster cluster;
    private final String repository;

    Gate(Workspace workspace) {
        this.cluster = workspace.cluster();
        this.repository = workspace.namespace() + "-gate-" + Long.toString(System.nanoTime(), 36);
    }

    /** The command of a step that waits. */
    String waiting() {
        return "until wget -q -O /dev/null '%s/%s.git/info/refs?service=git-upload-pack'; do sleep 1; done"
                .formatted(cluster.git().url(), repository);
    }

    void open() {
        GitRepository.create(cluster, repository);
    }
}
