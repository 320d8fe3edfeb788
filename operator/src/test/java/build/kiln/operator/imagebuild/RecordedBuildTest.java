package build.kiln.operator.imagebuild;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.api.v1alpha1.Condition;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class RecordedBuildTest {
    static List<RecordedBuild> builds() {
        return RecordedBuild.all();
    }

    @ParameterizedTest
    @MethodSource("builds")
    void hasTheConditionsOfItsState(RecordedBuild build) {
        assertThat(RecordedBuild.row(build.writtenConditions())).isEqualTo(build.conditions());
    }

    @ParameterizedTest
    @MethodSource("builds")
    void everyConditionSaysWhichGenerationItSpeaksOf(RecordedBuild build) {
        assertThat(build.writtenConditions())
                .extracting(Condition::observedGeneration)
                .allMatch(
                        generation -> Objects.equals(generation, build.status().observedGeneration()));
    }
}
