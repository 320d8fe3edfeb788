package build.kiln.protocol;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads and writes the documents of the protocol; results come from a pod and are read as hostile input. */
public final class ProtocolJson {
    private static final ObjectMapper MAPPER = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
            .build();

    static {
        MAPPER.getFactory()
                .setStreamReadConstraints(
                        StreamReadConstraints.builder().maxNestingDepth(20).build());
    }

    private ProtocolJson() {}

    /** Writes a request; never fails for a well-formed record. */
    public static String write(BuildRequest request) {
        return writeValue(request);
    }

    /** Writes a result in at most {@link BuildResult#MAX_BYTES} bytes: the log tail is cut first, never the digest. */
    public static String write(BuildResult result) {
        BuildResult current = result;
        String json = writeValue(current);
        while (bytes(json) > BuildResult.MAX_BYTES) {
            current = shorten(current);
            json = writeValue(current);
        }
        return json;
    }

    /**
     * Reads a request.
     *
     * @throws MalformedDocumentException when it is not one
     */
    public static BuildRequest readRequest(String json) throws MalformedDocumentException {
        return readValue(json, BuildRequest.class);
    }

    /**
     * Reads a result.
     *
     * @throws MalformedDocumentException when the message is not one: the container was killed before it could write it, or
     *     its image is not Kiln's
     */
    public static BuildResult readResult(@Nullable String json) throws MalformedDocumentException {
        if (json == null || json.isBlank()) {
            throw new MalformedDocumentException("the message is empty", null);
        }
        return readValue(json, BuildResult.class);
    }

    private static <T> T readValue(String json, Class<T> type) throws MalformedDocumentException {
        try {
            T value = MAPPER.readValue(json, type);
            if (value == null) {
                throw new MalformedDocumentException("the document is null", null);
            }
            return value;
        } catch (JsonProcessingException e) {
            throw new MalformedDocumentException("not a " + type.getSimpleName() + ": " + e.getOriginalMessage(), e);
        }
    }

    private static String writeValue(Object value) {
        try {
            return MAPPER.writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a record of the protocol cannot be written", e);
        }
    }

    private static BuildResult shorten(BuildResult result) {
        BuildResult.Acceleration acceleration = result.acceleration();
        if (acceleration != null && !acceleration.unmatched().isEmpty()) {
            List<BuildResult.Unmatched> unmatched = acceleration.unmatched();
            BuildResult.Acceleration shorter = new BuildResult.Acceleration(
                    acceleration.nativeStarts(),
                    acceleration.emulatedStarts(),
                    unmatched.subList(0, unmatched.size() / 2));
            return result.withAcceleration(shorter);
        }
        return switch (result) {
            case BuildResult.Succeeded succeeded -> shorten(succeeded);
            case BuildResult.Failed failed -> shorten(failed);
        };
    }

    /** What people miss least goes first; digests never go. */
    private static BuildResult.Succeeded shorten(BuildResult.Succeeded succeeded) {
        BuildResult.CacheUse cache = succeeded.cache();
        List<BuildResult.OtherPlatform> others = succeeded.others();
        if (others.stream().anyMatch(other -> isWordy(other.cache()))) {
            return with(succeeded, others.stream().map(ProtocolJson::terse).toList());
        }
        if (others.stream().anyMatch(other -> other.cache() != null)) {
            return with(
                    succeeded,
                    others.stream()
                            .map(other -> BuildResultOtherPlatformBuilder.builder(other)
                                    .cache(null)
                                    .build())
                            .toList());
        }
        if (!succeeded.baseImages().isEmpty()) {
            return BuildResultSucceededBuilder.builder(succeeded)
                    .baseImages(succeeded
                            .baseImages()
                            .subList(0, succeeded.baseImages().size() / 2))
                    .build();
        }
        if (isWordy(cache)) {
            return BuildResultSucceededBuilder.builder(succeeded)
                    .cache(terse(cache))
                    .build();
        }
        BuildResult.CrossCompiling crossCompiling = succeeded.crossCompiling();
        if (crossCompiling != null && crossCompiling.detail() != null) {
            return BuildResultSucceededBuilder.builder(succeeded)
                    .crossCompiling(new BuildResult.CrossCompiling(crossCompiling.answer(), null))
                    .build();
        }
        throw new IllegalArgumentException("a successful result is too long even without what can be left out");
    }

    private static BuildResult.Succeeded with(BuildResult.Succeeded succeeded, List<BuildResult.OtherPlatform> others) {
        return BuildResultSucceededBuilder.builder(succeeded).others(others).build();
    }

    private static BuildResult.OtherPlatform terse(BuildResult.OtherPlatform other) {
        return BuildResultOtherPlatformBuilder.builder(other)
                .cache(terse(other.cache()))
                .build();
    }

    private static BuildResult.@Nullable CacheUse terse(BuildResult.@Nullable CacheUse cache) {
        return cache == null
                ? null
                : BuildResultCacheUseBuilder.builder(cache)
                        .problem(null)
                        .missedStep(null)
                        .build();
    }

    private static boolean isWordy(BuildResult.@Nullable CacheUse cache) {
        return cache != null && (cache.problem() != null || cache.missedStep() != null);
    }

    private static BuildResult.Failed shorten(BuildResult.Failed failed) {
        String tail = failed.logTail();
        String message = failed.message();
        String step = failed.step();
        if (tail != null && !tail.isEmpty()) {
            tail = lastPart(tail, tail.length() * 3 / 4);
        } else if (message.length() > 64) {
            message = firstPart(message, message.length() * 3 / 4);
        } else if (step != null && step.length() > 64) {
            step = firstPart(step, step.length() * 3 / 4);
        } else {
            throw new IllegalArgumentException("a failure is too long even without its log");
        }
        return BuildResultFailedBuilder.builder(failed)
                .logTail(tail)
                .message(message)
                .step(step)
                .build();
    }

    private static String lastPart(String text, int length) {
        int start = text.length() - length;
        int from = Character.isLowSurrogate(text.charAt(start)) ? start + 1 : start;
        return text.substring(from);
    }

    private static String firstPart(String text, int length) {
        int end = Character.isHighSurrogate(text.charAt(length - 1)) ? length - 1 : length;
        return text.substring(0, end);
    }

    private static int bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length;
    }
}
