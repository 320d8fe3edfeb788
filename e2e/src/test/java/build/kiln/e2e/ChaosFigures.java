package build.kiln.e2e;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;

/**
 * What one round of a scenario came to.
 *
 * @param scenario its name
 * @param seed of what is random in it
 * @param builds that were asked for
 * @param pods that ever lived
 * @param retries of platforms
 * @param lost builds that did not end as they should
 * @param duplicatePods pods that nothing accounts for
 * @param wrongTags tags that did not point at the whole, right image, at any moment
 * @param leftovers objects and tags that stayed behind
 * @param seconds from the first build's creation to the last one's end
 * @param more figures of this scenario alone
 */
record ChaosFigures(
        String scenario,
        long seed,
        int builds,
        int pods,
        int retries,
        int lost,
        int duplicatePods,
        int wrongTags,
        int leftovers,
        long seconds,
        Map<String, Object> more) {
    /** Prints the figures, and adds them as a line of JSON to the file of {@code kiln.chaos.report}, when there is one. */
    void report() {
        System.out.printf(
                "chaos: %s, seed %d: %d builds, %d pods, %d retries, %d s%s; lost %d, duplicate pods %d, wrong tags %d, leftovers %d%n",
                scenario,
                seed,
                builds,
                pods,
                retries,
                seconds,
                more.isEmpty() ? "" : " " + more,
                lost,
                duplicatePods,
                wrongTags,
                leftovers);
        String file = System.getProperty("kiln.chaos.report");
        if (file != null) {
            try {
                Files.writeString(
                        Path.of(file),
                        new ObjectMapper().writeValueAsString(this) + "\n",
                        StandardOpenOption.CREATE,
                        StandardOpenOption.APPEND);
            } catch (JsonProcessingException e) {
                throw new IllegalStateException(e);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
