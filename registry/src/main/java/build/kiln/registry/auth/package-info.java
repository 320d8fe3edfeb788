/** Credentials for registries: what they are, where they came from, and how a docker configuration file names them. */
@NullMarked
package build.kiln.registry.auth;

import org.jspecify.annotations.NullMarked;
