package build.kiln.registry.http;

import java.time.Duration;

/**
 * Bounds of single requests. The deadline of the whole call stands above them.
 *
 * @param connectTimeout the longest wait for a connection
 * @param idleTimeout the longest silence while something is read or written
 * @param requestTimeout the longest time for a request whose body is small; the transfer of a blob may take longer
 * @param attempts how often a request is made that fails in a way which may pass
 * @param firstWait wait after the first failure; doubled after each further one, then shortened by up to half at random
 * @param longestWait the longest wait between two attempts; a registry that asks for more ends the call
 */
public record HttpSettings(
        Duration connectTimeout,
        Duration idleTimeout,
        Duration requestTimeout,
        int attempts,
        Duration firstWait,
        Duration longestWait) {
    /** Settings that suit registries on the internet and in the cluster alike. */
    public static HttpSettings defaults() {
        return new HttpSettings(
                Duration.ofSeconds(10),
                Duration.ofSeconds(30),
                Duration.ofSeconds(60),
                5,
                Duration.ofMillis(200),
                Duration.ofSeconds(30));
    }
}
