package build.kiln.registry;

import static com.tngtech.archunit.library.Architectures.layeredArchitecture;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

@AnalyzeClasses(packages = "build.kiln.registry", importOptions = ImportOption.DoNotIncludeTests.class)
class PackagesTest {
    @ArchTest
    static final ArchRule arrowsPointFromPublishingToValues = layeredArchitecture()
            .consideringOnlyDependenciesInLayers()
            .layer("publish")
            .definedBy("build.kiln.registry")
            .layer("http")
            .definedBy("build.kiln.registry.http")
            .layer("auth")
            .definedBy("build.kiln.registry.auth")
            .layer("image")
            .definedBy("build.kiln.registry.image")
            .whereLayer("publish")
            .mayNotBeAccessedByAnyLayer()
            .whereLayer("http")
            .mayOnlyBeAccessedByLayers("publish")
            .whereLayer("auth")
            .mayOnlyBeAccessedByLayers("publish", "http");
}
