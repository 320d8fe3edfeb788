/** The Kubernetes API of Kiln: group {@code kiln.build}, version {@code v1alpha1}, kind {@code ImageBuild}. */
@NullMarked
package build.kiln.api.v1alpha1;

import org.jspecify.annotations.NullMarked;
