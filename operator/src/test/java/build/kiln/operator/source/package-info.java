@NullMarked
package build.kiln.operator.source;

import org.jspecify.annotations.NullMarked;
