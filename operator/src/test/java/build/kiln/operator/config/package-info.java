@NullMarked
package build.kiln.operator.config;

import org.jspecify.annotations.NullMarked;
