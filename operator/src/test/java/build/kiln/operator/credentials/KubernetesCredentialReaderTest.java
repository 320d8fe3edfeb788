package build.kiln.operator.credentials;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import build.kiln.api.v1alpha1.FailureReason;
import build.kiln.api.v1alpha1.ImageBuild;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.api.model.ServiceAccount;
import io.fabric8.kubernetes.api.model.ServiceAccountBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class KubernetesCredentialReaderTest {
    private static final String CONFIG =
            "{\"auths\":{\"registry.example.com\":{\"username\":\"u\",\"password\":\"hunter2\"}}}";

    private final Namespace shop = new Namespace();
    private final CredentialReader reader = new KubernetesCredentialReader(shop);

    @Test
    void aBuildThatNamesNothingNeedsNothing() {
        assertThat(read("")).isEqualTo(BuildCredentials.none());
    }

    @Test
    void registrySecretsComeInTheirOrderAndThoseOfTheServiceAccountLast() {
        shop.docker("push", CONFIG).docker("pull", CONFIG).docker("org", CONFIG);
        shop.account("builder", "org", "push", "gone", "legacy");
        shop.secret("legacy", "kubernetes.io/dockercfg", Map.of(".dockercfg", "{}"));

        BuildCredentials credentials =
                available(read("registryCredentials: [{name: push}, {name: pull}], serviceAccountName: builder"));

        assertThat(credentials.dockerConfigs())
                .extracting(BuildCredentials.DockerConfig::secretName)
                .containsExactly("push", "pull", "org");
        assertThat(credentials.dockerConfigs())
                .allSatisfy(config -> assertThat(config.json()).isEqualTo(CONFIG));
    }

    @Test
    void theDefaultServiceAccountCountsWhenNoneIsNamed() {
        shop.docker("org", CONFIG).account("default", "org");

        assertThat(available(read("")).dockerConfigs())
                .extracting(BuildCredentials.DockerConfig::secretName)
                .containsExactly("org");
    }

    @Test
    void gitCredentialsAreReadAndNeverShown() {
        shop.secret("git", "kubernetes.io/basic-auth", Map.of("username", "u", "password", "hunter2\n"))
                .docker("push", CONFIG);

        BuildCredentials credentials = available(read("registryCredentials: [{name: push}]", "secretRef: {name: git}"));

        assertThat(credentials.git()).isEqualTo(new BuildCredentials.GitCredentials("git", "u", "hunter2"));
        assertThat(credentials.toString()).contains("git", "push").doesNotContain("hunter2");
    }

    @Test
    void aMissingRegistrySecretComesWithTheCommandThatCreatesIt() {
        assertUnavailable(
                read("registryCredentials: [{name: push}]"),
                FailureReason.MissingSecret,
                "spec.registryCredentials[0]: Secret shop/push does not exist.",
                "kubectl -n shop create secret docker-registry push --docker-server=registry.example.com");
    }

    @Test
    void aRegistrySecretOfTheWrongKindIsNamedWithItsType() {
        shop.docker("push", CONFIG).secret("other", "Opaque", Map.of("password", "hunter2"));

        assertUnavailable(
                read("registryCredentials: [{name: push}, {name: other}]"),
                FailureReason.MissingSecret,
                "spec.registryCredentials[1]: Secret shop/other is of type Opaque",
                "\".dockerconfigjson\"",
                "create secret docker-registry other");
    }

    @Test
    void aMalformedRegistrySecretIsFoundBeforeAPodStarts() {
        shop.docker("push", "{\"auths\": hunter2");

        assertUnavailable(
                read("registryCredentials: [{name: push}]"),
                FailureReason.RegistryAuthFailed,
                "spec.registryCredentials[0]",
                "Secret shop/push");
    }

    @Test
    void aMissingBuildSecretComesWithTheCommandThatCreatesIt() {
        assertUnavailable(
                read("secrets: [{id: npmrc, secretKeyRef: {name: npm, key: .npmrc}}]"),
                FailureReason.MissingSecret,
                "spec.secrets[0].secretKeyRef: Secret shop/npm does not exist.",
                "kubectl -n shop create secret generic npm --from-file=.npmrc=FILE");
    }

    @Test
    void aMissingKeyIsNamedBesideThoseThatAreThere() {
        shop.secret("npm", "Opaque", Map.of("token", "hunter2", "config", "x"));

        assertUnavailable(
                read("secrets: [{id: npmrc, secretKeyRef: {name: npm, key: .npmrc}}]"),
                FailureReason.MissingSecret,
                "no value for key \".npmrc\"; it has config, token.",
                "kubectl -n shop patch secret npm");
    }

    @Test
    void aMissingSecretOfACacheComesWithTheCommandThatCreatesIt() {
        assertUnavailable(
                read("cache: {backends: [{s3: {bucket: b, region: r, secretRef: {name: bucket}}}]}"),
                FailureReason.MissingSecret,
                "spec.cache.backends[0].s3.secretRef: Secret shop/bucket does not exist.",
                "kubectl -n shop create secret generic bucket --from-literal=accessKeyId=ACCESS_KEY_ID"
                        + " --from-literal=secretAccessKey=SECRET_ACCESS_KEY");
    }

    @Test
    void everyBackendWithASecretNeedsItsKey() {
        shop.secret("s", "Opaque", Map.of("x", "hunter2"));

        assertUnavailable(
                read("cache: {backends: [{inline: {}}, {azblob: {accountUrl: 'https://a.example.com', container: c,"
                        + " secretRef: {name: s}}}]}"),
                FailureReason.MissingSecret,
                "spec.cache.backends[1].azblob.secretRef: Secret shop/s has no value for key \"accountKey\"");
        assertUnavailable(
                read("cache: {backends: [{gha: {url: 'https://a.example.com', secretRef: {name: s}}}]}"),
                FailureReason.MissingSecret,
                "spec.cache.backends[0].gha.secretRef: Secret shop/s has no value for key \"token\"");
    }

    @Test
    void ofTheSecretOfACacheOnlyTheKnownKeysAreUsed() {
        String spec = "cache: {backends: [{s3: {bucket: b, region: r, secretRef: {name: bucket}}}]}";
        shop.secret("bucket", "Opaque", Map.of("accessKeyId", "hunter2", "other", "x"));
        assertUnavailable(
                read(spec),
                FailureReason.MissingSecret,
                "spec.cache.backends[0].s3.secretRef: Secret shop/bucket has no value for key \"secretAccessKey\"; it"
                        + " has accessKeyId, other.");

        shop.secret("bucket", "Opaque", Map.of("accessKeyId", "a", "secretAccessKey", "b", "other", "x"));
        assertThat(available(read(spec)).caches())
                .containsExactly(
                        new BuildCredentials.CacheSecret(0, "bucket", List.of("accessKeyId", "secretAccessKey")));

        shop.secret("bucket", "Opaque", Map.of("accessKeyId", "a", "secretAccessKey", "b", "sessionToken", "c"));
        assertThat(available(read(spec)).caches().getFirst().keys()).contains("sessionToken");
    }

    @Test
    void aGitSecretNeedsBothKeys() {
        shop.secret("git", "kubernetes.io/basic-auth", Map.of("password", "hunter2"));

        assertUnavailable(
                read("", "secretRef: {name: git}"),
                FailureReason.MissingSecret,
                "spec.source.git.secretRef: Secret shop/git has no value for key \"username\"");
    }

    @Test
    void aServiceAccountThatIsNamedHasToExist() {
        assertUnavailable(
                read("serviceAccountName: builder"),
                FailureReason.InvalidSpec,
                "spec.serviceAccountName: ServiceAccount shop/builder does not exist.",
                "kubectl -n shop create serviceaccount builder");
    }

    @Test
    void aNamespaceThatKilnMayNotReadIsNamed() {
        shop.failure = new KubernetesClientException("forbidden", 403, null);

        assertUnavailable(
                read("registryCredentials: [{name: push}]"),
                FailureReason.MissingSecret,
                "namespace shop",
                "watchNamespaces");
    }

    @Test
    void anApiServerThatIsAwayIsNobodysMistake() {
        shop.failure = new KubernetesClientException("unavailable", 503, null);

        assertThatThrownBy(() -> read("")).isSameAs(shop.failure);
    }

    @Test
    void nothingIsReadFromAnotherNamespace() {
        shop.docker("push", CONFIG);

        read("registryCredentials: [{name: push}]");

        assertThat(shop.asked).isNotEmpty().containsOnly("shop");
    }

    private CredentialResult read(String fields) {
        return read(fields, "");
    }

    private CredentialResult read(String fields, String gitFields) {
        return reader.read(Serialization.unmarshal("""
                apiVersion: kiln.build/v1alpha1
                kind: ImageBuild
                metadata: {name: api, namespace: shop}
                spec: {source: {git: {url: "https://git.example.com/a.git", %s}}, output: {image: registry.example.com/a}, %s}
                """.formatted(gitFields, fields), ImageBuild.class));
    }

    private static BuildCredentials available(CredentialResult result) {
        return assertThat(result).asInstanceOf(type(BuildCredentials.class)).actual();
    }

    private static void assertUnavailable(CredentialResult result, FailureReason reason, String... parts) {
        assertThat(result)
                .asInstanceOf(type(CredentialResult.Unavailable.class))
                .satisfies(unavailable -> {
                    assertThat(unavailable.diagnosis().reason()).isEqualTo(reason);
                    assertThat(unavailable.diagnosis().message())
                            .contains(parts)
                            .doesNotContain("hunter2");
                });
    }

    private static final class Namespace implements NamespacedObjects {
        private final Map<String, Secret> secrets = new HashMap<>();
        private final Map<String, ServiceAccount> accounts = new HashMap<>();
        private final List<String> asked = new ArrayList<>();
        private @Nullable KubernetesClientException failure;

        Namespace docker(String name, String config) {
            return secret(name, "kubernetes.io/dockerconfigjson", Map.of(".dockerconfigjson", config));
        }

        Namespace secret(String name, String type, Map<String, String> values) {
            SecretBuilder secret = new SecretBuilder()
                    .withNewMetadata()
                    .withName(name)
                    .endMetadata()
                    .withType(type);
            values.forEach((key, value) ->
                    secret.addToData(key, Base64.getEncoder().encodeToString(value.getBytes(StandardCharsets.UTF_8))));
            secrets.put(name, secret.build());
            return this;
        }

        void account(String name, String... pullSecrets) {
            ServiceAccountBuilder account = new ServiceAccountBuilder();
            for (String secret : pullSecrets) {
                account.addNewImagePullSecret(secret);
            }
            accounts.put(name, account.build());
        }

        @Override
        public Optional<Secret> secret(String namespace, String name) {
            ask(namespace);
            return Optional.ofNullable(secrets.get(name));
        }

        @Override
        public Optional<ServiceAccount> serviceAccount(String namespace, String name) {
            ask(namespace);
            return Optional.ofNullable(accounts.get(name));
        }

        private void ask(String namespace) {
            asked.add(namespace);
            if (failure != null) {
                throw failure;
            }
        }
    }
}
