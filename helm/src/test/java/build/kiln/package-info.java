/** What the tests of the chart and of the documents share. */
@NullMarked
package build.kiln;

import org.jspecify.annotations.NullMarked;
