/** The operator's process: configuration, clients, leader election, start and stop. */
@NullMarked
package build.kiln.operator;

import org.jspecify.annotations.NullMarked;
