package build.kiln.registry.image;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * What an image runs on (OCI image index specification, {@code platform}). The components are kept as given;
 * {@link #normalized()} and {@link #satisfies} compare them the way docker and containerd do.
 *
 * @param os operating system in Go's words, such as {@code linux}
 * @param architecture processor architecture in Go's words, such as {@code arm64}
 * @param variant variant of the architecture, such as {@code v7}; empty when there is none
 * @param osVersion {@code os.version}; empty when there is none
 * @param osFeatures {@code os.features}
 */
public record Platform(String os, String architecture, String variant, String osVersion, List<String> osFeatures) {
    private static final Pattern COMPONENT = Pattern.compile("[A-Za-z0-9_.-]{1,64}");
    private static final String UNKNOWN = "unknown";

    public Platform {
        osFeatures = List.copyOf(osFeatures);
    }

    /**
     * Reads a platform as docker writes it: {@code os/architecture[/variant]}.
     *
     * @throws InvalidReferenceException when the text has another form
     */
    public static Platform parse(String text) {
        String[] parts = text.split("/", -1);
        boolean formed = parts.length == 2 || parts.length == 3;
        for (String part : parts) {
            formed &= COMPONENT.matcher(part).matches();
        }
        if (!formed) {
            throw new InvalidReferenceException("Platform \"" + Text.shown(text)
                    + "\" must be os/architecture or os/architecture/variant, such as linux/amd64 or linux/arm/v7.");
        }
        return new Platform(parts[0], parts[1], parts.length == 3 ? parts[2] : "", "", List.of());
    }

    /** Reads the members {@code os}, {@code architecture}, ... of a descriptor's platform or an image configuration. */
    static Platform read(JsonNode node) throws MalformedImageException {
        List<String> features = new ArrayList<>();
        for (JsonNode feature : Json.array(node, "os.features")) {
            features.add(feature.asText());
        }
        return new Platform(
                Json.text(node, "os"),
                Json.text(node, "architecture"),
                Json.textOr(node, "variant", ""),
                Json.textOr(node, "os.version", ""),
                features);
    }

    /**
     * Reads the platform from an image configuration.
     *
     * @param config the bytes of the configuration blob
     * @throws MalformedImageException when they are no configuration or name no platform
     */
    public static Platform ofConfig(byte[] config) throws MalformedImageException {
        return read(Json.object(config, "image configuration"));
    }

    ObjectNode toJson() {
        ObjectNode node = JsonNodeFactory.instance.objectNode();
        node.put("architecture", architecture);
        node.put("os", os);
        if (!osVersion.isEmpty()) {
            node.put("os.version", osVersion);
        }
        if (!osFeatures.isEmpty()) {
            osFeatures.forEach(node.putArray("os.features")::add);
        }
        if (!variant.isEmpty()) {
            node.put("variant", variant);
        }
        return node;
    }

    /** Whether this is {@code unknown/unknown}, which builders write for attestations. */
    public boolean isUnknown() {
        return os.equals(UNKNOWN) && architecture.equals(UNKNOWN);
    }

    /**
     * The same platform in its canonical words: {@code x86_64} is {@code amd64}, {@code aarch64} and
     * {@code arm64/v8} are {@code arm64}, {@code armhf} and {@code arm} are {@code arm/v7}, {@code amd64/v1} is
     * {@code amd64} (the rules of containerd's platform package).
     */
    public Platform normalized() {
        String canonicalOs = os.toLowerCase(Locale.ROOT).equals("macos") ? "darwin" : os.toLowerCase(Locale.ROOT);
        String canonicalVariant = variant.toLowerCase(Locale.ROOT);
        String canonicalArchitecture = architecture.toLowerCase(Locale.ROOT);
        switch (canonicalArchitecture) {
            case "i386", "i486", "i586", "i686" -> {
                canonicalArchitecture = "386";
                canonicalVariant = "";
            }
            case "x86_64", "x86-64", "amd64" -> {
                canonicalArchitecture = "amd64";
                canonicalVariant = canonicalVariant.equals("v1") ? "" : canonicalVariant;
            }
            case "aarch64", "arm64" -> {
                canonicalArchitecture = "arm64";
                canonicalVariant = isArm64Baseline(canonicalVariant) ? "" : canonicalVariant;
            }
            case "armhf" -> {
                canonicalArchitecture = "arm";
                canonicalVariant = "v7";
            }
            case "armel" -> {
                canonicalArchitecture = "arm";
                canonicalVariant = "v6";
            }
            case "arm" -> canonicalVariant = armVariant(canonicalVariant);
            default -> {}
        }
        return new Platform(canonicalOs, canonicalArchitecture, canonicalVariant, osVersion, osFeatures);
    }

    private static boolean isArm64Baseline(String variant) {
        return variant.equals("8") || variant.equals("v8") || variant.equals("v8.0");
    }

    private static String armVariant(String variant) {
        return switch (variant) {
            case "", "7" -> "v7";
            case "5", "6", "8" -> "v" + variant;
            default -> variant;
        };
    }

    /**
     * Whether an image of this platform is what the request asked for: the same operating system, architecture and
     * variant after normalisation; {@code os.version} only when the request names one.
     */
    public boolean satisfies(Platform requested) {
        Platform mine = normalized();
        Platform theirs = requested.normalized();
        return mine.os.equals(theirs.os)
                && mine.architecture.equals(theirs.architecture)
                && mine.variant.equals(theirs.variant)
                && (theirs.osVersion.isEmpty() || mine.osVersion.equals(theirs.osVersion));
    }

    /** {@code os/architecture[/variant]}, as docker writes it. */
    @Override
    public String toString() {
        return Text.shown(os + "/" + architecture + (variant.isEmpty() ? "" : "/" + variant));
    }
}
