package build.kiln.operator.worker;

import build.kiln.operator.config.OperatorConfiguration;
import build.kiln.operator.config.OperatorConfiguration.Registry;
import io.fabric8.kubernetes.api.model.Quantity;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * The text of buildkitd.toml and the files it names.
 *
 * @param toml text of buildkitd.toml
 * @param caBundles file name to PEM text; the launcher writes them into {@value #CA_FOLDER}
 */
record BuildkitdConfiguration(String toml, Map<String, String> caBundles) {
    static final String CA_FOLDER = "/run/kiln/ca";

    /** Part of the state volume that caches may fill: snapshots of running steps need room too. */
    private static final BigDecimal CACHE_SHARE = new BigDecimal("0.8");

    /** Part of a volume that outlives the pod that caches are left in any case, and that is kept free, if need be by removing them. */
    private static final BigDecimal RESERVED_SHARE = new BigDecimal("0.1");

    private static final BigDecimal FREE_SHARE = new BigDecimal("0.15");

    /** Part of it that build contexts of the last two days may fill. */
    private static final BigDecimal CHECKOUT_SHARE = new BigDecimal("0.1");

    private static final int LEAST_PARALLEL_STEPS = 4;

    /**
     * @param cpu what the container may use, or is sure to get when there is no limit
     * @param stateSize of the volume with the state
     * @param kept whether that volume outlives the pod
     */
    static BuildkitdConfiguration of(
            OperatorConfiguration configuration, Quantity cpu, Quantity stateSize, boolean kept) {
        StringBuilder toml = new StringBuilder();
        Map<String, String> caBundles = new LinkedHashMap<>();
        worker(toml, stateSize, cpu);
        if (kept) {
            collection(toml, stateSize);
        }
        List<Registry> registries = configuration.registries();
        for (int i = 0; i < registries.size(); i++) {
            Registry registry = registries.get(i);
            toml.append("\n[registry.").append(quoted(registry.host())).append("]\n");
            if (!registry.mirrors().isEmpty()) {
                toml.append("  mirrors = ").append(list(registry.mirrors())).append('\n');
            }
            if (registry.insecure()) {
                toml.append("  http = true\n");
            }
            if (registry.ca() != null && !registry.ca().isBlank()) {
                String file = i + ".pem";
                caBundles.put(file, registry.ca());
                toml.append("  ca = ")
                        .append(list(List.of(CA_FOLDER + "/" + file)))
                        .append('\n');
            }
        }
        return new BuildkitdConfiguration(toml.toString(), caBundles);
    }

    /** Without absolute limits BuildKit takes its share of the node's whole disk, and the pod is evicted for it. */
    private static void worker(StringBuilder toml, Quantity stateSizeLimit, Quantity cpu) {
        int steps = Math.max(
                LEAST_PARALLEL_STEPS,
                2 * cpu.getNumericalAmount().setScale(0, RoundingMode.CEILING).intValue());
        toml.append("[worker.oci]\n  enabled = true\n  gc = true\n  maxUsedSpace = ")
                .append(bytes(stateSizeLimit, CACHE_SHARE))
                .append("\n  max-parallelism = ")
                .append(steps)
                .append("\n\n[worker.containerd]\n  enabled = false\n");
    }

    /**
     * What is collected from a volume that outlives the pod. BuildKit's own rules remove cache mounts that were not used for two
     * days as soon as they are larger than half a gigabyte; here only the limits of the volume count.
     */
    private static void collection(StringBuilder toml, Quantity stateSize) {
        toml.append("\n[[worker.oci.gcpolicy]]\n  filters = ")
                .append(list(List.of("type==source.local", "type==source.git.checkout")))
                .append("\n  keepDuration = \"48h\"\n  maxUsedSpace = ")
                .append(bytes(stateSize, CHECKOUT_SHARE))
                .append('\n');
        for (boolean all : new boolean[] {false, true}) {
            toml.append("\n[[worker.oci.gcpolicy]]\n  all = ")
                    .append(all)
                    .append("\n  reservedSpace = ")
                    .append(bytes(stateSize, RESERVED_SHARE))
                    .append("\n  maxUsedSpace = ")
                    .append(bytes(stateSize, CACHE_SHARE))
                    .append("\n  minFreeSpace = ")
                    .append(bytes(stateSize, FREE_SHARE))
                    .append('\n');
        }
    }

    private static String bytes(Quantity size, BigDecimal share) {
        return quoted(size.getNumericalAmount().multiply(share).toBigInteger().toString());
    }

    private static String list(List<String> values) {
        return values.stream().map(BuildkitdConfiguration::quoted).collect(Collectors.joining(", ", "[", "]"));
    }

    /** A basic string of TOML. */
    private static String quoted(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        text.chars().forEach(c -> {
            if (c == '"' || c == '\\') {
                quoted.append('\\').append((char) c);
            } else if (Character.isISOControl(c)) {
                quoted.append(String.format("\\u%04X", c));
            } else {
                quoted.append((char) c);
            }
        });
        return quoted.append('"').toString();
    }
}
