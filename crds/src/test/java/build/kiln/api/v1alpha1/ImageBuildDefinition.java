package build.kiln.api.v1alpha1;

import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.fabric8.crdv2.generator.CRDGenerator;
import io.fabric8.crdv2.generator.CRDPostProcessor;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.api.model.apiextensions.v1.JSONSchemaProps;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Generates the CustomResourceDefinition from the records. What no annotation of the generator expresses is added here:
 * list types, which let several writers own entries of one list, defaults of lists and objects, and formats.
 */
final class ImageBuildDefinition {
    /** The committed file, which the chart and the tests apply. */
    static final Path FILE = Path.of("imagebuilds.kiln.build.yaml");

    private static final List<String> COLUMNS = List.of(
            "Ready", "Reason", "Platforms", "Revision", "Duration", "Age", "Image", "Cache", "Strategy", "Message");

    private ImageBuildDefinition() {}

    static String yaml() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        new CRDGenerator()
                .withPostProcessor(new Completion())
                .withMinQuotes(true)
                .withOutput(new SingleOutput(bytes))
                .customResourceClasses(List.of(ImageBuild.class))
                .generate();
        return withQuotedBooleans(bytes.toString(StandardCharsets.UTF_8));
    }

    /** Unquoted, kubectl and Helm take enum values such as True and On for booleans. */
    private static String withQuotedBooleans(String yaml) {
        return yaml.replaceAll("(?m)^( *- )(True|False|On|Off|Yes|No)$", "$1\"$2\"");
    }

    static JSONSchemaProps property(JSONSchemaProps schema, String... path) {
        JSONSchemaProps current = schema;
        for (String name : path) {
            current = Objects.requireNonNull(current.getProperties().get(name), name);
        }
        return current;
    }

    private static final class Completion implements CRDPostProcessor {
        @Override
        public HasMetadata process(HasMetadata resource, String version) {
            CustomResourceDefinition definition = (CustomResourceDefinition) resource;
            // The generator sorts columns by path; people read them in this order.
            definition
                    .getSpec()
                    .getVersions()
                    .getFirst()
                    .getAdditionalPrinterColumns()
                    .sort(Comparator.comparingInt(column -> COLUMNS.indexOf(column.getName())));
            JSONSchemaProps root =
                    definition.getSpec().getVersions().getFirst().getSchema().getOpenAPIV3Schema();
            root.setRequired(List.of("spec"));
            root.setDescription("One container image, built for several platforms from one source and published as one"
                    + " OCI index. A change of a build input starts a run; any other change does not.");
            describe(root, "spec", "What to build, for which platforms, and where to put it.");
            describe(root, "status", "What Kiln knows about the build. Written by the operator alone.");
            spec(property(root, "spec"));
            status(property(root, "status"));
            return definition;
        }

        private static void spec(JSONSchemaProps spec) {
            JsonNodeFactory json = JsonNodeFactory.instance;
            JSONSchemaProps platforms = property(spec, "platforms");
            platforms.setXKubernetesListType("set");
            platforms.setDefault(json.arrayNode().add("linux/amd64").add("linux/arm64"));
            property(spec, "output", "tags").setXKubernetesListType("set");
            mapList(property(spec, "buildArgs"), "name");
            mapList(property(spec, "secrets"), "id");
            property(spec, "registryCredentials").setXKubernetesListType("atomic");
        }

        private static void status(JSONSchemaProps status) {
            status.setDefault(JsonNodeFactory.instance.objectNode().set("observedGeneration", IntNode.valueOf(-1)));
            mapList(property(status, "conditions"), "type");
            mapList(property(status, "platforms"), "platform");
            mapList(property(status, "history"), "run");
            property(status, "run", "spec").setType("object");
            for (JSONSchemaProps owner : List.of(
                    status,
                    items(property(status, "history")),
                    items(property(status, "conditions")),
                    items(property(status, "platforms")),
                    property(status, "run"))) {
                for (Map.Entry<String, JSONSchemaProps> property :
                        owner.getProperties().entrySet()) {
                    if (property.getKey().endsWith("Time")) {
                        property.getValue().setFormat("date-time");
                    }
                }
            }
        }

        private static JSONSchemaProps items(JSONSchemaProps list) {
            return list.getItems().getSchema();
        }

        private static void mapList(JSONSchemaProps list, String key) {
            list.setXKubernetesListType("map");
            list.setXKubernetesListMapKeys(List.of(key));
        }

        private static void describe(JSONSchemaProps root, String name, String text) {
            property(root, name).setDescription(text);
        }
    }

    private record SingleOutput(ByteArrayOutputStream bytes) implements CRDGenerator.CRDOutput<ByteArrayOutputStream> {
        @Override
        public ByteArrayOutputStream outputFor(@Nullable String name) {
            return bytes;
        }

        @Override
        public void close() {
            // Nothing is held open.
        }
    }
}
