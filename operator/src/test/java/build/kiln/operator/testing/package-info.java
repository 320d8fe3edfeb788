@NullMarked
package build.kiln.operator.testing;

import org.jspecify.annotations.NullMarked;
