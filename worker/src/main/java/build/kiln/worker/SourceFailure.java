package build.kiln.worker;

import build.kiln.protocol.FailureReason;
import org.jspecify.annotations.Nullable;

/** Tells apart why a commit could not be fetched, by what git said. */
final class SourceFailure {
    private SourceFailure() {}

    static Diagnosis classify(@Nullable GitContext git, boolean hasCredentials, String message) {
        String repository = git == null ? "the repository" : git.repository();
        if (FailureClassifier.contains(
                message,
                "could not read username",
                "could not read password",
                "authentication failed",
                "access denied",
                "returned error: 401",
                "returned error: 403")) {
            return Diagnosis.of(
                    FailureReason.SourceAuthFailed,
                    hasCredentials
                            ? "The git server refused the credentials for " + repository
                                    + ". Check the Secret of spec.source.git.secretRef."
                            : "The git server wants credentials for " + repository
                                    + ": it is private, or does not exist. Set spec.source.git.secretRef, or correct the"
                                    + " URL.");
        }
        if (FailureClassifier.contains(message, "invalid subdir")) {
            return notFound("There is no folder \"" + (git == null ? "" : git.folder()) + "\" in " + repository
                    + " at commit " + (git == null ? "" : git.commit()) + ". Correct spec.source.git.subPath.");
        }
        if (isMissingCommit(message)) {
            return notFound("There is no commit " + (git == null ? "" : git.commit()) + " in " + repository
                    + ". Correct spec.source.git.revision.");
        }
        if (FailureClassifier.contains(message, "' not found", "returned error: 404", "does not appear to be a git")) {
            return notFound("There is no git repository at " + repository + ". Correct spec.source.git.url.");
        }
        if (FailureClassifier.contains(message, "certificate")) {
            return notFound("The certificate of the git server of " + repository + " is not trusted: "
                    + gitWords(message) + ".");
        }
        return Diagnosis.of(
                FailureReason.SourceUnreachable,
                "The repository " + repository + " cannot be fetched: " + gitWords(message)
                        + ". Check that the git server can be reached from the cluster.");
    }

    /** Also when the server has the commit and does not give it by its id. */
    static boolean isMissingCommit(String message) {
        return FailureClassifier.contains(
                message, "reference is not a tree", "not our ref", "unadvertised object", "couldn't find remote ref");
    }

    private static Diagnosis notFound(String message) {
        return Diagnosis.of(FailureReason.SourceNotFound, message);
    }

    /** The first line that git calls fatal, or everything. */
    private static String gitWords(String message) {
        for (String line : message.split("\n", -1)) {
            if (line.startsWith("fatal: ")) {
                return line.substring("fatal: ".length());
            }
        }
        return message.replace('\n', ' ');
    }
}
