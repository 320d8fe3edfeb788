package build.kiln.worker;

import build.kiln.protocol.BuildRequest.Git;
import build.kiln.protocol.FailureReason;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A commit of a git repository as BuildKit addresses it.
 *
 * @param repository address ending in {@code .git}: without it BuildKit takes an HTTP address for an archive to download
 * @param host with port, as BuildKit looks credentials up
 * @param commit full object id
 * @param folder normalised, empty for the root
 */
record GitContext(String repository, String host, String commit, String folder) {

    /**
     * How the address is written. In both, commit and folder are in the fragment, which every Dockerfile frontend
     * understands: those before 1.18 ignore a query without a word and would build the default branch.
     */
    enum Form {
        /** Fetches nothing but the commit; not every frontend and not every git server can do that. */
        COMMIT_ONLY,
        /** Fetches the history, too. */
        WITH_HISTORY
    }

    /**
     * Checks and normalises what the request says.
     *
     * @throws BuildFailedException when it cannot be an address of a commit
     */
    static GitContext of(Git git) throws BuildFailedException {
        URI uri = parse(git.url());
        String scheme = uri.getScheme() == null ? "" : uri.getScheme().toLowerCase(Locale.ROOT);
        String host = uri.getRawAuthority();
        if (!(scheme.equals("https") || scheme.equals("http")) || host == null || host.isEmpty()) {
            throw invalid("The git URL " + shown(uri) + " is not an http:// or https:// address of a repository.");
        }
        if (host.indexOf('@') >= 0) {
            throw invalid("The git URL of " + host.substring(host.indexOf('@') + 1)
                    + " contains credentials; put them in the Secret of spec.source.git.secretRef.");
        }
        if (uri.getRawQuery() != null || uri.getRawFragment() != null) {
            throw invalid("The git URL " + git.url() + " has a query or a fragment; revision and folder have their own"
                    + " fields, spec.source.git.revision and subPath.");
        }
        if (!isObjectId(git.commit())) {
            throw invalid("\"" + git.commit() + "\" is not a full commit id of 40 or 64 hexadecimal digits.");
        }
        String repository = git.url();
        while (repository.endsWith("/")) {
            repository = repository.substring(0, repository.length() - 1);
        }
        if (!repository.endsWith(".git")) {
            repository += ".git";
        }
        return new GitContext(
                repository, host, git.commit(), folder(git.subPath() == null ? "" : git.subPath(), "subPath"));
    }

    /**
     * The address as BuildKit's {@code context} option takes it.
     *
     * @param withEpoch whether the build has a SOURCE_DATE_EPOCH
     */
    String address(Form form, boolean withEpoch) {
        String fragment = "#" + commit + (folder.isEmpty() ? "" : ":" + encode(folder));
        return switch (form) {
            case COMMIT_ONLY -> {
                // With an epoch BuildKit gives files the commit's time, and 0.33 fails at that in a folder. The
                // exporter
                // rewrites times anyway.
                String times = withEpoch && !folder.isEmpty() ? "&mtime=checkout" : "";
                yield repository + "?fetch-by-commit=true" + times + fragment;
            }
            case WITH_HISTORY -> repository + fragment;
        };
    }

    /**
     * Normalises a relative path inside the source.
     *
     * @throws BuildFailedException when it leads out of it
     */
    static String folder(String path, String field) throws BuildFailedException {
        List<String> parts = new ArrayList<>();
        for (String part : path.split("/", -1)) {
            if (part.equals("..")) {
                throw invalid("The " + field + " \"" + path + "\" leads out of the source; \"..\" is not allowed.");
            }
            if (!part.isEmpty() && !part.equals(".")) {
                parts.add(part);
            }
        }
        return String.join("/", parts);
    }

    private static URI parse(String url) throws BuildFailedException {
        try {
            return new URI(url);
        } catch (URISyntaxException e) {
            throw invalid("The git URL is not a URL: " + e.getReason() + " at position " + e.getIndex() + ".");
        }
    }

    private static String shown(URI uri) {
        return uri.getRawUserInfo() == null ? uri.toString() : uri.getScheme() + "://...@" + uri.getHost();
    }

    private static boolean isObjectId(String text) {
        return (text.length() == 40 || text.length() == 64)
                && text.chars().allMatch(c -> (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'));
    }

    private static String encode(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8)
                .replace("%2F", "/")
                .replace("+", "%20");
    }

    private static BuildFailedException invalid(String message) {
        return new BuildFailedException(FailureReason.InvalidSpec, message);
    }
}
