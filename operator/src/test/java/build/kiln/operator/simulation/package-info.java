/** The real life of builds, played against an in-memory world that fails at every opportunity. */
@NullMarked
package build.kiln.operator.simulation;

import org.jspecify.annotations.NullMarked;
