package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.Strategy;
import build.kiln.api.v1alpha1.StrategyReason;
import org.jspecify.annotations.Nullable;

/** In how many pods a run builds its platforms. */
sealed interface StrategyDecision {
    /**
     * @param strategy never Auto
     * @param reason why
     * @param lead the platform that the pod of all is made for; null when every platform has its own
     */
    record Chosen(
            Strategy strategy,
            StrategyReason reason,
            @Nullable String lead) implements StrategyDecision {}

    /**
     * The spec contradicts itself.
     *
     * @param message names the fields, and what to write instead
     */
    record Refused(String message) implements StrategyDecision {}
}
