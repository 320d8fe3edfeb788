package build.kiln.operator.credentials;

import build.kiln.api.v1alpha1.BuildSecret;
import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.api.v1alpha1.ImageBuildSpec;
import build.kiln.api.v1alpha1.LocalReference;
import build.kiln.api.v1alpha1.Source;
import build.kiln.operator.credentials.BuildCredentials.DockerConfig;
import build.kiln.operator.credentials.BuildCredentials.GitCredentials;
import build.kiln.operator.failure.Diagnosis;
import build.kiln.operator.failure.Evidence.OfCredentials;
import build.kiln.registry.auth.InvalidDockerConfigException;
import io.fabric8.kubernetes.api.model.LocalObjectReference;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.ServiceAccount;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads Secrets and ServiceAccounts from the API server, only by name and only in the namespace of the build. */
public final class KubernetesCredentialReader implements CredentialReader {
    private static final Logger LOG = LoggerFactory.getLogger(KubernetesCredentialReader.class);
    private static final String DEFAULT_SERVICE_ACCOUNT = "default";
    private static final int FORBIDDEN = 403;

    private final NamespacedObjects objects;

    /**
     * @param client whose request timeout bounds each read
     */
    public KubernetesCredentialReader(KubernetesClient client) {
        this(new NamespacedObjects() {
            @Override
            public Optional<Secret> secret(String namespace, String name) {
                return Optional.ofNullable(
                        client.secrets().inNamespace(namespace).withName(name).get());
            }

            @Override
            public Optional<ServiceAccount> serviceAccount(String namespace, String name) {
                return Optional.ofNullable(client.serviceAccounts()
                        .inNamespace(namespace)
                        .withName(name)
                        .get());
            }
        });
    }

    KubernetesCredentialReader(NamespacedObjects objects) {
        this.objects = objects;
    }

    /**
     * {@inheritDoc}
     *
     * @throws KubernetesClientException when the API server does not answer
     */
    @Override
    public CredentialResult read(ImageBuild build) {
        String namespace = build.getMetadata().getNamespace();
        SecretAdvice advice =
                new SecretAdvice(namespace, build.getSpec().output().image());
        try {
            return readAll(namespace, build.getSpec(), advice);
        } catch (UnavailableException e) {
            return e.unavailable();
        } catch (KubernetesClientException e) {
            if (e.getCode() == FORBIDDEN) {
                return new CredentialResult.Unavailable(Diagnosis.of(
                        OfCredentials.SECRET_MISSING,
                        "Kiln may not read Secrets and ServiceAccounts in namespace " + namespace
                                + ". Install its chart with this namespace in watchNamespaces, or with none."));
            }
            throw e;
        }
    }

    private BuildCredentials readAll(String namespace, ImageBuildSpec spec, SecretAdvice advice)
            throws UnavailableException {
        List<DockerConfig> configs = new ArrayList<>();
        List<LocalReference> references = spec.registryCredentials() == null ? List.of() : spec.registryCredentials();
        for (int i = 0; i < references.size(); i++) {
            configs.add(named(namespace, references.get(i).name(), "spec.registryCredentials[" + i + "]", advice));
        }
        configs.addAll(ofServiceAccount(namespace, spec.serviceAccountName(), configs));
        checkBuildSecrets(namespace, spec.secrets() == null ? List.of() : spec.secrets(), advice);
        return new BuildCredentials(
                configs,
                git(namespace, spec.source().git(), advice),
                new CacheSecrets(objects, namespace, advice).read(spec.cache()));
    }

    private DockerConfig named(String namespace, String name, String field, SecretAdvice advice)
            throws UnavailableException {
        Secret secret = objects.secret(namespace, name).orElseThrow(() -> advice.missingRegistrySecret(field, name));
        String json = SecretData.text(secret, DockerConfig.KEY)
                .orElseThrow(() -> advice.notRegistrySecret(field, name, String.valueOf(secret.getType())));
        try {
            parse(namespace, name, json);
        } catch (InvalidDockerConfigException e) {
            throw new UnavailableException(
                    OfCredentials.SECRET_MALFORMED, field + ": " + e.getMessage() + ".\n" + advice.recreate(name));
        }
        return new DockerConfig(name, json);
    }

