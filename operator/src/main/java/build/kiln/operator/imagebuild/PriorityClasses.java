package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.ImageBuild;
import io.fabric8.kubernetes.api.model.scheduling.v1.PriorityClass;
import io.javaoperatorsdk.operator.api.config.informer.InformerEventSourceConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.informer.InformerEventSource;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Values of PriorityClasses, as the API server gives them to pods. */
final class PriorityClasses {
    private final InformerEventSource<PriorityClass, ImageBuild> source;

    PriorityClasses(EventSourceContext<ImageBuild> context) {
        this.source = new InformerEventSource<>(
                InformerEventSourceConfiguration.from(PriorityClass.class, ImageBuild.class)
                        .withName("priority-classes")
                        .withWatchAllNamespaces()
                        .withSecondaryToPrimaryMapper(_ -> Set.of())
                        .build(),
                context);
    }

    InformerEventSource<PriorityClass, ImageBuild> source() {
        return source;
    }

    /** The value of a class; that of the default class for none, and for one that does not exist, which the API server says. */
    int priority(@Nullable String name) {
        Optional<PriorityClass> named = name == null ? Optional.empty() : source.get(new ResourceID(name));
        return named.or(this::globalDefault)
                .map(PriorityClass::getValue)
                .filter(Objects::nonNull)
                .orElse(0);
    }

    private Optional<PriorityClass> globalDefault() {
        return source.list(one -> Boolean.TRUE.equals(one.getGlobalDefault())).findFirst();
    }
}
