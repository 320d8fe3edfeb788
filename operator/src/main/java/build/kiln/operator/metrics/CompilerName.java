package build.kiln.operator.metrics;

import java.util.Set;
import java.util.regex.Pattern;

/**
 * Names of compilers and linkers as the value of a tag. Paths are what a build step says, so that only names of programs that the
 * launcher watches are taken over; there may be no more series than those.
 */
final class CompilerName {
    static final String OTHER = "other";

    /** Those of the launcher of the kiln/buildkit image (twinindex.go), without versions. */
    private static final Set<String> WATCHED = Set.of(
            "as",
            "cc1",
            "cc1obj",
            "cc1objplus",
            "cc1plus",
            "clang",
            "compile",
            "d21",
            "f951",
            "ghc",
            "gnat1",
            "gnu1",
            "go1",
            "ld",
            "ld.bfd",
            "ld.gold",
            "ld.lld",
            "link",
            "llc",
            "lld",
            "lto1",
            "mold",
            "ocamlopt.opt",
            "opt",
            "rustc",
            "swift-frontend",
            "zig");

    private static final Pattern VERSION = Pattern.compile("-[0-9]+$");

    private CompilerName() {}

    static String of(String path) {
        String name = VERSION.matcher(path.substring(path.lastIndexOf('/') + 1)).replaceFirst("");
        return WATCHED.contains(name) ? name : OTHER;
    }
}
