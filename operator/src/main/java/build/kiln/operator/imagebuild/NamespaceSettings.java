package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.ImageBuild;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.client.informers.cache.BasicItemStore;
import io.fabric8.kubernetes.client.informers.cache.Cache;
import io.javaoperatorsdk.operator.api.config.informer.FieldSelector;
import io.javaoperatorsdk.operator.api.config.informer.InformerEventSourceConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
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
 * What Namespaces say about the builds in them: by annotation, how many platforms may build there at the same time; by label,
 * which pods the API server admits. Whoever may change Namespaces decides, not whoever may create builds in one. An operator that serves some namespaces watches those, one by one, which a
 * right to nothing but their names allows.
 */
final class NamespaceSettings {
    /** Annotation of a Namespace: a whole number; 0 lets nothing start. */
    static final String ANNOTATION = "kiln.build/max-running-platforms";

    /** Label of a Namespace: the level of Pod Security that its pods have to keep to. */
    static final String POD_SECURITY_LABEL = "pod-security.kubernetes.io/enforce";

    private static final Logger LOG = LoggerFactory.getLogger(NamespaceSettings.class);
    private static final int MOST_DIGITS = 9;

    private final List<InformerEventSource<Namespace, ImageBuild>> sources;
    private final Runnable changed;

    /**
     * @param context of the controller
     * @param namespaces that are served; empty for all
     * @param changed is told when a limit may have changed
     */
    NamespaceSettings(EventSourceContext<ImageBuild> context, Collection<String> namespaces, Runnable changed) {
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

    Map<String, Integer> limits() {
        Map<String, Integer> limits = new HashMap<>();
        for (InformerEventSource<Namespace, ImageBuild> source : sources) {
            source.list(namespace -> annotation(namespace) != null)
                    .forEach(namespace -> read(annotation(namespace))
                            .ifPresent(
                                    limit -> limits.put(namespace.getMetadata().getName(), limit)));
        }
        return limits;
    }

    /** The level that a namespace enforces by its label; empty for none. */
    Optional<String> podSecurity(String namespace) {
        return sources.stream()
                .flatMap(source -> source.get(new ResourceID(namespace)).stream())
                .findFirst()
                .map(found -> found.getMetadata().getLabels())
                .map(labels -> labels.get(POD_SECURITY_LABEL));
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
                .withItemStore(new SettingsStore());
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

    /** Keeps of a Namespace nothing but its name, that annotation and that label. */
    private static final class SettingsStore extends BasicItemStore<Namespace> {
        private SettingsStore() {
            super(Cache::metaNamespaceKeyFunc);
        }

        @Override
        public @Nullable Namespace put(String key, Namespace namespace) {
            String annotation = annotation(namespace);
            namespace.getMetadata().setAnnotations(annotation == null ? Map.of() : Map.of(ANNOTATION, annotation));
            Map<String, String> labels = namespace.getMetadata().getLabels();
            String level = labels == null ? null : labels.get(POD_SECURITY_LABEL);
            namespace.getMetadata().setLabels(level == null ? Map.of() : Map.of(POD_SECURITY_LABEL, level));
            namespace.getMetadata().setManagedFields(List.of());
            return super.put(key, namespace);
        }
    }
}
