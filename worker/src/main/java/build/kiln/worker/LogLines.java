package build.kiln.worker;

import java.io.PrintStream;

/**
 * The log, one line at a time, from several threads.
 *
 * @param out where it goes
 * @param prefix of every line; empty where there is only one platform to speak of
 */
record LogLines(PrintStream out, String prefix) {
    void print(String line) {
        out.println(prefix + line);
    }

    void flush() {
        out.flush();
    }
}
