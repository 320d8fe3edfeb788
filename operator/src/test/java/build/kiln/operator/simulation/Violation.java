package build.kiln.operator.simulation;

/** A promise of Kiln does not hold. */
final class Violation extends AssertionError {
    private static final long serialVersionUID = 1L;

    Violation(String message) {
        super(message);
    }
}
