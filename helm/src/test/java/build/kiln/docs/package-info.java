/** Tests of the documents and the examples. */
@NullMarked
package build.kiln.docs;

import org.jspecify.annotations.NullMarked;
