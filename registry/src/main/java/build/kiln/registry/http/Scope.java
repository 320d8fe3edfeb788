package build.kiln.registry.http;

import build.kiln.registry.image.Repository;
import java.util.List;

/**
 * What an access token is good for: actions on one repository ("Docker Registry v2 authentication", scope).
 *
 * @param path path of the repository, without the registry
 * @param actions the actions, in the order in which they are asked for
 */
record Scope(String path, List<String> actions) {
    static Scope pull(Repository repository) {
        return new Scope(repository.path(), List.of("pull"));
    }

    static Scope push(Repository repository) {
        return new Scope(repository.path(), List.of("pull", "push"));
    }

    static Scope delete(Repository repository) {
        return new Scope(repository.path(), List.of("pull", "delete"));
    }

    boolean covers(Scope other) {
        return path.equals(other.path) && actions.containsAll(other.actions);
    }

    static boolean covers(List<Scope> granted, List<Scope> wanted) {
        return wanted.stream().allMatch(want -> granted.stream().anyMatch(grant -> grant.covers(want)));
    }

    @Override
    public String toString() {
        return "repository:" + path + ":" + String.join(",", actions);
    }
}
