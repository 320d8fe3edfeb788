package build.kiln.operator;

import build.kiln.operator.config.OperatorConfiguration;
import java.util.Map;
import java.util.Optional;

/**
 * One of several operators of which one is active.
 *
 * @param namespace of the Lease
 * @param leaseName name of the Lease
 * @param identity that the Lease carries while this one is active
 */
record Replica(String namespace, String leaseName, String identity) {
    static final String NAMESPACE_VARIABLE = "POD_NAMESPACE";
    static final String NAME_VARIABLE = "POD_NAME";

    /**
     * Empty when there is no election.
     *
     * @throws IllegalStateException when there is one and the environment does not say who takes part
     */
    static Optional<Replica> of(Map<String, String> environment, OperatorConfiguration.LeaderElection election) {
        if (!election.enabled()) {
            return Optional.empty();
        }
        return Optional.of(new Replica(
                required(environment, NAMESPACE_VARIABLE), election.leaseName(), required(environment, NAME_VARIABLE)));
    }

    private static String required(Map<String, String> environment, String variable) {
        String value = environment.get(variable);
        if (value == null || value.isBlank()) {
            throw new IllegalStateException("leader election needs the environment variable " + variable
                    + "; set it, or set leaderElection.enabled to false");
        }
        return value;
    }
}
