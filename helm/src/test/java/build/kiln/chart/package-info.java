/** Tests of the Helm chart, through Helm itself. */
@NullMarked
package build.kiln.chart;

import org.jspecify.annotations.NullMarked;
