package build.kiln.registry.http;

import build.kiln.registry.image.InvalidReferenceException;
import build.kiln.registry.image.Repository;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * How one registry is reached.
 *
 * @param host the registry as it stands in image references, such as {@code docker.io} or {@code 10.0.0.2:5000}
 * @param mirrors hosts, with an optional path, that are asked first when something is pulled; each is reached as its
 *     own entry says
 * @param insecure whether the registry speaks plain HTTP
 * @param ca certificates in PEM that are trusted in addition to the system's
 */
public record RegistryHost(
        String host,
        List<String> mirrors,
        boolean insecure,
        @Nullable String ca) {
    /**
     * Checks the entry.
     *
     * @throws IllegalArgumentException when the host, a mirror or the certificates are not valid; the message names
     *     the entry
     */
    @SuppressWarnings("ConstantValue") // Configuration files leave mirrors out.
    public RegistryHost {
        mirrors = mirrors == null ? List.of() : List.copyOf(mirrors);
        require(host, () -> new Repository(host, "image"));
        for (String mirror : mirrors) {
            require(host, () -> mirrored(mirror, "image"));
        }
        certificates(host, ca);
    }

    private static void require(String host, Supplier<Repository> repository) {
        try {
            Objects.requireNonNull(repository.get());
        } catch (InvalidReferenceException e) {
            throw new IllegalArgumentException("registries, host " + host + ": " + e.getMessage(), e);
        }
    }

    private static Repository mirrored(String mirror, String path) {
        int slash = mirror.indexOf('/');
        return slash < 0
                ? new Repository(mirror, path)
                : new Repository(mirror.substring(0, slash), mirror.substring(slash + 1) + "/" + path);
    }

    /** Where the mirrors hold a repository of this registry, in the order in which they are asked. */
    List<Repository> mirrorsOf(Repository repository) {
        return mirrors.stream()
                .map(mirror -> mirrored(mirror, repository.path()))
                .toList();
    }

    List<X509Certificate> certificates() {
        return certificates(host, ca);
    }

    private static List<X509Certificate> certificates(String host, @Nullable String pem) {
        if (pem == null || pem.isBlank()) {
            return List.of();
        }
        try {
            byte[] bytes = pem.strip().getBytes(StandardCharsets.US_ASCII);
            List<X509Certificate> found =
                    CertificateFactory.getInstance("X.509")
                            .generateCertificates(new ByteArrayInputStream(bytes))
                            .stream()
                            .map(X509Certificate.class::cast)
                            .toList();
            if (found.isEmpty()) {
                throw new CertificateException("no certificate in it");
            }
            return found;
        } catch (CertificateException e) {
            throw new IllegalArgumentException(
                    "registries, host " + host + ": \"ca\" is not one or more PEM certificates: " + e.getMessage(), e);
        }
    }
}
