@NullMarked
package build.kiln.operator.failure;

import org.jspecify.annotations.NullMarked;
