/** Health and metrics over HTTP. */
@NullMarked
package build.kiln.operator.http;

import org.jspecify.annotations.NullMarked;
