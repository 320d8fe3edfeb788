@NullMarked
package build.kiln.operator.preflight;

import org.jspecify.annotations.NullMarked;
