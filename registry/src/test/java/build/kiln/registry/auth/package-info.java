@NullMarked
package build.kiln.registry.auth;

import org.jspecify.annotations.NullMarked;
