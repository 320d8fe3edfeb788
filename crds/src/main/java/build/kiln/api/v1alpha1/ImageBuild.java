package build.kiln.api.v1alpha1;

import io.fabric8.crd.generator.annotation.AdditionalPrinterColumn;
import io.fabric8.kubernetes.api.model.Namespaced;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.model.annotation.Categories;
import io.fabric8.kubernetes.model.annotation.Group;
import io.fabric8.kubernetes.model.annotation.Kind;
import io.fabric8.kubernetes.model.annotation.Plural;
import io.fabric8.kubernetes.model.annotation.ShortNames;
import io.fabric8.kubernetes.model.annotation.Singular;
import io.fabric8.kubernetes.model.annotation.Version;

/**
 * One container image, built for several platforms from one source and published as one OCI index. Users write one object
 * and change it: a change of a build input starts a run, anything else does not.
 */
@Group(ImageBuild.GROUP)
@Version(ImageBuild.VERSION)
@Kind("ImageBuild")
@Plural("imagebuilds")
@Singular("imagebuild")
@ShortNames("imgb")
@Categories("builds")
@AdditionalPrinterColumn(
        name = "Ready",
        jsonPath = ".status.conditions[?(@.type==\"Ready\")].status",
        type = AdditionalPrinterColumn.Type.STRING)
@AdditionalPrinterColumn(
        name = "Reason",
        jsonPath = ".status.conditions[?(@.type==\"Ready\")].reason",
        type = AdditionalPrinterColumn.Type.STRING)
@AdditionalPrinterColumn(
        name = "Platforms",
        jsonPath = ".status.summary.platforms",
        type = AdditionalPrinterColumn.Type.STRING)
@AdditionalPrinterColumn(
        name = "Revision",
        jsonPath = ".status.summary.revision",
        type = AdditionalPrinterColumn.Type.STRING)
@AdditionalPrinterColumn(
        name = "Duration",
        jsonPath = ".status.summary.duration",
        type = AdditionalPrinterColumn.Type.STRING)
@AdditionalPrinterColumn(
        name = "Age",
        jsonPath = ".metadata.creationTimestamp",
        type = AdditionalPrinterColumn.Type.DATE)
@AdditionalPrinterColumn(
        name = "Image",
        jsonPath = ".status.image",
        type = AdditionalPrinterColumn.Type.STRING,
        priority = 1)
@AdditionalPrinterColumn(
        name = "Cache",
        jsonPath = ".status.summary.cache",
        type = AdditionalPrinterColumn.Type.STRING,
        priority = 1)
@AdditionalPrinterColumn(
        name = "Strategy",
        jsonPath = ".status.run.strategy",
        type = AdditionalPrinterColumn.Type.STRING,
        priority = 1)
@AdditionalPrinterColumn(
        name = "Message",
        jsonPath = ".status.conditions[?(@.type==\"Ready\")].message",
        type = AdditionalPrinterColumn.Type.STRING,
        priority = 1)
public class ImageBuild extends CustomResource<ImageBuildSpec, ImageBuildStatus> implements Namespaced {
    private static final long serialVersionUID = 1L;

    /** API group. */
    public static final String GROUP = "kiln.build";

    /** API version. */
    public static final String VERSION = "v1alpha1";

    /** Annotation with a token; a new value starts a run. Echoed in {@code status.lastHandledRebuildAt}. */
    public static final String REBUILD_ANNOTATION = "kiln.build/rebuild-requested-at";

    /**
     * Annotation with a token; a new value cancels the run under way, if there is one. Echoed in {@code
     * status.lastHandledCancelAt}.
     */
    public static final String CANCEL_ANNOTATION = "kiln.build/cancel-requested-at";

    /**
     * Annotation with a token; a new value gives up the cache volumes, so that the next pods start with empty ones. Echoed in
     * {@code status.lastHandledEmptyCacheAt}.
     */
    public static final String EMPTY_CACHE_ANNOTATION = "kiln.build/empty-cache-requested-at";
}
