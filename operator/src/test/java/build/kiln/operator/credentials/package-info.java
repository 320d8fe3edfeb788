@NullMarked
package build.kiln.operator.credentials;

import org.jspecify.annotations.NullMarked;
