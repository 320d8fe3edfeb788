/**
 * The program in the worker container: it drives BuildKit's client for one platform of one build, shows the progress on
 * standard output and leaves the result in the termination message. Knows nothing of Kubernetes.
 */
@NullMarked
package build.kiln.worker;

import org.jspecify.annotations.NullMarked;
