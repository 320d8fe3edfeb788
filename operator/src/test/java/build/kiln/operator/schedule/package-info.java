@NullMarked
package build.kiln.operator.schedule;

import org.jspecify.annotations.NullMarked;
