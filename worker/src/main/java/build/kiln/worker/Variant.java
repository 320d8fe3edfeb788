package build.kiln.worker;

import java.util.Optional;
import java.util.regex.Pattern;

/**
 * A way to put a build to BuildKit. Some servers cannot take the first one.
 *
 * @param form how the commit is fetched
 * @param importsCache whether the request's caches are read
 */
record Variant(GitContext.Form form, boolean importsCache) {
    static final Variant FIRST = new Variant(GitContext.Form.COMMIT_ONLY, true);

    /** What is said of content that a registry's manifest lists and the registry does not have. */
    private static final String CONTENT_GONE = "could not fetch content descriptor ";

    /** The same of a folder. */
    private static final Pattern GONE_FROM_FOLDER = Pattern.compile("content digest sha256:[0-9a-f]{64}: not found");

    private static final String NOT_FOUND = "from remote: not found";

    /**
     * Another variant to try.
     *
     * @param variant that may do what this one cannot
     * @param why for the log
     */
    record Next(Variant variant, String why) {}

    /**
     * What to try after a build that failed; empty when another variant would end the same way.
     *
     * @param lostContent what a backend of the cache said of content that could not be had; empty when all could
     */
    Optional<Next> after(
            BuildInputs inputs, BuildctlRun.Outcome outcome, BuildGraph graph, Optional<String> lostContent) {
        if (outcome.end() != BuildctlRun.End.EXITED || outcome.exitCode() == 0) {
            return Optional.empty();
        }
        String message = outcome.errors().message();
        if (form == GitContext.Form.COMMIT_ONLY && inputs.git() != null && needsHistory(message, graph)) {
            return Optional.of(new Next(
                    new Variant(GitContext.Form.WITH_HISTORY, importsCache),
                    "The git server or the Dockerfile's # syntax= frontend cannot fetch a single commit: fetching it"
                            + " with its history."));
        }
        if (importsCache && graph.importedAny() && isContentGone(message)) {
            return Optional.of(new Next(
                    new Variant(form, false),
                    "Not all layers of the cache are there any more: building without it. " + message));
        }
        if (importsCache && lostContent.isPresent() && !message.contains(FailureClassifier.PROCESS)) {
            return Optional.of(new Next(
                    new Variant(form, false),
                    "Not all of the cache can be had: building without it. " + lostContent.get()));
        }
        return Optional.empty();
    }

    private static boolean needsHistory(String message, BuildGraph graph) {
        return graph.tookGitForArchive()
                || message.contains("unexpected query \"")
                || SourceFailure.isMissingCommit(message);
    }

    /** BuildKit fails a build that was to take a layer from the cache which a clean-up of the registry has removed. */
    static boolean isContentGone(String message) {
        return (message.contains(CONTENT_GONE) && message.contains(NOT_FOUND))
                || GONE_FROM_FOLDER.matcher(message).find();
    }
}
