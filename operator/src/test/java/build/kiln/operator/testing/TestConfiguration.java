package build.kiln.operator.testing;

import build.kiln.operator.config.InvalidConfigurationException;
import build.kiln.operator.config.OperatorConfiguration;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Configurations for tests: the defaults, with what a test needs to be different. */
public final class TestConfiguration {
    private static final String IMAGES = """
            images:
              worker: registry.example.com/kiln/worker@sha256:%1$s
              buildkit: registry.example.com/kiln/buildkit@sha256:%1$s
            """.formatted("a".repeat(64));

    private static final OperatorConfiguration DEFAULTS = with("");

    private TestConfiguration() {}

    /** The defaults. */
    public static OperatorConfiguration defaults() {
        return DEFAULTS;
    }

    /** The defaults, and more keys of the file. */
    public static OperatorConfiguration with(String yaml) {
        try {
            Path file = Files.createTempFile("kiln", ".yaml");
            try {
                Files.writeString(file, IMAGES + yaml);
                return onFreePort(OperatorConfiguration.load(file));
            } finally {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InvalidConfigurationException e) {
            throw new IllegalArgumentException(e);
        }
    }

    /** No file may ask for that, but several operators run side by side in tests. */
    private static OperatorConfiguration onFreePort(OperatorConfiguration loaded) {
        return new OperatorConfiguration(
                loaded.images(),
                loaded.watchNamespaces(),
                loaded.worker(),
                loaded.cacheVolumes(),
                loaded.placement(),
                loaded.admission(),
                loaded.registries(),
                loaded.leaderElection(),
                new OperatorConfiguration.Http(0));
    }
}