    /** As the kubelet does, those that are missing or of another kind are passed over. */
    private List<DockerConfig> ofServiceAccount(String namespace, @Nullable String specified, List<DockerConfig> before)
            throws UnavailableException {
        String name = specified == null ? DEFAULT_SERVICE_ACCOUNT : specified;
        Optional<ServiceAccount> account = objects.serviceAccount(namespace, name);
        if (account.isEmpty() && specified != null) {
            throw new UnavailableException(
                    OfCredentials.SERVICE_ACCOUNT_MISSING,
                    "spec.serviceAccountName: ServiceAccount " + namespace + "/" + name
                            + " does not exist.\nCreate it: kubectl -n " + namespace + " create serviceaccount "
                            + name);
        }
        Set<String> seen =
                new HashSet<>(before.stream().map(DockerConfig::secretName).toList());
        List<DockerConfig> configs = new ArrayList<>();
        for (LocalObjectReference reference :
                account.map(ServiceAccount::getImagePullSecrets).orElse(List.of())) {
            if (reference.getName() != null && seen.add(reference.getName())) {
                pullSecret(namespace, reference.getName()).ifPresent(configs::add);
            }
        }
        return configs;
    }

    private Optional<DockerConfig> pullSecret(String namespace, String name) {
        Optional<String> json =
                objects.secret(namespace, name).flatMap(secret -> SecretData.text(secret, DockerConfig.KEY));
        String problem = "missing, or not of type kubernetes.io/dockerconfigjson";
        if (json.isPresent()) {
            try {
                parse(namespace, name, json.get());
                return Optional.of(new DockerConfig(name, json.get()));
            } catch (InvalidDockerConfigException e) {
                problem = String.valueOf(e.getMessage());
            }
        }
        LOG.atInfo()
                .addKeyValue("namespace", namespace)
                .addKeyValue("secret", name)
                .addKeyValue("problem", problem)
                .log("Passed over a pull secret of the ServiceAccount");
        return Optional.empty();
    }

    private static void parse(String namespace, String name, String json) throws InvalidDockerConfigException {
        build.kiln.registry.auth.DockerConfig.parse(
                json.getBytes(StandardCharsets.UTF_8), "Secret " + namespace + "/" + name);
    }

    private void checkBuildSecrets(String namespace, List<BuildSecret> secrets, SecretAdvice advice)
            throws UnavailableException {
        for (int i = 0; i < secrets.size(); i++) {
            BuildSecret.SecretKey key = secrets.get(i).secretKeyRef();
            String field = "spec.secrets[" + i + "].secretKeyRef";
            Secret secret = objects.secret(namespace, key.name())
                    .orElseThrow(() -> advice.missingBuildSecret(field, key.name(), key.key()));
            if (SecretData.bytes(secret, key.key()).isEmpty()) {
                throw advice.missingKey(field, secret, key.key());
            }
        }
    }

    private @Nullable GitCredentials git(String namespace, Source.@Nullable Git source, SecretAdvice advice)
            throws UnavailableException {
        if (source == null || source.secretRef() == null) {
            return null;
        }
        String name = source.secretRef().name();
        String field = "spec.source.git.secretRef";
        Secret secret = objects.secret(namespace, name).orElseThrow(() -> advice.missingGitSecret(field, name));
        return new GitCredentials(
                name,
                gitValue(field, secret, GitCredentials.USERNAME_KEY, advice),
                gitValue(field, secret, GitCredentials.PASSWORD_KEY, advice));
    }

    private static String gitValue(String field, Secret secret, String key, SecretAdvice advice)
            throws UnavailableException {
        return SecretData.text(secret, key)
                .orElseThrow(() -> advice.missingKey(field, secret, key))
                .strip();
    }
}
