package build.kiln.registry;

import build.kiln.registry.http.RegistryClient;
import build.kiln.registry.http.RegistryException;
import build.kiln.registry.image.Repository;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;

/** The temporary tags of several pushes; each for itself, so that one that is refused does not keep the others back. */
final class AnchorTags {
    private final RegistryClient registry;
    private final AnchorRequest request;

    AnchorTags(RegistryClient registry, AnchorRequest request) {
        this.registry = registry;
        this.request = request;
    }

    /** Something that is done with one tag. */
    @FunctionalInterface
    interface Step {
        void run(AnchorTag tag) throws RegistryException;
    }

    /** Why it was not done, by tag. */
    Map<String, RegistryException> each(Step step) {
        Repository repository = request.repository();
        List<String> tags = new ArrayList<>();
        List<Callable<Optional<RegistryException>>> tasks = new ArrayList<>();
        request.pushed().forEach((tag, pushed) -> {
            tags.add(tag);
            tasks.add(() -> failure(step, new AnchorTag(registry, repository, tag, pushed)));
        });
        Map<String, RegistryException> failures = new LinkedHashMap<>();
        try {
            List<Optional<RegistryException>> results = Parallel.all("keep temporary tags of " + repository, tasks);
            for (int i = 0; i < tags.size(); i++) {
                String tag = tags.get(i);
                results.get(i).ifPresent(failure -> failures.put(tag, failure));
            }
        } catch (RegistryException e) {
            tags.forEach(tag -> failures.put(tag, e));
        }
        return failures;
    }

    private static Optional<RegistryException> failure(Step step, AnchorTag tag) {
        try {
            step.run(tag);
            return Optional.empty();
        } catch (RegistryException e) {
            return Optional.of(e);
        }
    }
}
