package build.kiln.operator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import build.kiln.api.v1alpha1.Run;
import build.kiln.operator.testing.ControlPlane;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Objects of a size that no user means, and of the largest size that the definition lets through. */
class LargeObjectIT extends LiveOperator {
    private static final int MEBIBYTE = 1024 * 1024;
    private static final int LONGEST_VALUE = 4096;

    LargeObjectIT(ControlPlane.Access access) {
        super(access);
    }

    @Test
    void aMebibyteIsRefusedByTheApiServerWithTheField() {
        String large = INLINE.replace("\"FROM scratch\"", "\"FROM scratch\", content: " + "x".repeat(MEBIBYTE));

        assertThatThrownBy(() -> apply(large)).hasMessageContaining("spec.source.inline");
    }

    @ParameterizedTest
    @ValueSource(strings = {"Replace", "Queue"})
    void largestValidObjectEndsWithWhatToDoAndCanBeMended(String policy) throws Exception {
        start();

        apply(INLINE + "  concurrencyPolicy: " + policy + "\n  labels:\n" + values() + "  buildArgs:\n" + arguments());
        awaitPhase(Run.Phase.Failed);
        assertThat(condition("Stalled").reason()).isEqualTo("InvalidSpec");
        assertThat(condition("Stalled").message()).contains("spec", "bytes", "more than");
        assertThat(pods()).isEmpty();

        apply(INLINE + "  concurrencyPolicy: " + policy + "\n");
        assertThat(awaitPods(2)).hasSize(2);
    }

    private static String values() {
        return IntStream.range(0, 64)
                .mapToObj(number -> "    l" + number + ": " + "x".repeat(LONGEST_VALUE) + "\n")
                .collect(Collectors.joining());
    }

    private static String arguments() {
        return IntStream.range(0, 64)
                .mapToObj(number -> "  - {name: A" + number + ", value: " + "x".repeat(LONGEST_VALUE) + "}\n")
                .collect(Collectors.joining());
    }
}
