/** The Secrets that a build names, read by name from its own namespace. */
@NullMarked
package build.kiln.operator.credentials;

import org.jspecify.annotations.NullMarked;
