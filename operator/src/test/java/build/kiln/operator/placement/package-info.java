@NullMarked
package build.kiln.operator.placement;

import org.jspecify.annotations.NullMarked;
