@NullMarked
package build.kiln.operator.publish;

import org.jspecify.annotations.NullMarked;
