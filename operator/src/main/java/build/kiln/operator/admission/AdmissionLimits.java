package build.kiln.operator.admission;

import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How many platforms may build at the same time.
 *
 * @param cluster altogether; null for any number
 * @param perNamespace in a namespace that {@code namespaces} does not name; null for any number
 * @param namespaces in each of these namespaces
 * @param perPlatform of each of these platforms
 * @param maxWait a platform that has waited for longer may go before its turn
 */
public record AdmissionLimits(
        @Nullable Integer cluster,
        @Nullable Integer perNamespace,
        Map<String, Integer> namespaces,
        Map<String, Integer> perPlatform,
        Duration maxWait) {

    /** Canonical constructor. */
    public AdmissionLimits {
        namespaces = Map.copyOf(namespaces);
        perPlatform = Map.copyOf(perPlatform);
    }

    /** Whether nothing has ever to wait. */
    public boolean areOpen() {
        return cluster == null && perNamespace == null && namespaces.isEmpty() && perPlatform.isEmpty();
    }

    int ofCluster() {
        return cluster == null ? Integer.MAX_VALUE : cluster;
    }

    int ofNamespace(String namespace) {
        Integer own = namespaces.get(namespace);
        if (own != null) {
            return own;
        }
        return perNamespace == null ? Integer.MAX_VALUE : perNamespace;
    }

    int ofPlatform(String platform) {
        return perPlatform.getOrDefault(platform, Integer.MAX_VALUE);
    }

    /** Whether any number of ended pods would let this platform in. */
    boolean everAllow(WaitingPlatform platform) {
        return ofCluster() > 0 && ofNamespace(platform.key().namespace()) > 0 && ofPlatform(platform.platform()) > 0;
    }
}
