package build.kiln.worker;

import build.kiln.protocol.BuildResult.ImportResult;
import build.kiln.worker.RelayedStore.Access;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What a store answered: BuildKit takes a cache that is not there for an empty one, and says little of why it could not read one. */
final class StoreAnswers {
    private static final int NOT_FOUND = 404;
    private static final int BAD = 400;
    private static final int MAX_PROBLEM = 300;
    private static final Pattern CODE = Pattern.compile("<Code>([^<]{1,100})</Code>");
    private static final Pattern MESSAGE = Pattern.compile("<Message>([^<]{1,300})");

    /**
     * @param result of the last attempt to read it
     * @param problem what was said when it could not be read; null when it was, or is simply not there
     */
    record Manifest(ImportResult result, @Nullable String problem) {}

    private final Map<String, Manifest> manifests = new ConcurrentHashMap<>();
    private volatile @Nullable String lostBlob;

    void answered(Access access, int status, String error) {
        if (status < BAD) {
            if (access instanceof Access.ManifestRead read) {
                manifests.put(read.name(), new Manifest(ImportResult.Imported, null));
            }
        } else if (status == NOT_FOUND && !names(access).isEmpty()) {
            names(access).forEach(name -> manifests.put(name, new Manifest(ImportResult.Missing, null)));
        } else {
            failed(access, said(status, error));
        }
    }

    void failed(Access access, String problem) {
        String shown = Printable.cut(problem, MAX_PROBLEM);
        names(access).forEach(name -> manifests.put(name, new Manifest(ImportResult.Failed, shown)));
        if (access instanceof Access.BlobRead) {
            lostBlob = shown;
        }
    }

    /** The caches that are not to be had when this is not. */
    private static List<String> names(Access access) {
        return switch (access) {
            case Access.ManifestRead read -> List.of(read.name());
            case Access.StoreRead read -> read.names();
            case Access.BlobRead _, Access.Write _, Access.Denied _ -> List.of();
        };
    }

    /** Empty when nobody asked for it. */
    Optional<Manifest> manifest(String name) {
        return Optional.ofNullable(manifests.get(name));
    }

    /** What was said of content of a cache that could not be had; empty when all could. */
    Optional<String> lostBlob() {
        return Optional.ofNullable(lostBlob);
    }

    private static String said(int status, String error) {
        Matcher code = CODE.matcher(error);
        Matcher message = MESSAGE.matcher(error);
        String text = "HTTP " + status + (code.find() ? " " + code.group(1) : "");
        return message.find() ? text + ": " + message.group(1).strip() : text;
    }
}
