/** Times at which builds start or are looked after by themselves. */
@NullMarked
package build.kiln.operator.schedule;

import org.jspecify.annotations.NullMarked;
