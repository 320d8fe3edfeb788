package build.kiln.operator.worker;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class HostileTextTest {
    @Test
    void controlAndFormatCharactersAreShownAsEscapes() {
        assertThat(HostileText.line("a\u001b[2Jb\nc\u202ed\u0000", 100)).isEqualTo("a\\x1b[2Jb\\x0ac\\u202ed\\x00");
        assertThat(HostileText.lines("a\n\tb\r", 100)).isEqualTo("a\n\tb");
    }

    @Test
    void aMessageKeepsItsBeginningAndALogItsEnd() {
        assertThat(HostileText.line("0123456789", 8)).isEqualTo("01234...");
        assertThat(HostileText.lastLines("0123456789", 8)).isEqualTo("23456789");
    }

    @Test
    void aCharacterIsNotCutInTwo() {
        String text = "\uD83D\uDE00".repeat(5);

        assertThat(HostileText.lastLines(text, 3)).isEqualTo("\uD83D\uDE00");
        assertThat(HostileText.line(text, 6)).isEqualTo("\uD83D\uDE00...");
    }
}
