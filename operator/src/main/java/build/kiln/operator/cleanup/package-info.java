/** Finds and removes worker pods that nothing owns any more. */
@NullMarked
package build.kiln.operator.cleanup;

import org.jspecify.annotations.NullMarked;
