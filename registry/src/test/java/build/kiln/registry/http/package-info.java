@NullMarked
package build.kiln.registry.http;

import org.jspecify.annotations.NullMarked;
