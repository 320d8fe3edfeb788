@NullMarked
package build.kiln.registry;

import org.jspecify.annotations.NullMarked;
