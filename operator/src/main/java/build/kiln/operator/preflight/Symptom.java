package build.kiln.operator.preflight;

import java.util.Arrays;
import java.util.Optional;

/** What keeps a worker from running, in the words of the launcher; docs/support-matrix.md has the same table. */
public enum Symptom {
    UserNamespacesUnsupported(
            Concern.NODE,
            true,
            "pods get no user namespace of their own",
            "Kubernetes 1.33, containerd 2.0 or CRI-O 1.25, and runc 1.2 or crun 1.9, or newer"),
    UserNamespacesDisabled(
            Concern.NODE,
            false,
            "the kernel refuses to create user namespaces",
            "raise the sysctl user.max_user_namespaces, or set kernel.unprivileged_userns_clone=1"),
    TooFewIDs(
            Concern.NODE,
            true,
            "the user namespace of a pod has fewer than 65536 ids",
            "leave userNamespaces.idsPerPod of the kubelet at its default"),
    AppArmorRestricted(
            Concern.NODE,
            true,
            "AppArmor or SELinux keeps containers from user namespaces or from mounting in them",
            "load a profile that allows userns and mount, or set kernel.apparmor_restrict_unprivileged_userns=0"),
    SeccompRestricted(
            Concern.NODE,
            true,
            "seccomp keeps containers from creating user namespaces",
            "run the kubelet without --seccomp-default, or with a profile that allows unshare, clone and mount"),
    ProcMasked(
            Concern.PODS,
            true,
            "/proc of the container is masked",
            "no policy that resets procMount; Kubernetes 1.33 or newer"),
    PodChanged(
            Concern.PODS,
            true,
            "users, capabilities or namespaces of the pod are not those that Kiln asked for",
            "exempt pods with app.kubernetes.io/name: kiln-worker from the policy that changes them"),
    NamespaceFailed(
            Concern.NODE,
            true,
            "the daemon's user namespace was created and its first process ended",
            "see the log of the container buildkitd"),
    EmulationUnavailable(
            Concern.EMULATION,
            false,
            "the platform cannot be emulated on the node",
            "Linux 6.7 or newer, or a node of that architecture"),
    ImageIncomplete(
            Concern.INSTALLATION, false, "the image kiln/buildkit lacks a program", "use the image of this release");

    /** What else the same will happen to. */
    public enum Concern {
        /** Every worker of the profile on nodes of that kind. */
        NODE,
        /** Emulated workers on nodes of that kind. */
        EMULATION,
        /** Every worker of the profile in the namespace, wherever it runs: something changes the pods. */
        PODS,
        /** Every worker: no node can do anything about it. */
        INSTALLATION
    }

    private final Concern concern;
    private final boolean rootlessMayHelp;
    private final String problem;
    private final String remedy;

    Symptom(Concern concern, boolean rootlessMayHelp, String problem, String remedy) {
        this.concern = concern;
        this.rootlessMayHelp = rootlessMayHelp;
        this.problem = problem;
        this.remedy = remedy;
    }

    /** The one of this name; empty for a word of another release. */
    public static Optional<Symptom> named(String name) {
        return Arrays.stream(values())
                .filter(symptom -> symptom.name().equals(name))
                .findFirst();
    }

    /** What else the same will happen to. */
    public Concern concern() {
        return concern;
    }

    /** Whether the profile Rootless may work where Baseline had that symptom. */
    public boolean rootlessMayHelp() {
        return rootlessMayHelp;
    }

    /** What is in the way. */
    public String problem() {
        return problem;
    }

    /** What to do. */
    public String remedy() {
        return remedy;
    }
}
