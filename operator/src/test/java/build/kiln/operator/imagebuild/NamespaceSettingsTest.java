package build.kiln.operator.imagebuild;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

class NamespaceSettingsTest {
    @ParameterizedTest
    @CsvSource({"0, 0", "4, 4", "007, 7", "999999999, 999999999"})
    void readsAWholeNumber(String annotation, int limit) {
        assertThat(NamespaceSettings.read(annotation)).hasValue(limit);
    }

    @ParameterizedTest
    @NullSource
    @ValueSource(strings = {"", " 4", "-1", "four", "4.0", "1e3", "٤", "9999999999"})
    void ignoresEverythingElse(String annotation) {
        assertThat(NamespaceSettings.read(annotation)).isEmpty();
    }
}
