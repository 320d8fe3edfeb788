package build.kiln.operator.simulation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import build.kiln.api.v1alpha1.ImageBuild;
import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.LoggerFactory;

/**
 * Builds reach the end that their inputs imply, and keep all rules on the way, whatever goes wrong. To look at a seed that
 * fails: {@code -Dkiln.simulation.seed=<seed> -Dkiln.simulation.steps=1}; for a longer search give a first seed and many
 * steps.
 */
class SimulationTest {
    private static final long FIRST_SEED = Long.getLong("kiln.simulation.seed", 1);
    private static final long STEPS = Long.getLong("kiln.simulation.steps", 1_000_000);
    private static final int CHAOTIC_STEPS = 4_000;
    private static final int MOST_SEEDS_TO_NOTICE = 200;

    private final Logger logger = (Logger) LoggerFactory.getLogger("build.kiln.operator");
    private final Level level = logger.getLevel();

    @BeforeEach
    void beQuiet() {
        logger.setLevel(Level.OFF);
    }

    @AfterEach
    void speakAgain() {
        logger.setLevel(level);
    }

    @Test
    void everyBuildReachesItsEndWhateverGoesWrong() throws InterruptedException {
        onVirtualThread(() -> {
            long start = System.nanoTime();
            long steps = 0;
            long seed = FIRST_SEED;
            for (; steps < STEPS; seed++) {
                steps += play(seed, Sabotage.NONE);
            }
            System.out.printf(
                    "simulation: %d steps, seeds %d to %d, %d s%n",
                    steps, FIRST_SEED, seed - 1, (System.nanoTime() - start) / 1_000_000_000);
        });
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "NONE")
    void mistakesAreNoticed(Sabotage sabotage) throws InterruptedException {
        onVirtualThread(() -> {
            for (long seed = 1; seed <= MOST_SEEDS_TO_NOTICE; seed++) {
                long current = seed;
                Throwable noticed = catchThrowable(() -> play(current, sabotage));
                if (noticed != null) {
                    assertThat(noticed).isInstanceOf(Violation.class);
                    return;
                }
            }
            throw new AssertionError(sabotage + " was not noticed");
        });
    }

    /** One world, from its first build until it has come to rest twice. */
    private static long play(long seed, Sabotage sabotage) {
        Set<Fault> faults = World.faults(seed);
        try (World world = new World(seed, faults, sabotage)) {
            try {
                world.live(CHAOTIC_STEPS);
                world.calm();
                world.builds().forEach(world.users()::resume);
                world.rest();
                world.rules().atRest();
                world.trustNobody();
                world.builds().forEach(world.users()::rebuild);
                world.rest();
                world.rules().atRest();
                assertSame(outcomes(world), reference(world));
                return world.steps();
            } catch (RuntimeException | Error e) {
                Violation violation = new Violation(
                        "seed " + seed + " " + faults + " " + sabotage + ": " + e.getMessage() + "\n" + world.trace());
                violation.initCause(e);
                throw violation;
            }
        }
    }

    /** The same builds in a world where nothing ever goes wrong. */
    private static Map<String, String> reference(World troubled) {
        try (World world = new World(0, Set.of(), Sabotage.NONE)) {
            world.calm();
            world.trustNobody();
            world.git().copy(troubled.git());
            for (ImageBuild build : troubled.builds()) {
                world.users().create(Table.key(build), build.getSpec());
            }
            world.rest();
            return outcomes(world);
        }
    }

    private static Map<String, String> outcomes(World world) {
        Map<String, String> outcomes = new TreeMap<>();
        world.builds().forEach(build -> outcomes.put(Table.key(build), Describe.outcome(build)));
        return outcomes;
    }

    private static void assertSame(Map<String, String> actual, Map<String, String> expected) {
        Rules.require(Objects.equals(actual, expected), "the same end as without trouble", actual, expected);
    }

    /** Handing over between real code and the world is cheap only among virtual threads. */
    private static void onVirtualThread(Runnable body) throws InterruptedException {
        Throwable[] failure = new Throwable[1];
        Thread.ofVirtual().start(() -> failure[0] = catchThrowable(body::run)).join();
        if (failure[0] instanceof Error error) {
            throw error;
        }
        assertThat(failure[0]).isNull();
    }
}
