/** What the administrator chose: the file that the chart writes. */
@NullMarked
package build.kiln.operator.config;

import org.jspecify.annotations.NullMarked;
