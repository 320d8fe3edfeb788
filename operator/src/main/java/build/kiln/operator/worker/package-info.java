/** The worker pod: the one that is wanted, and what an existing one says. */
@NullMarked
package build.kiln.operator.worker;

import org.jspecify.annotations.NullMarked;
