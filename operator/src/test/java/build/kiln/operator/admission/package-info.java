@NullMarked
package build.kiln.operator.admission;

import org.jspecify.annotations.NullMarked;
