@NullMarked
package build.kiln.operator.cleanup;

import org.jspecify.annotations.NullMarked;
