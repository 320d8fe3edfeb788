/** What a failure means: its reason, whose affair it is, and what comes next. */
@NullMarked
package build.kiln.operator.failure;

import org.jspecify.annotations.NullMarked;
