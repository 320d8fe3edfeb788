package build.kiln.operator.status;

import build.kiln.api.v1alpha1.ImageBuild;

/** Commands that messages tell people to run. */
final class Commands {
    private Commands() {}

    static String log(BuildIdentity identity, String pod) {
        return "Log: kubectl logs -n " + identity.namespace() + " " + pod + " -c worker";
    }

    static String rebuild(BuildIdentity identity) {
        return "kubectl annotate imagebuild -n " + identity.namespace() + " " + identity.name() + " --overwrite "
                + ImageBuild.REBUILD_ANNOTATION + "=\"$(date)\"";
    }

    static String describe(BuildIdentity identity, String pod) {
        return "Pod: kubectl describe pod -n " + identity.namespace() + " " + pod;
    }
}
