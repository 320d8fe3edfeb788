package build.kiln.operator.simulation;

import build.kiln.api.v1alpha1.ImageBuild;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/** Everything there is. One thing happens after the other, and a seed decides which. */
final class World implements AutoCloseable {
    private static final long START = Instant.parse("2026-11-23T10:00:00Z").toEpochMilli();
    private static final Set<Fault> UNCERTAINTIES =
            EnumSet.of(Fault.STALE_READS, Fault.LATE_WRITES, Fault.LOST_ANSWERS, Fault.TWO_OPERATORS, Fault.FREEZES);
    private static final int MOST_STEPS_TO_REST = 100_000;
    private static final int MEDDLING = 8;
    private static final int PASSING = 4;
    private static final int MOST_OPERATORS = 2;
    private static final int LONGEST_FREEZE_MILLIS = 900_000;
    private static final int SOON_MILLIS = 20_000;
    private static final int FAR_MILLIS = 600_000;
    private static final int CALMEST = 8;

    private final Random random;
    private final Set<Fault> faults;
    private final Sabotage sabotage;
    private final Trace trace = new Trace();
    private final MemoryApiServer api = new MemoryApiServer(this::now);
    private final PlayedRegistry registry = new PlayedRegistry(this);
    private final PlayedGit git = new PlayedGit(this);
    private final Machines machines = new Machines(this);
    private final Rules rules = new Rules(this);
    private final List<PlayedOperator> operators = new ArrayList<>();
    private final List<Supplier<?>> late = new ArrayList<>();
    private final Users users;
    private final Trouble trouble;
    private @Nullable Fiber running;
    private @Nullable PlayedOperator resumed;
    private boolean chaotic = true;
    private boolean troubled = true;
    private long now = START;
    private long skew;
    private long apiBackAt;
    private final int calmness;
    private int started;
    private int steps;
    private int renamed;

    World(long seed, Set<Fault> faults, Sabotage sabotage) {
        this.random = new Random(seed);
        this.faults = faults;
        this.sabotage = sabotage;
        this.calmness = 1 + random.nextInt(CALMEST);
        this.users = new Users(this);
        this.trouble = new Trouble(this, faults);
        startOperator();
    }

    /** Which faults a seed brings. */
    static Set<Fault> faults(long seed) {
        Random random = new Random(~seed);
        Set<Fault> faults = EnumSet.noneOf(Fault.class);
        for (Fault fault : Fault.values()) {
            if (random.nextInt(3) == 0) {
                faults.add(fault);
            }
        }
        return faults;
    }

    // The parts

    Random random() {
        return random;
    }

    MemoryApiServer api() {
        return api;
    }

    PlayedRegistry registry() {
        return registry;
    }

    PlayedGit git() {
        return git;
    }

    Machines machines() {
        return machines;
    }

    Rules rules() {
        return rules;
    }

    Users users() {
        return users;
    }

    long now() {
        return now;
    }

    long skew() {
        return skew;
    }

    int steps() {
        return steps;
    }

    Trace trace() {
        return trace;
    }

    /** Whether what goes wrong may still have consequences. */
    boolean isTroubled() {
        return troubled;
    }

    /** Whether one operator at a time knows all that it did itself. */
    boolean isOrderly() {
        return operators.size() == 1 && Collections.disjoint(faults, UNCERTAINTIES);
    }

    boolean apiIsDown() {
        return now < apiBackAt;
    }

    /** Whether a fault happens now, one time in so many. */
    boolean strikes(Fault fault, int oneIn) {
        return chaotic && faults.contains(fault) && random.nextInt(oneIn) == 0;
    }

    boolean isSabotaged(Sabotage mistake) {
        return sabotage == mistake;
    }

    void log(Object... words) {
        trace.add(steps, now - START, words);
    }

    // Real code, which runs between two pauses

    void resume(Fiber fiber, PlayedOperator operator) {
        running = fiber;
        resumed = operator;
        fiber.resume();
        running = null;
    }

    /** Called by real code wherever it touches the world: anything may happen now, also that it never goes on. */
    void pause() {
        if (strikes(Fault.FREEZES, 100)) {
            freeze();
        }
        Objects.requireNonNull(running, "only real code pauses").pause();
    }

    /** The operator that is at it right now stands still, and another one takes over meanwhile. */
    void freeze() {
        if (operators.size() < MOST_OPERATORS) {
            Objects.requireNonNull(resumed, "only real code freezes").freeze(random.nextInt(LONGEST_FREEZE_MILLIS));
            startOperator();
        }
    }

    void later(Supplier<?> write) {
        late.add(write);
    }

    // What may be done to the world

    /** A second operator starts to work, or ends. */
    void toggleOperator() {
        if (operators.size() < MOST_OPERATORS) {
            startOperator();
        } else {
            crash();
        }
    }

    PlayedOperator anyOperator() {
        return operators.get(random.nextInt(operators.size()));
    }

