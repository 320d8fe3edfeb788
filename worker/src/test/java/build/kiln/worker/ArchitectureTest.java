package build.kiln.worker;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

@AnalyzeClasses(packages = "build.kiln.worker", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
    /** Its start-up time is part of every build's, and it must not learn what Kubernetes is. */
    @ArchTest
    static final ArchRule NEEDS_ONLY_THE_PROTOCOL_AND_JACKSON = classes()
            .should()
            .onlyDependOnClassesThat()
            .resideInAnyPackage(
                    "java..",
                    "javax.crypto..",
                    "com.sun.net.httpserver",
                    "build.kiln.worker..",
                    "build.kiln.protocol..",
                    "com.fasterxml.jackson..",
                    "org.jspecify..");
}
