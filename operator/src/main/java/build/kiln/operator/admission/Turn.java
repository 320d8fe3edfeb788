package build.kiln.operator.admission;

import build.kiln.operator.admission.AdmissionVerdict.Wait;
import java.util.Map;
import java.util.Set;

/**
 * What the queue answers to platforms that want to start. The slots of those that may are held until the turn is given back.
 *
 * @param admitted may start now
 * @param outOfTurn those of them that go before others whose turn it is
 * @param waits what the others wait for
 */
public record Turn(Set<PlatformKey> admitted, Set<PlatformKey> outOfTurn, Map<PlatformKey, Wait> waits) {
    /** Canonical constructor. */
    public Turn {
        admitted = Set.copyOf(admitted);
        outOfTurn = Set.copyOf(outOfTurn);
        waits = Map.copyOf(waits);
    }
}
