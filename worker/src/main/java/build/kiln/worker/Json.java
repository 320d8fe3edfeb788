package build.kiln.worker;

import com.fasterxml.jackson.databind.ObjectMapper;

/** One mapper for the files that are not part of the protocol: making one costs start-up time. */
final class Json {
    static final ObjectMapper MAPPER = new ObjectMapper();

    private Json() {}
}
