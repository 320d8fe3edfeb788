package build.kiln.registry.image;

import java.util.Locale;
import java.util.regex.Pattern;

/**
 * A repository of a registry, without tag and digest. Docker's short names are written out: {@code busybox} is
 * {@code docker.io/library/busybox}.
 *
 * @param registry host of the registry with its port, if any, as it stands in image references
 * @param path path below the host
 */
public record Repository(String registry, String path) {
    static final String DOCKER_HUB = "docker.io";
    private static final int LONGEST_NAME = 255;
    private static final Pattern HOST = Pattern.compile(
            "(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*|\\[[A-Fa-f0-9:]+])(?::[0-9]{1,5})?");
    private static final Pattern COMPONENT = Pattern.compile("[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*");

    public Repository {
        String name = registry + "/" + path;
        if (!HOST.matcher(registry).matches()) {
            throw invalid(name, "\"" + Text.shown(registry) + "\" is not a host name with an optional port");
        }
        if (name.length() > LONGEST_NAME) {
            throw invalid(name, "it is longer than " + LONGEST_NAME + " characters");
        }
        for (String component : path.split("/", -1)) {
            if (!COMPONENT.matcher(component).matches()) {
                throw invalid(name, reason(component));
            }
        }
    }

    private static String reason(String component) {
        if (component.isEmpty()) {
            return "a part between two slashes is empty";
        }
        if (!component.equals(component.toLowerCase(Locale.ROOT))) {
            return "\"" + Text.shown(component) + "\" must be lower case";
        }
        return "\"" + Text.shown(component)
                + "\" may have only a-z, 0-9 and, between them, one of \".\", \"_\", \"__\" or dashes";
    }

    static InvalidReferenceException invalid(String text, String reason) {
        return new InvalidReferenceException("Image name \"" + Text.shown(text) + "\" is not valid: " + reason + ".");
    }

    /**
     * Reads a repository name such as {@code registry.example.com:5000/shop/api}.
     *
     * @throws InvalidReferenceException when it is not one, or carries a tag or a digest
     */
    public static Repository parse(String text) {
        ImageReference reference = ImageReference.parse(text);
        if (reference.tag().isPresent() || reference.digest().isPresent()) {
            throw invalid(text, "it names a repository here, so it has no \":tag\" and no \"@digest\"");
        }
        return reference.repository();
    }

    static Repository ofName(String name) {
        int slash = name.indexOf('/');
        String first = slash < 0 ? "" : name.substring(0, slash);
        if (!isHost(first)) {
            return new Repository(DOCKER_HUB, slash < 0 ? "library/" + name : name);
        }
        String rest = name.substring(slash + 1);
        if (first.equals(DOCKER_HUB) || first.equals("index.docker.io")) {
            return new Repository(DOCKER_HUB, rest.contains("/") ? rest : "library/" + rest);
        }
        return new Repository(first, rest);
    }

    /** Docker's rule: the first part is a host when it could not be a part of a path. */
    private static boolean isHost(String part) {
        return part.contains(".")
                || part.contains(":")
                || part.equals("localhost")
                || !part.equals(part.toLowerCase(Locale.ROOT));
    }

    /** The reference to the content with a digest in this repository. */
    public ImageReference at(Digest digest) {
        return new ImageReference(this, null, digest);
    }

    /**
     * The reference to a tag of this repository.
     *
     * @throws InvalidReferenceException when the text is not a tag
     */
    public ImageReference tagged(String tag) {
        return new ImageReference(this, tag, null);
    }

    @Override
    public String toString() {
        return registry + "/" + path;
    }
}