    void startOperator() {
        PlayedOperator operator = new PlayedOperator(this, "operator-" + ++started, sabotage);
        operators.add(operator);
        log(operator, "starts");
    }

    void crash() {
        crash(anyOperator());
    }

    private void crash(PlayedOperator operator) {
        log(operator, "is killed");
        operator.kill();
        operators.remove(operator);
        if (operators.isEmpty()) {
            startOperator();
        }
    }

    void stopApi(long millis) {
        apiBackAt = now + millis;
        log("API server is away for", millis, "ms");
    }

    void skew(long millis) {
        skew = millis;
        log("the operator's clock is wrong by", millis, "ms");
    }

    Pod renamed(Pod pod) {
        return new Pod(
                "v1",
                "Pod",
                new ObjectMetaBuilder(pod.getMetadata())
                        .withName(pod.getMetadata().getName() + "-" + ++renamed)
                        .build(),
                pod.getSpec(),
                pod.getStatus());
    }

    // Its course

    /** Whatever can happen, happens. */
    void live(int count) {
        for (int end = steps + count; steps < end; steps++) {
            int roll = random.nextInt(100);
            if (roll < MEDDLING) {
                meddle();
            } else if (roll >= 100 - PASSING || !moves(roll)) {
                passTime();
            }
        }
    }

    /** People, and what goes wrong: more of it in some worlds than in others. */
    private void meddle() {
        operators.stream().filter(PlayedOperator::hasThawed).findFirst().ifPresent(this::crash);
        if (random.nextInt(calmness) > 0) {
            users.finishDeletions();
            arrives();
        } else if (random.nextBoolean()) {
            trouble.strike();
        } else if (!apiIsDown()) {
            users.act();
        }
    }

    /** Somebody takes the next step of their own; false when nobody has one to take. */
    private boolean moves(int roll) {
        PlayedOperator operator = anyOperator();
        boolean first = roll < 60 ? operator.resume() : (!apiIsDown() && machines.move());
        return first
                || (!apiIsDown() && operator.deliver())
                || operator.start()
                || operator.resume()
                || (!apiIsDown() && machines.move());
    }

    /** A write that was on its way reaches the API server. */
    private boolean arrives() {
        if (late.isEmpty() || apiIsDown()) {
            return false;
        }
        Supplier<?> write = late.remove(random.nextInt(late.size()));
        log("a late write arrives");
        try {
            log("and has its effect:", write.get());
        } catch (io.fabric8.kubernetes.client.KubernetesClientException e) {
            log("and is refused:", String.valueOf(e.getMessage()));
        }
        return true;
    }

    /** Nobody waits for the next timer if there is something to do before. */
    private void passTime() {
        long due = nextDue().orElse(Long.MAX_VALUE);
        if (random.nextInt(4) == 0) {
            now += random.nextInt(500);
        } else if (due - now < SOON_MILLIS || random.nextInt(3) == 0) {
            now = Math.max(now, Math.min(due, now + FAR_MILLIS));
        } else {
            now += random.nextInt(SOON_MILLIS);
            meddle();
        }
    }

    private OptionalLong nextDue() {
        return LongStream.concat(
                        operators.stream().map(PlayedOperator::nextTimer).flatMapToLong(OptionalLong::stream),
                        machines.nextDue().stream())
                .min();
    }

    /** From now on everything works, and exactly one operator. */
    void calm() {
        log("calm");
        chaotic = false;
        apiBackAt = 0;
        skew = 0;
        registry.setDown(false);
        machines.startNodes();
        while (operators.size() > 1) {
            crash();
        }
        while (operators.getFirst().isFrozen()) {
            now += 1_000;
        }
        while (arrives()) {
            steps++;
        }
    }

    /** Lives on until nothing is left to do. */
    void rest() {
        for (int count = 0; count < MOST_STEPS_TO_REST; count++) {
            steps++;
            PlayedOperator operator = operators.getFirst();
            users.finishDeletions();
            if (operator.resume() || operator.deliver() || operator.start() || machines.move()) {
                continue;
            }
            if (isAtRest()) {
                return;
            }
            OptionalLong due = nextDue();
            Rules.require(due.isPresent(), "nothing waits for ever", states());
            now = Math.max(now, due.getAsLong());
        }
        throw new Violation("the world comes to rest: " + states());
    }

    /** What goes wrong from now on has no excuse. */
    void trustNobody() {
        troubled = false;
    }

    private boolean isAtRest() {
        return api.pods.all().isEmpty()
                && api.builds.all().stream()
                        .allMatch(build -> build.getStatus() != null
                                && build.getStatus().run() != null
                                && build.getStatus().run().phase() != null
                                && build.getStatus().run().phase().isFinal());
    }

    private List<String> states() {
        return api.builds.all().stream().map(Describe::status).toList();
    }

    List<ImageBuild> builds() {
        return List.copyOf(api.builds.all());
    }

    @Override
    public void close() {
        operators.forEach(PlayedOperator::kill);
    }
}
