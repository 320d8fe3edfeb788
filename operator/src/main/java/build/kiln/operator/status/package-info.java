/** What users read: conditions, summary, events. */
@NullMarked
package build.kiln.operator.status;

import org.jspecify.annotations.NullMarked;
