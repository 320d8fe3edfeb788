package build.kiln.registry.auth;

import build.kiln.registry.image.Repository;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** Where credentials for a repository are looked up. */
public interface CredentialSource {
    /** The credentials to use for a repository; empty to ask anonymously. */
    Optional<Credentials> find(Repository repository);

    /** What was searched, such as {@code Secret shop/push}, for the error that says nothing was found there. */
    String searched();

    /** A source that knows no credentials. */
    static CredentialSource anonymous() {
        return firstOf(List.of());
    }

    /** The sources in their order; the first one that knows the repository decides. */
    static CredentialSource firstOf(List<? extends CredentialSource> sources) {
        List<CredentialSource> ordered = List.copyOf(sources);
        return new CredentialSource() {
            @Override
            public Optional<Credentials> find(Repository repository) {
                return ordered.stream()
                        .flatMap(source -> source.find(repository).stream())
                        .findFirst();
            }

            @Override
            public String searched() {
                return ordered.stream().map(CredentialSource::searched).collect(Collectors.joining(", "));
            }
        };
    }
}
