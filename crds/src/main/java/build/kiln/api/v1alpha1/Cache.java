package build.kiln.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import io.soabase.recordbuilder.core.RecordBuilder;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a build need not do again: the registry cache, with one reference per repository, scope and platform, other places for the
 * same, and volumes with the state of BuildKit.
 */
@JsonIgnoreProperties(ignoreUnknown = true)
@JsonInclude(JsonInclude.Include.NON_NULL)
@ValidationRule(
        value =
                "!has(self.repository) || self.repository.matches('^([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]+)?/)?[a-z0-9]+(([.]|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+(([.]|_|__|-+)[a-z0-9]+)*)*$')",
        message = "cache.repository: write a repository in lower case without tag or digest")
@ValidationRule(
        value =
                "!has(self.importScopes) || self.importScopes.all(scope, scope.matches('^[A-Za-z0-9_][A-Za-z0-9._-]*$'))",
        message =
                "cache.importScopes: a scope is letters, digits, underscores, dots and dashes, and begins with none of the last two")
@ValidationRule(
        value = "!has(self.backends) || has(self.volume) || !self.backends.exists(b, has(b.local))",
        message = "cache.backends: local keeps the cache on the cache volume; write cache.volume too, or remove local")
@ValidationRule(
        value =
                "!has(self.backends) || (self.backends.filter(b, has(b.local)).size() <= 1 && self.backends.filter(b, has(b.inline)).size() <= 1)",
        message = "cache.backends: write local and inline at most once each")
@RecordBuilder
public record Cache(
        @Default("Max")
        @JsonPropertyDescription(
                "What the cache holds. Max keeps the result of every step, Min only those of the final image. Disabled neither reads nor writes the registry cache; backends then hold what Max does. Defaults to Max.")
        @Nullable
        Mode mode,

        @Size(min = 1, max = 255)
        @JsonPropertyDescription("Repository for the cache, without tag. Defaults to output.image.")
        @Nullable
        String repository,

        @Size(min = 1, max = 64)
        @Pattern("^[A-Za-z0-9_][A-Za-z0-9._-]*$")
        @Default("default")
        @JsonPropertyDescription(
                "Keeps caches apart, for example per branch. The reference is <repository>:buildcache-<scope>-<platform>. Defaults to default.")
        @Nullable
        String scope,

        @Size(max = 8)
        @JsonPropertyDescription(
                "Other scopes to read as well, after this one and in this order, for example the main branch's. They are never written.")
        @Nullable
        List<@Size(min = 1, max = 64) String> importScopes,

        @JsonPropertyDescription(
                "Also read the caches of the spec's other platforms, for Dockerfiles whose stages are built on $BUILDPLATFORM and are the same for all. Defaults to false.")
        @Nullable
        Boolean shareAcrossPlatforms,

        @Default("true")
        @JsonPropertyDescription(
                "Whether the cache is written after the build. False only reads it, which suits pull requests. Defaults to true.")
        @Nullable
        Boolean export,

        @Min(10)
        @Max(3600)
        @Default("300")
        @JsonPropertyDescription(
                "Longest time for writing the cache, to all places together, in seconds. It begins when the image is pushed; a cache that is not written by then fails nothing, and the one before stays. Defaults to 300.")
        @Nullable
        Integer exportTimeoutSeconds,

        @JsonPropertyDescription(
                "How layers are compressed in the registry cache. Defaults to the form they have already.")
        @Nullable
        Compression compression,

        @Size(max = 4)
        @JsonPropertyDescription(
                "Other places for the cache, read after the registry cache in this order, and written after it.")
        @Nullable
        List<CacheBackend> backends,

        @JsonPropertyDescription(
                "Keeps the state of BuildKit, cache mounts included, on a volume per platform. Unset: it goes with the pod, and only the registry cache remains.")
        @Nullable
        CacheVolume volume) {

    /** Which steps are kept. */
    public enum Mode {
        Max,
        Min,
        Disabled
    }
}
