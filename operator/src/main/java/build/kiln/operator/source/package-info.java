/** Git revisions, resolved to commits. */
@NullMarked
package build.kiln.operator.source;

import org.jspecify.annotations.NullMarked;
