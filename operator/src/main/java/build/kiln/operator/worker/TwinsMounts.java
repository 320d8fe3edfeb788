package build.kiln.operator.worker;

import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;

/** Where the images of twins are in the container that runs BuildKit. Every image has its files in the folder {@code twins}. */
final class TwinsMounts {
    /** Name of the volume for copies. */
    static final String VOLUME = "twins";

    static final String FOLDER = "/run/twins";

    /** Folder of all twins in an image. */
    static final String IN_IMAGE = "/twins";

    private TwinsMounts() {}

    static String folder(int image) {
        return FOLDER + "/" + image + IN_IMAGE;
    }

    /** What the launcher is told: the folders of the platform's twins. */
    static Map<String, Object> folders(String platform, int images) {
        return new TreeMap<>(Map.of(
                platform,
                IntStream.range(0, images).mapToObj(TwinsMounts::folder).toList()));
    }
}
