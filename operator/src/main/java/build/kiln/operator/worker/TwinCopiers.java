package build.kiln.operator.worker;

import build.kiln.operator.config.OperatorConfiguration;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerBuilder;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/**
 * Init containers that copy images of twins into a volume, for clusters without image volumes. The images hold nothing but the
 * twins, so the program that copies comes from the image of the launcher.
 */
final class TwinCopiers {
    private static final String LAUNCHER = "/usr/local/bin/kiln-buildkitd";
    private static final String COPIER = TwinsMounts.FOLDER + "/copier";

    private TwinCopiers() {}

    static List<Container> of(OperatorConfiguration configuration, List<String> images) {
        List<Container> copiers = new ArrayList<>();
        copiers.add(
                copier(configuration, "twins-copier", configuration.images().buildkit(), LAUNCHER, LAUNCHER, COPIER));
        for (int i = 0; i < images.size(); i++) {
            copiers.add(copier(
                    configuration, "twins-" + i, images.get(i), COPIER, TwinsMounts.IN_IMAGE, TwinsMounts.folder(i)));
        }
        return copiers;
    }

    private static Container copier(
            OperatorConfiguration configuration, String name, String image, String program, String from, String to) {
        return new ContainerBuilder()
                .withName(name)
                .withImage(image)
                .withImagePullPolicy(configuration.images().pullPolicy().name())
                .withCommand(program, "copy", from, to)
                .withNewResources()
                .withRequests(new TreeMap<>(
                        configuration.worker().resources().worker().requests()))
                .withLimits(new TreeMap<>(
                        configuration.worker().resources().worker().limits()))
                .endResources()
                .withSecurityContext(WorkerContainers.restricted())
                .addNewVolumeMount()
                .withName(TwinsMounts.VOLUME)
                .withMountPath(TwinsMounts.FOLDER)
                .endVolumeMount()
                .withTerminationMessagePolicy("File")
                .build();
    }
}
