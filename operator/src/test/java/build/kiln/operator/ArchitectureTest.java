package build.kiln.operator;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** Which part may know which: deciding knows no client, and only the reconciler brings the parts together. */
@AnalyzeClasses(packages = "build.kiln.operator", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
    private static final String[] CLIENTS = {
        "io.fabric8.kubernetes.client..",
        "io.javaoperatorsdk..",
        "okhttp3..",
        "org.eclipse.jgit..",
        "build.kiln.registry..",
        "java.net.."
    };

    @ArchTest
    static final ArchRule DECIDING_KNOWS_NO_CLIENT = noClasses()
            .that()
            .haveNameMatching(
                    ".*\\.imagebuild\\.(RunPlanner|RunProgress|RunStart|RunCauses|RunSpec|Requests|Cancellation|Scheduling"
                            + "|Polling|TimeToLive|OlderRuns|History|BaseImageReferences|BuildingProgress|PlatformProgress"
                            + "|Republishing|PodHousekeeping|ActOutcomes|InputHash|RunUpdates|PlatformUpdates|StatusUpdates)(\\$.*)?")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(CLIENTS);

    @ArchTest
    static final ArchRule DECIDING_KNOWS_NO_TIME_OF_ITS_OWN =
            noClasses().that().resideInAPackage("..operator..").should().callMethod(java.time.Instant.class, "now");

    @ArchTest
    static final ArchRule SCHEDULES_KNOW_NO_CLIENT = noClasses()
            .that()
            .resideInAPackage("..schedule..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(CLIENTS);

    @ArchTest
    static final ArchRule PLACEMENT_KNOWS_NO_CLIENT = noClasses()
            .that()
            .resideInAPackage("..placement..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(CLIENTS);

    @ArchTest
    static final ArchRule STATUS_IS_DERIVED_WITHOUT_A_CLIENT = noClasses()
            .that()
            .resideInAPackage("..status..")
            .and()
            .doNotHaveSimpleName("EventRecorder")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(CLIENTS);

    @ArchTest
    static final ArchRule ONLY_THE_RECONCILER_BRINGS_THE_PARTS_TOGETHER = classes()
            .that()
            .resideInAnyPackage("..source..", "..publish..")
            .should()
            .onlyBeAccessed()
            .byAnyPackage("..source..", "..publish..", "..imagebuild..", "build.kiln.operator");

    @ArchTest
    static final ArchRule PACKAGES_HAVE_NO_CYCLES =
            slices().matching("build.kiln.operator.(*)..").should().beFreeOfCycles();
}
