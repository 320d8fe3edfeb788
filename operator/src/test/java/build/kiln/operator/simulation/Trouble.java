package build.kiln.operator.simulation;

import java.util.List;
import java.util.Random;
import java.util.Set;

/** Strikes from outside, each where the world allows it. */
final class Trouble {
    private static final int LONGEST_OUTAGE_MILLIS = 60_000;
    private static final int FAR_JUMP_MILLIS = 600_000;

    private final World world;
    private final Random random;
    private final List<Fault> faults;

    Trouble(World world, Set<Fault> faults) {
        this.world = world;
        this.random = world.random();
        this.faults = List.copyOf(faults);
    }

    void strike() {
        if (faults.isEmpty()) {
            return;
        }
        switch (faults.get(random.nextInt(faults.size()))) {
            case RELISTS -> {
                world.log("relist");
                world.anyOperator().relist();
            }
            case CRASHES -> world.crash();
            case TWO_OPERATORS -> world.toggleOperator();
            case API_OUTAGES -> {
                if (random.nextInt(4) == 0) {
                    world.stopApi(random.nextInt(LONGEST_OUTAGE_MILLIS));
                }
            }
            case CLOCK_JUMPS -> world.skew(random.nextInt(FAR_JUMP_MILLIS) - FAR_JUMP_MILLIS / 2);
            case NODE_LOSSES -> {
                if (random.nextInt(3) == 0) {
                    world.machines().stopNode();
                } else {
                    world.machines().startNodes();
                }
            }
            case SCARCE_NODES -> world.machines().changeNode();
            case EVICTIONS -> world.machines().evict();
            case POD_DELETIONS -> world.machines().delete();
            case REGISTRY_FAILURES -> world.registry().setDown(random.nextInt(3) == 0);
            case REGISTRY_COLLECTIONS -> world.registry().collect();
            case REFUSED_CALLS,
                    LOST_ANSWERS,
                    LATE_WRITES,
                    STALE_READS,
                    FREEZES,
                    WORKER_FAILURES,
                    GIT_FAILURES,
                    QUOTAS,
                    MISSING_SECRETS,
                    DELETIONS,
                    HELD_UP_STARTS -> {}
        }
    }
}
