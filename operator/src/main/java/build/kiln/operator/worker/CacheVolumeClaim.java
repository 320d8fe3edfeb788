package build.kiln.operator.worker;

import build.kiln.api.v1alpha1.CacheVolume;
import build.kiln.api.v1alpha1.CacheVolume.Retention;
import build.kiln.api.v1alpha1.ImageBuild;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/** The PersistentVolumeClaims of cache volumes: their names, what marks them, what they ask for. */
public final class CacheVolumeClaim {
    /** Selects the cache volumes of every build. */
    public static final String SELECTOR = "app.kubernetes.io/managed-by=kiln,app.kubernetes.io/component=cache-volume";

    /** Annotation: what the volume was asked for, see {@link #request}. */
    public static final String REQUEST = "kiln.build/cache-volume";

    private CacheVolumeClaim() {}

    /**
     * {@code <build>-cache-<platform>}, and a number behind it from the second on: a volume that is given up keeps its name as
     * long as pods that used it are there.
     */
    public static String name(String build, String platform, int number) {
        String suffix = "-cache-" + platform.replaceAll("[^a-z0-9]", "-") + (number == 1 ? "" : "-" + number);
        return build.length() + suffix.length() <= WorkerPodName.LONGEST
                ? build + suffix
                : NameHash.shorten(build, WorkerPodName.LONGEST - suffix.length()) + suffix;
    }

    /** In one line, what the spec asks for; a volume that was made for another line is another volume. */
    public static String request(CacheVolume volume) {
        return volume.size() + " of " + Objects.requireNonNullElse(volume.storageClassName(), "the default class");
    }

    /** The claim, complete with name, labels and owner. */
    public static PersistentVolumeClaim create(ImageBuild build, String platform, String name, CacheVolume volume) {
        String owner = build.getMetadata().getName();
        Map<String, String> labels = new LinkedHashMap<>();
        labels.put("app.kubernetes.io/name", "kiln-cache");
        labels.put("app.kubernetes.io/component", "cache-volume");
        labels.put("app.kubernetes.io/managed-by", "kiln");
        labels.put("app.kubernetes.io/part-of", "kiln");
        labels.put(WorkerLabels.BUILD, WorkerLabels.buildValue(owner));
        labels.put(WorkerLabels.PLATFORM, platform.replace('/', '-'));
        return new PersistentVolumeClaimBuilder()
                .withNewMetadata()
                .withNamespace(build.getMetadata().getNamespace())
                .withName(name)
                .withLabels(labels)
                .withAnnotations(new TreeMap<>(Map.of(WorkerLabels.OWNER_NAME, owner, REQUEST, request(volume))))
                .withOwnerReferences(owners(build, volume.retention() != Retention.Retain))
                .endMetadata()
                .withNewSpec()
                // Only one pod at a time uses it, see CacheVolumes; ReadWriteOncePod needs a CSI driver.
                .withAccessModes("ReadWriteOnce")
                .withStorageClassName(volume.storageClassName())
                .withNewResources()
                .withRequests(Map.of("storage", new Quantity(volume.size())))
                .endResources()
                .endSpec()
                .build();
    }

    /** The owner references of a claim that goes with its ImageBuild, or stays without it. */
    public static List<OwnerReference> owners(ImageBuild build, boolean owned) {
        return owned
                ? List.of(new OwnerReferenceBuilder()
                        .withApiVersion(ImageBuild.GROUP + "/" + ImageBuild.VERSION)
                        .withKind("ImageBuild")
                        .withName(build.getMetadata().getName())
                        .withUid(build.getMetadata().getUid())
                        .withController(true)
                        .build())
                : List.of();
    }
}
