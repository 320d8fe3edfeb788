package build.kiln.api.v1alpha1;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.client.utils.Serialization;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ImageBuildJsonTest {
    @Test
    void objectOfANewerVersionIsStillRead() {
        ImageBuild build = Serialization.unmarshal("""
                apiVersion: kiln.build/v1alpha1
                kind: ImageBuild
                metadata: {name: a, namespace: n}
                spec:
                  novelty: {x: 1}
                  source: {git: {url: "https://git.example.com/a.git", novelty: true}}
                  output: {image: r.example.com/a, novelty: [1]}
                status:
                  novelty: 1
                  run: {number: 3, novelty: true}
                """, ImageBuild.class);

        assertThat(build.getSpec().output().image()).isEqualTo("r.example.com/a");
        assertThat(build.getStatus().run()).extracting(Run::number).isEqualTo(3);
    }

    @Test
    void everyRecordIgnoresUnknownFields() {
        Set<Class<?>> seen = new HashSet<>();
        Deque<Class<?>> todo = new ArrayDeque<>(Set.of(ImageBuildSpec.class, ImageBuildStatus.class));
        while (!todo.isEmpty()) {
            Class<?> type = todo.pop();
            if (!seen.add(type)) {
                continue;
            }
            assertThat(type).hasAnnotation(com.fasterxml.jackson.annotation.JsonIgnoreProperties.class);
            for (var component : type.getRecordComponents()) {
                collectRecords(component.getGenericType(), todo);
            }
        }
        assertThat(seen).hasSizeGreaterThan(10);
    }

    private static void collectRecords(java.lang.reflect.Type type, Deque<Class<?>> found) {
        if (type instanceof Class<?> raw && raw.isRecord()) {
            found.push(raw);
        } else if (type instanceof java.lang.reflect.ParameterizedType parameterized) {
            for (var argument : parameterized.getActualTypeArguments()) {
                collectRecords(argument, found);
            }
        }
    }
}
