/** Where a platform is built: on a node of its architecture, or under QEMU. */
@NullMarked
package build.kiln.operator.placement;

import org.jspecify.annotations.NullMarked;
