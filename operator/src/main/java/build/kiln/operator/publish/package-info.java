/** From the platforms' results to the published image. */
@NullMarked
package build.kiln.operator.publish;

import org.jspecify.annotations.NullMarked;
