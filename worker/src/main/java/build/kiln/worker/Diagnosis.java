package build.kiln.worker;

import build.kiln.protocol.FailureReason;
import org.jspecify.annotations.Nullable;

/**
 * Why a build failed, as far as the worker can tell.
 *
 * @param reason the class of the failure
 * @param message what, where, and what to do now
 * @param step the Dockerfile instruction concerned
 * @param location Dockerfile and line
 * @param exitCode of the process that failed
 * @param logTail last lines of its output
 * @param registrySecret number of the mounted registry Secret at fault
 */
record Diagnosis(
        FailureReason reason,
        String message,
        @Nullable String step,
        @Nullable String location,
        @Nullable Integer exitCode,
        @Nullable String logTail,
        @Nullable Integer registrySecret) {

    static Diagnosis of(FailureReason reason, String message) {
        return new Diagnosis(reason, message, null, null, null, null, null);
    }

    static Diagnosis ofRegistrySecret(FailureReason reason, String message, @Nullable Integer registrySecret) {
        return new Diagnosis(reason, message, null, null, null, null, registrySecret);
    }

    Diagnosis withRegistrySecret(@Nullable Integer secret) {
        return new Diagnosis(reason, message, step, location, exitCode, logTail, secret);
    }
}
