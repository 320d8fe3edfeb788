@NullMarked
package build.kiln.operator.imagebuild;

import org.jspecify.annotations.NullMarked;
