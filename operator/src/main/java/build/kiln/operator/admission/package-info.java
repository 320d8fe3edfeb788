/** The queue of platform builds: which may start now, and why the others wait. Knows no client. */
@NullMarked
package build.kiln.operator.admission;

import org.jspecify.annotations.NullMarked;
