package build.kiln.operator.schedule;

/** A schedule that cannot be kept. The message names the field and says what to write instead. */
public final class InvalidScheduleException extends Exception {
    private static final long serialVersionUID = 1L;

    InvalidScheduleException(String message) {
        super(message);
    }
}
