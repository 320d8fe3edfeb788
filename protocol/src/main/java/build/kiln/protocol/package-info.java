/**
 * The contract between the operator and the program in the worker pod: what to build ({@link
 * build.kiln.protocol.BuildRequest}) and what came of it ({@link build.kiln.protocol.BuildResult}).
 */
@NullMarked
package build.kiln.protocol;

import org.jspecify.annotations.NullMarked;
