package build.kiln.operator.status;

/** Commands that messages tell people to run. */
final class Commands {
    private Commands() {}

    static String log(BuildIdentity identity, String pod) {
        return "Log: kubectl logs -n " + identity.namespace() + " " + pod + " -c worker";
    }

    static String describe(BuildIdentity identity, String pod) {
        return "Pod: kubectl describe pod -n " + identity.namespace() + " " + pod;
    }
}
