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

    private static final int LEAST_PARALLEL_STEPS = 4;

    /**
     * @param cpu what the container may use, or is sure to get when there is no limit
     */
    static BuildkitdConfiguration of(OperatorConfiguration configuration, Quantity cpu) {
        StringBuilder toml = new StringBuilder();
        Map<String, String> caBundles = new LinkedHashMap<>();
        worker(toml, configuration.worker().stateSizeLimit(), cpu);
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
        BigDecimal bytes = stateSizeLimit.getNumericalAmount().multiply(CACHE_SHARE);
        int steps = Math.max(
                LEAST_PARALLEL_STEPS,
                2 * cpu.getNumericalAmount().setScale(0, RoundingMode.CEILING).intValue());
        toml.append("[worker.oci]\n  enabled = true\n  gc = true\n  maxUsedSpace = ")
                .append(quoted(bytes.toBigInteger().toString()))
                .append("\n  max-parallelism = ")
                .append(steps)
                .append("\n\n[worker.containerd]\n  enabled = false\n");
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
