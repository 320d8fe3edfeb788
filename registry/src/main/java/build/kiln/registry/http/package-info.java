/**
 * The OCI distribution client: one class per endpoint, one exchange that authenticates and classifies failures, one
 * retry loop around it. Every wait has a deadline, every body a bound, every digest is checked.
 */
@NullMarked
package build.kiln.registry.http;

import org.jspecify.annotations.NullMarked;
