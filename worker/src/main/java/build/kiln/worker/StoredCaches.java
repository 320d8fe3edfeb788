package build.kiln.worker;

import build.kiln.worker.RelayedStore.Access;
import java.util.List;
import java.util.regex.Pattern;

/**
 * How BuildKit lays its caches out in a store of objects: a manifest under the name of each, and blobs that they share.
 *
 * @param names of caches that may be read; the first is the build's own
 * @param export whether that one may be written
 */
record StoredCaches(List<String> names, boolean export) {
    private static final String MANIFESTS = "manifests/";
    private static final Pattern BLOB = Pattern.compile("blobs/sha256:[0-9a-f]{64}");

    /**
     * What a request for an object is about.
     *
     * @param key of the object, without the prefix of all
     * @param upload whether the request is a part of writing an object
     */
    Access access(RelayedRequest request, String key, boolean upload) {
        String name = key.startsWith(MANIFESTS) ? key.substring(MANIFESTS.length()) : null;
        boolean blob = BLOB.matcher(key).matches();
        if (request.isRead()) {
            if (name != null && names.contains(name)) {
                return new Access.ManifestRead(name);
            }
            // Before it writes, BuildKit asks which blobs are there; that none is, is no loss.
            return !blob
                    ? new Access.Denied()
                    : request.method().equals("HEAD") ? new Access.Write() : new Access.BlobRead();
        }
        boolean own = names.getFirst().equals(name);
        return export && (own || blob) && upload ? new Access.Write() : new Access.Denied();
    }
}
