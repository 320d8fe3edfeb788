package build.kiln.worker;

/** The registry that an image reference or a key of a docker configuration names, in one spelling per registry. */
final class RegistryHost {
    /** Docker Hub, as references and users name it. */
    static final String DOCKER_HUB = "docker.io";

    private RegistryHost() {}

    /** Of {@code host/path:tag}; a reference without a host is Docker Hub's. */
    static String ofReference(String reference) {
        int slash = reference.indexOf('/');
        String first = slash < 0 ? "" : reference.substring(0, slash);
        boolean isHost = first.indexOf('.') >= 0 || first.indexOf(':') >= 0 || first.equals("localhost");
        return isHost ? canonical(first) : DOCKER_HUB;
    }

    /** Of a key like {@code https://index.docker.io/v1/} or {@code registry.example.com}. */
    static String ofConfigKey(String key) {
        String rest = key;
        for (String scheme : new String[] {"https://", "http://"}) {
            if (rest.startsWith(scheme)) {
                rest = rest.substring(scheme.length());
            }
        }
        int slash = rest.indexOf('/');
        return canonical(slash < 0 ? rest : rest.substring(0, slash));
    }

    private static String canonical(String host) {
        return switch (host) {
            case "index.docker.io", "registry-1.docker.io", "auth.docker.io", "hub.docker.com" -> DOCKER_HUB;
            default -> host;
        };
    }
}
