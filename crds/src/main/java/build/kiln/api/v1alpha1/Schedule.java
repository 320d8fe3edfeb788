package build.kiln.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import org.jspecify.annotations.Nullable;

/** Times at which a run starts although no input changed. */
@JsonIgnoreProperties(ignoreUnknown = true)
@JsonInclude(JsonInclude.Include.NON_NULL)
@ValidationRule(
        value = "self.cron.matches('^[^ ]+( [^ ]+){4}$')",
        message =
                "schedule.cron: write five fields separated by one space, minute hour day-of-month month day-of-week, such as 0 3 * * 1; the time zone goes into schedule.timeZone")
public record Schedule(
        @Required
        @Size(min = 9, max = 128)
        @JsonPropertyDescription(
                "Five fields as in crontab(5): minute, hour, day of the month, month, day of the week. Of missed times only the last one is caught up with.")
        String cron,

        @Size(min = 1, max = 64)
        @Pattern("^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$")
        @JsonPropertyDescription(
                "Name in the IANA time zone database, such as Asia/Tokyo. Defaults to UTC. As with a CronJob, a time that a clock change skips is left out; one that it repeats comes once.")
        @Nullable
        String timeZone) {}
