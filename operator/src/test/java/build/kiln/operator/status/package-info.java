@NullMarked
package build.kiln.operator.status;

import org.jspecify.annotations.NullMarked;
