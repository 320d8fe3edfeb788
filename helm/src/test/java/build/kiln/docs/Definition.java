package build.kiln.docs;

import build.kiln.SourceTree;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import com.networknt.schema.ValidationMessage;
import java.util.List;

/** The schema of ImageBuild. */
final class Definition {
    private Definition() {}

    static JsonNode schema() {
        return SourceTree.yaml(SourceTree.text("crds/imagebuilds.kiln.build.yaml"))
                .at("/spec/versions/0/schema/openAPIV3Schema");
    }

    /** What is wrong with an ImageBuild as a user would write it; CEL rules are left to a real API server. */
    static List<String> problems(JsonNode imageBuild) {
        ObjectNode schema = schema().deepCopy();
        makeStrict(schema);
        JsonSchema strict =
                JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V7).getSchema(schema);
        return strict.validate(((ObjectNode) imageBuild.deepCopy()).retain("spec")).stream()
                .map(ValidationMessage::getMessage)
                .toList();
    }

    /** The API server prunes unknown fields; in an example one is a mistake. Extensions of Kubernetes are no JSON Schema. */
    private static void makeStrict(JsonNode schema) {
        if (schema instanceof ObjectNode object) {
            object.remove(List.of(
                    "x-kubernetes-int-or-string",
                    "x-kubernetes-list-map-keys",
                    "x-kubernetes-list-type",
                    "x-kubernetes-validations"));
            if (object.path("properties").isObject()) {
                object.put("additionalProperties", false);
            }
        }
        schema.forEach(Definition::makeStrict);
    }
}
