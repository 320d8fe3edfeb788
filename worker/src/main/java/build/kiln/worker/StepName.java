package build.kiln.worker;

import java.util.Optional;

/**
 * What the Dockerfile frontend puts into the name of an operation: {@code [linux/arm64 builder 2/5] RUN make}.
 *
 * @param platform empty when the frontend leaves it out
 * @param stage empty for the only stage of a Dockerfile
 * @param position {@code 2/5}
 * @param instruction the instruction as written, variables replaced
 */
record StepName(String platform, String stage, String position, String instruction) {

    /** Empty for operations that are not an instruction, like {@code [internal] load build context}. */
    static Optional<StepName> parse(String name) {
        int end = name.indexOf("] ");
        if (!name.startsWith("[") || end < 0) {
            return Optional.empty();
        }
        String platform = "";
        String stage = "";
        String position = "";
        for (String word : name.substring(1, end).split(" ", -1)) {
            if (word.isEmpty()) {
                continue;
            }
            if (isPosition(word)) {
                position = word;
            } else if (word.indexOf('/') >= 0) {
                platform = word;
            } else {
                stage = word;
            }
        }
        if (position.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(new StepName(platform, stage, position, name.substring(end + 2)));
    }

    /** {@code [linux/arm64 builder 2/5] RUN make}, whether or not the frontend wrote the platform. */
    String shown(String defaultPlatform) {
        return "[" + (platform.isEmpty() ? defaultPlatform : platform) + " " + (stage.isEmpty() ? "" : stage + " ")
                + position + "] " + instruction;
    }

    /** The instruction without what the frontend puts before it. */
    String plainInstruction() {
        String rest = instruction;
        for (String prefix : new String[] {"ONBUILD ", "LINK "}) {
            if (rest.startsWith(prefix)) {
                rest = rest.substring(prefix.length());
            }
        }
        return rest;
    }

    /** Whether it is an operation that runs or is taken from the cache, other than a base image. */
    boolean isOperation() {
        String rest = plainInstruction();
        int space = rest.indexOf(' ');
        return switch (space < 0 ? rest : rest.substring(0, space)) {
            case "RUN", "COPY", "ADD", "WORKDIR" -> true;
            default -> false;
        };
    }

    /** The same for all operations that one line of the Dockerfile became. */
    String key() {
        return platform + " " + stage + " " + position;
    }

    private static boolean isPosition(String word) {
        int slash = word.indexOf('/');
        return slash > 0
                && slash < word.length() - 1
                && digits(word, 0, slash)
                && digits(word, slash + 1, word.length());
    }

    private static boolean digits(String word, int from, int to) {
        for (int i = from; i < to; i++) {
            if (word.charAt(i) < '0' || word.charAt(i) > '9') {
                return false;
            }
        }
        return true;
    }
}
