package build.kiln.e2e;

import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/** Hands a scenario its own {@link Workspace} on the one cluster, one for each Pod Security level, and removes it afterwards whatever happened. */
final class ClusterExtension implements ParameterResolver {
    private static final Namespace STORE = Namespace.create(ClusterExtension.class);

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return parameter.getParameter().getType() == Workspace.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        Cluster cluster =
                context.getRoot().getStore(STORE).computeIfAbsent(Cluster.class, _ -> Cluster.start(), Cluster.class);
        String level = parameter
                .findAnnotation(PodSecurity.class)
                .or(() -> context.getTestMethod().map(method -> method.getAnnotation(PodSecurity.class)))
                .map(PodSecurity::value)
                .orElse("baseline");
        return context.getStore(STORE).computeIfAbsent(level, _ -> Workspace.create(cluster, level), Workspace.class);
    }
}
