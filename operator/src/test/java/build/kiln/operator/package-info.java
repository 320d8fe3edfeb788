@NullMarked
package build.kiln.operator;

import org.jspecify.annotations.NullMarked;
