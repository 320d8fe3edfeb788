package build.kiln.operator.failure;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.api.v1alpha1.FailureReason;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class DiagnosisTest {
    /** Everything that can be seen of a failure. */
    static List<Evidence> evidence() {
        return Arrays.stream(Evidence.class.getPermittedSubclasses())
                .<Evidence>flatMap(kind -> kind.isEnum()
                        ? Arrays.stream(kind.getEnumConstants()).map(Evidence.class::cast)
                        : Stream.of(build.kiln.protocol.FailureReason.values()).map(Evidence.Reported::new))
                .toList();
    }

    @ParameterizedTest
    @MethodSource("evidence")
    void whatTheUserHasToMendIsNeverTriedAgain(Evidence evidence) {
        Diagnosis diagnosis = Diagnosis.of(evidence, "why");

        assertThat(diagnosis.message()).isEqualTo("why");
        if (diagnosis.failureClass() == FailureClass.User) {
            assertThat(diagnosis.next()).isEqualTo(NextStep.Fail);
        }
    }

    @Test
    void everyReasonHasEvidence() {
        Set<FailureReason> reasons = evidence().stream()
                .map(evidence -> Diagnosis.of(evidence, "").reason())
                .collect(Collectors.toSet());

        assertThat(reasons).containsExactlyInAnyOrder(FailureReason.values());
    }

    @Test
    void everyClassAndEveryStepIsUsed() {
        List<Diagnosis> all =
                evidence().stream().map(evidence -> Diagnosis.of(evidence, "")).toList();

        assertThat(all).extracting(Diagnosis::failureClass).contains(FailureClass.values());
        assertThat(all).extracting(Diagnosis::next).contains(NextStep.values());
    }
}
