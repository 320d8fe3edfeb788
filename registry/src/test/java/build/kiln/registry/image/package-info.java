@NullMarked
package build.kiln.registry.image;

import org.jspecify.annotations.NullMarked;
