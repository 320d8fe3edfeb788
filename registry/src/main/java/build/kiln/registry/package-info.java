/** Publishing: from the manifests that workers pushed by digest to one image under its tags. */
@NullMarked
package build.kiln.registry;

import org.jspecify.annotations.NullMarked;
