package build.kiln.operator.worker;

import build.kiln.api.v1alpha1.CrossCompiling;
import build.kiln.api.v1alpha1.CrossCompiling.Answer;
import build.kiln.protocol.BuildResult;
import org.jspecify.annotations.Nullable;

/** What a worker says of the Dockerfile's steps, bounded: the frontend that it asked is the Dockerfile's. */
public final class ReportedCrossCompiling {
    private static final int LONGEST_DETAIL = 200;

    private ReportedCrossCompiling() {}

    /**
     * For {@code status.crossCompiling}.
     *
     * @param run in which it was asked
     */
    public static CrossCompiling of(BuildResult.CrossCompiling reported, int run) {
        @Nullable String detail = reported.detail();
        return new CrossCompiling(
                switch (reported.answer()) {
                    case Yes -> Answer.Yes;
                    case No -> Answer.No;
                    case Unknown -> Answer.Unknown;
                    case null -> Answer.Unknown;
                },
                run,
                detail == null || detail.isBlank() ? null : HostileText.line(detail, LONGEST_DETAIL));
    }
}
