package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.FailureReason;
import build.kiln.api.v1alpha1.ImageBuildSpec;
import build.kiln.api.v1alpha1.PlatformStatus;
import build.kiln.api.v1alpha1.Retry;
import build.kiln.operator.failure.Diagnosis;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Whether, when and with how much memory a platform is tried again. Pure: all of it follows from spec and status. */
final class RetryPolicy {
    static final int DEFAULT_MAX_ATTEMPTS = 3;

    private static final Duration FIRST_BACK_OFF = Duration.ofSeconds(10);
    private static final Duration LONGEST_BACK_OFF = Duration.ofMinutes(5);
    /** Doubling more often than that is beyond the longest pause anyway. */
    private static final int MOST_DOUBLINGS = 6;

    private RetryPolicy() {}

    static boolean mayRetry(ImageBuildSpec spec, PlatformStatus failed, Diagnosis diagnosis) {
        if (failures(failed) >= maxAttempts(spec)) {
            return false;
        }
        boolean before = failedAttempts(failed).contains(diagnosis.reason());
        return switch (diagnosis.next()) {
            case Fail -> false;
            case RetryAfterBackOff, WaitForCapacity -> true;
            case RetryOnce -> !before;
            case RetryWithMoreMemory -> !before && memoryFactor(spec) != null;
        };
    }

    static int maxAttempts(ImageBuildSpec spec) {
        Retry retry = spec.retry();
        Integer attempts = retry == null ? null : retry.maxAttempts();
        return attempts == null ? DEFAULT_MAX_ATTEMPTS : attempts;
    }

    /** How many attempts have failed, this one included. One that found no native node and gave way to emulation has not. */
    static int failures(PlatformStatus failed) {
        return failedAttempts(failed).size() + 1;
    }

    /** The pause before the attempt that follows so many failures. */
    static Duration pause(int failures) {
        Duration pause = FIRST_BACK_OFF.multipliedBy(1L << Math.min(failures - 1, MOST_DOUBLINGS));
        return pause.compareTo(LONGEST_BACK_OFF) < 0 ? pause : LONGEST_BACK_OFF;
    }

    /** The failed attempts before the one that follows {@code failed}. */
    static List<FailureReason> failedAttemptsAfter(PlatformStatus failed) {
        List<FailureReason> reasons = new ArrayList<>(failedAttempts(failed));
        if (failed.reason() != null) {
            reasons.add(FailureReason.valueOf(failed.reason()));
        }
        return reasons;
    }

    /** By how much the memory of the next attempt is multiplied; null when it is not. */
    static @Nullable String memoryFactor(ImageBuildSpec spec, List<FailureReason> failedAttempts) {
        return failedAttempts.contains(FailureReason.OutOfMemory) ? memoryFactor(spec) : null;
    }

    /** What is recorded of a failure that is tried again: with more memory, when that is how. */
    static String message(ImageBuildSpec spec, Diagnosis diagnosis) {
        return switch (diagnosis.next()) {
            case RetryWithMoreMemory ->
                diagnosis.message() + " The next attempt gets " + memoryFactor(spec)
                        + " times the memory (spec.retry.memoryFactor).";
            case Fail, RetryAfterBackOff, RetryOnce, WaitForCapacity -> diagnosis.message();
        };
    }

    private static List<FailureReason> failedAttempts(PlatformStatus status) {
        List<FailureReason> reasons = status.failedAttempts();
        return reasons == null ? List.of() : reasons;
    }

    private static @Nullable String memoryFactor(ImageBuildSpec spec) {
        Retry retry = spec.retry();
        return retry == null ? null : retry.memoryFactor();
    }
}
