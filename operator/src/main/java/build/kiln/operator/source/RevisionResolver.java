package build.kiln.operator.source;

import build.kiln.api.v1alpha1.Source;
import build.kiln.operator.credentials.BuildCredentials.GitCredentials;
import org.jspecify.annotations.Nullable;

/** Turns a git revision into the commit that every platform of a run builds. */
public interface RevisionResolver {
    /** Asks the git server; blocking, with a deadline. A full commit id is returned as it is, without asking. */
    Resolution resolve(Source.Git source, @Nullable GitCredentials credentials);
}
