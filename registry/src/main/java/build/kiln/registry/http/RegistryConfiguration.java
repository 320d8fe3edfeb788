package build.kiln.registry.http;

import java.util.List;

/**
 * How registries are reached. A registry without an entry is reached over HTTPS with the system's certificates.
 *
 * @param hosts one entry per registry
 */
public record RegistryConfiguration(List<RegistryHost> hosts) {
    /**
     * Checks the entries.
     *
     * @throws IllegalArgumentException when a registry has two
     */
    public RegistryConfiguration {
        hosts = List.copyOf(hosts);
        if (hosts.stream().map(RegistryHost::host).distinct().count() < hosts.size()) {
            throw new IllegalArgumentException("registries: a host has more than one entry");
        }
    }

    /** No registry has anything of its own. */
    public static RegistryConfiguration defaults() {
        return new RegistryConfiguration(List.of());
    }

    RegistryHost host(String registry) {
        return hosts.stream()
                .filter(entry -> entry.host().equals(registry))
                .findFirst()
                .orElseGet(() -> new RegistryHost(registry, List.of(), false, null));
    }
}
