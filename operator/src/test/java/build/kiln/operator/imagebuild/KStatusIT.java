package build.kiln.operator.imagebuild;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.operator.testing.ControlPlane;
import build.kiln.operator.testing.Program;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The very code by which Flux and Helm wait, over every state of a build. */
@ExtendWith(ControlPlane.class)
class KStatusIT {
    @Test
    void understandsEveryState(ControlPlane.Access access) {
        List<RecordedBuild> builds = RecordedBuild.all();
        String objects =
                builds.stream().map(build -> RecordedBuild.yaml(build.object())).collect(Collectors.joining());

        List<String> lines = Program.kstatus(access).outputFor(objects).lines().toList();

        assertThat(lines).hasSameSizeAs(builds);
        for (int i = 0; i < builds.size(); i++) {
            assertThat(lines.get(i).split("\t", -1)[1])
                    .as("%s: %s", builds.get(i), lines.get(i))
                    .isEqualTo(builds.get(i).kstatus().name());
        }
    }
}
