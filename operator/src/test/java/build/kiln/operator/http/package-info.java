@NullMarked
package build.kiln.operator.http;

import org.jspecify.annotations.NullMarked;
