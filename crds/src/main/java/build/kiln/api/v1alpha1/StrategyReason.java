package build.kiln.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonEnumDefaultValue;

/** Why a run builds its platforms in one pod or in several. */
public enum StrategyReason {
    /** {@code spec.strategy} says so. */
    @JsonEnumDefaultValue
    Requested,

    /** There is only one platform. */
    OnePlatform,

    /** An earlier run found that the Dockerfile cross-compiles. */
    CrossCompiles,

    /** An earlier run found steps that are executed on the platform they build for. */
    NotCrossCompiling,

    /** No run has found out yet, or the Dockerfile's frontend does not tell. */
    NotKnown,

    /** {@code spec.placement} gives platforms nodes, resources or modes of their own, which one pod cannot have. */
    OwnPlacement
}
