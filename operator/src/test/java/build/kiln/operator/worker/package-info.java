@NullMarked
package build.kiln.operator.worker;

import org.jspecify.annotations.NullMarked;
