/**
 * Images as values: digests, platforms, descriptors, manifests and the assembly of one index from per-platform results.
 * Nothing here does I/O. Terms and media types are those of the OCI image specification 1.1.
 */
@NullMarked
package build.kiln.registry.image;

import org.jspecify.annotations.NullMarked;
