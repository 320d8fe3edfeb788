package build.kiln.operator.admission;

import java.time.Instant;
import java.util.List;

/**
 * What the queue is made of, read from live objects at one moment.
 *
 * @param running platforms whose worker pods have not ended
 * @param held platforms whose worker pods somebody else keeps from being scheduled; they take nothing from anybody
 * @param waiting platforms that want a worker pod now
 * @param lastOutOfTurn whether the worker pod that was created last was let in before its turn
 * @param limits in force
 * @param now the moment
 */
public record AdmissionSnapshot(
        List<RunningPlatform> running,
        List<RunningPlatform> held,
        List<WaitingPlatform> waiting,
        boolean lastOutOfTurn,
        AdmissionLimits limits,
        Instant now) {

    /** Canonical constructor. */
    public AdmissionSnapshot {
        running = List.copyOf(running);
        held = List.copyOf(held);
        waiting = List.copyOf(waiting);
    }
}
