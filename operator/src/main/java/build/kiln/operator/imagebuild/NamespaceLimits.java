package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.ImageBuild;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.client.informers.cache.BasicItemStore;
import io.fabric8.kubernetes.client.informers.cache.Cache;
import io.javaoperatorsdk.operator.api.config.informer.FieldSelector;
import io.javaoperatorsdk.operator.api.config.informer.InformerEventSourceConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.processing.event.source.informer.InformerEventSource;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The annotation of Namespaces that says how many platforms may build there at the same time. Whoever may change Namespaces
 * decides, not whoever may create builds in one. An operator that serves some namespaces watches those, one by one, which a
 * right to nothing but their names allows.
 */
final class NamespaceLimits {
    /** Annotation of a Namespace: a whole number; 0 lets nothing start. */
    static final String ANNOTATION = "kiln.build/max-running-platforms";

    private static final Logger LOG = LoggerFactory.getLogger(NamespaceLimits.class);
    private static final int MOST_DIGITS = 9;

    private final List<InformerEventSource<Namespace, ImageBuild>> sources;
    private final Runnable changed;

    /**
     * @param context of the controller
     * @param namespaces that are served; empty for all
     * @param changed is told when a limit may have changed
     */
    NamespaceLimits(EventSourceContext<ImageBuild> context, Collection<String> namespaces, Runnable changed) {
        this.changed = changed;
        this.sources = namespaces.isEmpty()
                ? List.of(source(context, Optional.empty()))
                : namespaces.stream()
                        .map(name -> source(context, Optional.of(name)))
                        .toList();
    }

    List<InformerEventSource<Namespace, ImageBuild>> sources() {
        return sources;
    }

    Map<String, Integer> all() {
        Map<String, Integer> limits = new HashMap<>();
        for (InformerEventSource<Namespace, ImageBuild> source : sources) {
            source.list(namespace -> annotation(namespace) != null)
                    .forEach(namespace -> read(annotation(namespace))
                            .ifPresent(
                                    limit -> limits.put(namespace.getMetadata().getName(), limit)));
        }
        return limits;
    }

    /** The number in an annotation; empty when it is none, and the general limit counts. */
    static OptionalInt read(@Nullable String annotation) {
        boolean number = annotation != null
                && annotation.length() <= MOST_DIGITS
                && !annotation.isEmpty()
                && annotation.chars().allMatch(digit -> digit >= '0' && digit <= '9');
        return number ? OptionalInt.of(Integer.parseInt(annotation)) : OptionalInt.empty();
    }

    private InformerEventSource<Namespace, ImageBuild> source(
            EventSourceContext<ImageBuild> context, Optional<String> name) {
        var configuration = InformerEventSourceConfiguration.from(Namespace.class, ImageBuild.class)
                .withName(name.map(one -> "namespace-" + one).orElse("namespaces"))
                .withWatchAllNamespaces()
                .withOnUpdateFilter((after, before) -> !Objects.equals(annotation(after), annotation(before)))
                .withSecondaryToPrimaryMapper(namespace -> {
                    told(namespace);
                    return Set.of();
                })
                .withItemStore(new AnnotationStore());
        name.ifPresent(one ->
                configuration.withFieldSelector(new FieldSelector(new FieldSelector.Field("metadata.name", one))));
        return new InformerEventSource<>(configuration.build(), context);
    }

    private void told(Namespace namespace) {
        String annotation = annotation(namespace);
        if (annotation != null && read(annotation).isEmpty()) {
            LOG.atWarn()
                    .addKeyValue("namespace", namespace.getMetadata().getName())
                    .addKeyValue("annotation", ANNOTATION)
                    .log("the annotation is not a whole number and is ignored; the general limit counts");
        }
        changed.run();
    }

    private static @Nullable String annotation(Namespace namespace) {
        Map<String, String> annotations = namespace.getMetadata().getAnnotations();
        return annotations == null ? null : annotations.get(ANNOTATION);
    }

    /** Keeps of a Namespace nothing but its name and that annotation. */
    private static final class AnnotationStore extends BasicItemStore<Namespace> {
        private AnnotationStore() {
            super(Cache::metaNamespaceKeyFunc);
        }

        @Override
        public @Nullable Namespace put(String key, Namespace namespace) {
            String annotation = annotation(namespace);
            namespace.getMetadata().setAnnotations(annotation == null ? Map.of() : Map.of(ANNOTATION, annotation));
            namespace.getMetadata().setLabels(Map.of());
            namespace.getMetadata().setManagedFields(List.of());
            return super.put(key, namespace);
        }
    }
}
