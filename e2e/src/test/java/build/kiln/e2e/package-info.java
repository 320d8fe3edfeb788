/** Scenarios on a real node: kubelet, containerd, BuildKit, registry and git server, Kiln installed through its chart. */
@NullMarked
package build.kiln.e2e;

import org.jspecify.annotations.NullMarked;
