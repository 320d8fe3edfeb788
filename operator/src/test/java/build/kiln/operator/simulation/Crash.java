package build.kiln.operator.simulation;

/** The operator's process ends at this very instruction. */
final class Crash extends Error {
    private static final long serialVersionUID = 1L;

    Crash() {
        super("killed", null, false, false);
    }
}
