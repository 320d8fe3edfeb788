package build.kiln.worker;

import java.util.ArrayList;
import java.util.List;

/** One comma-separated line of {@code key=value} fields, as BuildKit's client reads its options (RFC 4180 quoting). */
final class Csv {
    private final List<String> fields = new ArrayList<>();

    Csv with(String key, String value) {
        fields.add(quote(key + "=" + value));
        return this;
    }

    Csv with(String key, boolean value) {
        return with(key, Boolean.toString(value));
    }

    private static String quote(String field) {
        boolean plain =
                field.indexOf(',') < 0 && field.indexOf('"') < 0 && field.indexOf('\n') < 0 && field.indexOf('\r') < 0;
        return plain ? field : '"' + field.replace("\"", "\"\"") + '"';
    }

    @Override
    public String toString() {
        return String.join(",", fields);
    }
}
