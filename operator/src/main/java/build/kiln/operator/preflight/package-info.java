/** Which profiles of workers run on which nodes: what nodes say of themselves, and what pods found out there. */
@NullMarked
package build.kiln.operator.preflight;

import org.jspecify.annotations.NullMarked;
