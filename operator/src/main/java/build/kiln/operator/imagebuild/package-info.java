/** The life of an ImageBuild: observe, decide without a client, act, write status once. */
@NullMarked
package build.kiln.operator.imagebuild;

import org.jspecify.annotations.NullMarked;
