package build.kiln.operator.simulation;

import java.time.Clock;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;

/** The clock of the operator's node, which may be wrong. */
final class SkewedClock extends Clock {
    private final World world;

    SkewedClock(World world) {
        this.world = world;
    }

    @Override
    public Instant instant() {
        return Instant.ofEpochMilli(world.now() + world.skew());
    }

    @Override
    public ZoneId getZone() {
        return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
        throw new UnsupportedOperationException("times are in UTC");
    }
}
