package build.kiln.operator.simulation;

import build.kiln.api.v1alpha1.Source;
import build.kiln.operator.credentials.BuildCredentials.GitCredentials;
import build.kiln.operator.source.Resolution;
import build.kiln.operator.source.RevisionResolver;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A git server with branches that move. */
final class PlayedGit implements RevisionResolver {
    private static final String BROKEN = "bad0";
    private static final int COMMIT_LENGTH = 40;

    private final World world;
    private final Map<String, Integer> pushes = new HashMap<>();

    PlayedGit(World world) {
        this.world = world;
    }

    static boolean isBroken(String commit) {
        return commit.startsWith(BROKEN);
    }

    void push(String revision) {
        pushes.merge(revision, 1, Integer::sum);
        world.log("git: push to", revision);
    }

    void copy(PlayedGit other) {
        pushes.putAll(other.pushes);
    }

    String commit(String revision) {
        return commit(revision, pushes.getOrDefault(revision, 0));
    }

    /** Whether the revision has ever pointed at the commit. */
    boolean wasAt(String revision, String commit) {
        for (int push = 0; push <= pushes.getOrDefault(revision, 0); push++) {
            if (commit(revision, push).equals(commit)) {
                return true;
            }
        }
        return false;
    }

    @Override
    public Resolution resolve(Source.Git source, @Nullable GitCredentials credentials) {
        world.pause();
        if (world.strikes(Fault.GIT_FAILURES, 4)) {
            return Answers.unresolved();
        }
        return new Resolution.Resolved(commit(String.valueOf(source.revision())));
    }

    private static String commit(String revision, int push) {
        String hash = Images.hash(revision + push);
        return (revision.equals("broken") ? BROKEN + hash : hash).substring(0, COMMIT_LENGTH);
    }
}
