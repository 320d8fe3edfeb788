package build.kiln.e2e;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.time.Duration;
import java.util.List;
import org.awaitility.Awaitility;

/** An admission policy that leaves no container of one namespace an unmasked /proc. */
final class MaskedProc implements AutoCloseable {
    private static final Duration IN_EFFECT = Duration.ofSeconds(30);

    private final Workspace workspace;
    private final List<HasMetadata> objects;

    private MaskedProc(Workspace workspace, List<HasMetadata> objects) {
        this.workspace = workspace;
        this.objects = objects;
    }

    static MaskedProc in(Workspace workspace) {
        String name = "masked-proc-" + workspace.namespace() + ".kiln.build";
        HasMetadata policy = generic("""
                apiVersion: admissionregistration.k8s.io/v1
                kind: MutatingAdmissionPolicy
                metadata: {name: %s}
                spec:
                  failurePolicy: Fail
                  reinvocationPolicy: Never
                  matchConstraints:
                    resourceRules:
                    - {apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}
                  matchConditions:
                  - name: unmasked
                    expression: object.spec.?initContainers[?0].?securityContext.?procMount.orValue("") == "Unmasked"
                  mutations:
                  - patchType: JSONPatch
                    jsonPatch:
                      expression: '[JSONPatch{op: "replace", path: "/spec/initContainers/0/securityContext/procMount", value: "Default"}]'
                """.formatted(name));
        HasMetadata binding = generic("""
                apiVersion: admissionregistration.k8s.io/v1
                kind: MutatingAdmissionPolicyBinding
                metadata: {name: %s}
                spec:
                  policyName: %s
                  matchResources:
                    namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: %s}}
                """.formatted(name, name, workspace.namespace()));
        MaskedProc policies = new MaskedProc(workspace, List.of(policy, binding));
        try {
            policies.objects.forEach(
                    object -> workspace.client().resource(object).create());
            policies.await("Default");
            return policies;
        } catch (RuntimeException | Error e) {
            policies.close();
            throw e;
        }
    }

    private static HasMetadata generic(String yaml) {
        return Serialization.unmarshal(yaml, GenericKubernetesResource.class);
    }

    /** The API server learns of policies a moment after they are written. */
    private void await(String procMount) {
        Pod probe = Serialization.unmarshal("""
                apiVersion: v1
                kind: Pod
                metadata: {name: probe, namespace: %s}
                spec:
                  hostUsers: false
                  initContainers: [{name: init, image: probe, securityContext: {procMount: Unmasked}}]
                  containers: [{name: main, image: probe}]
                """.formatted(workspace.namespace()), Pod.class);
        Awaitility.await("pods get /proc " + procMount)
                .atMost(IN_EFFECT)
                .until(() -> workspace
                        .client()
                        .resource(probe)
                        .dryRun(true)
                        .create()
                        .getSpec()
                        .getInitContainers()
                        .getFirst()
                        .getSecurityContext()
                        .getProcMount()
                        .equals(procMount));
    }

    @Override
    public void close() {
        objects.forEach(object -> workspace.client().resource(object).delete());
        await("Unmasked");
    }
}
