package build.kiln.operator.imagebuild;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * When servers were asked about a build. Kept in memory only: an operator that starts asks again.
 *
 * @param since when this operator first saw the build
 * @param source when the git server was asked last; null when this operator has not
 * @param baseImages when the registries were asked last; null when this operator has not
 */
record PollTimes(
        Instant since, @Nullable Instant source, @Nullable Instant baseImages) {}
