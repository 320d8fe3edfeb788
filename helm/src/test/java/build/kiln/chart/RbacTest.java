package build.kiln.chart;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** Every right of the operator, spelled out: a change of the chart that grants more fails here first. */
class RbacTest {
    private static final Set<String> BUILDS = Set.of(
            "kiln.build/imagebuilds: delete get list watch",
            "kiln.build/imagebuilds/status: update",
            "kiln.build/imagebuilds/finalizers: update",
            "/pods: create delete get list watch",
            "/persistentvolumeclaims: create delete get list update watch",
            "/secrets: get",
            "/serviceaccounts: get",
            "/configmaps: create get update",
            "events.k8s.io/events: create list");
    private static final String PRIORITIES = "scheduling.k8s.io/priorityclasses: get list watch";
    private static final Set<String> CLUSTER =
            Set.of("/nodes: get list watch", "/namespaces: get list watch", PRIORITIES);
    private static final Set<String> ELECTION =
            Set.of("coordination.k8s.io/leases: create", "coordination.k8s.io/leases[kiln-operator]: get patch update");

    @Test
    void servingTheWholeCluster() {
        Chart.Manifests manifests = Chart.render("{}");

        assertThat(rights(clusterRole(manifests))).isEqualTo(union(BUILDS, CLUSTER));
        assertThat(manifests.ofKind("Role")).singleElement().satisfies(role -> {
            assertThat(role.at("/metadata/namespace").asText()).isEqualTo("kiln-system");
            assertThat(rights(role)).isEqualTo(ELECTION);
        });
    }

    @Test
    void servingSomeNamespacesReachesNoOther() {
        Chart.Manifests manifests = Chart.render("watchNamespaces: [a, b]");

        assertThat(rights(clusterRole(manifests)))
                .isEqualTo(Set.of("/nodes: get list watch", "/namespaces[a, b]: get list watch", PRIORITIES));
        assertThat(manifests.ofKind("Role"))
                .filteredOn(role -> rights(role).equals(BUILDS))
                .extracting(role -> role.at("/metadata/namespace").asText())
                .containsExactly("a", "b");
        assertThat(Chart.strings(manifests.configuration().path("watchNamespaces")))
                .containsExactly("a", "b");
    }

    @Test
    void everyRoleIsBoundToTheOperatorAlone() {
        Chart.Manifests manifests = Chart.render("{watchNamespaces: [a, b], serviceAccount: {name: builder}}");
        List<JsonNode> bindings = new java.util.ArrayList<>(manifests.ofKind("RoleBinding"));
        bindings.addAll(manifests.ofKind("ClusterRoleBinding"));

        assertThat(bindings).hasSize(4).allSatisfy(binding -> {
            assertThat(binding.path("subjects")).singleElement().satisfies(subject -> {
                assertThat(subject.path("kind").asText()).isEqualTo("ServiceAccount");
                assertThat(subject.path("name").asText()).isEqualTo("builder");
                assertThat(subject.path("namespace").asText()).isEqualTo("kiln-system");
            });
            assertThat(manifests.ofKind(binding.at("/roleRef/kind").asText())).anySatisfy(role -> {
                assertThat(role.at("/metadata/name")).isEqualTo(binding.at("/roleRef/name"));
                assertThat(role.at("/metadata/namespace")).isEqualTo(binding.at("/metadata/namespace"));
            });
        });
    }

    @Test
    void electionIsBoundToItsOwnLease() {
        Chart.Manifests manifests = Chart.render("leaderElection: {leaseName: other}");

        assertThat(rights(manifests.only("Role"))).contains("coordination.k8s.io/leases[other]: get patch update");
        assertThat(manifests.configuration().at("/leaderElection/leaseName").asText())
                .isEqualTo("other");
        assertThat(Chart.render("leaderElection: {enabled: false}").ofKind("Role"))
                .isEmpty();
    }

    @Test
    void usersWhoMayViewOrEditANamespaceMayViewOrEditItsImageBuilds() {
        Chart.Manifests manifests = Chart.render("{}");

        assertThat(rights(aggregated(manifests, "kiln-imagebuilds-view")))
                .containsExactly("kiln.build/imagebuilds/status: get", "kiln.build/imagebuilds: get list watch");
        assertThat(rights(aggregated(manifests, "kiln-imagebuilds-edit")))
                .containsExactly("kiln.build/imagebuilds: create delete deletecollection patch update");
        assertThat(aggregated(manifests, "kiln-imagebuilds-edit")
                        .at("/metadata/labels")
                        .has("rbac.authorization.k8s.io/aggregate-to-view"))
                .isFalse();
        assertThat(Chart.render("rbac: {aggregateClusterRoles: false}").ofKind("ClusterRole"))
                .hasSize(1);
    }

    private static JsonNode clusterRole(Chart.Manifests manifests) {
        return aggregated(manifests, "kiln-operator");
    }

    private static JsonNode aggregated(Chart.Manifests manifests, String name) {
        return manifests.ofKind("ClusterRole").stream()
                .filter(role -> role.at("/metadata/name").asText().equals(name))
                .findFirst()
                .orElseThrow();
    }

    /** One line per group, resource and name: {@code group/resource[name]: verbs}. */
    private static Set<String> rights(JsonNode role) {
        Set<String> rights = new TreeSet<>();
        for (JsonNode rule : role.path("rules")) {
            String verbs = String.join(" ", new TreeSet<>(Chart.strings(rule.path("verbs"))));
            String names = rule.has("resourceNames")
                    ? Chart.strings(rule.path("resourceNames")).toString()
                    : "";
            for (String group : Chart.strings(rule.path("apiGroups"))) {
                for (String resource : Chart.strings(rule.path("resources"))) {
                    rights.add(group + "/" + resource + names + ": " + verbs);
                }
            }
        }
        return rights;
    }

    private static Set<String> union(Set<String> one, Set<String> other) {
        Set<String> both = new TreeSet<>(one);
        both.addAll(other);
        return both;
    }
}
