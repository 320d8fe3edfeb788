package build.kiln.operator.source;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What the names in {@code source.git.revision} stand for. */
final class RevisionNames {
    static final String HEAD = "HEAD";
    static final String BRANCHES = "refs/heads/";
    static final String TAGS = "refs/tags/";

    private static final Pattern COMMIT = Pattern.compile("[0-9a-fA-F]{40}|[0-9a-fA-F]{64}");
    private static final int MOST_NEAR = 3;

    private RevisionNames() {}

    /** The commit, when the revision is a full object id. */
    static Optional<String> commit(@Nullable String revision) {
        return Optional.ofNullable(revision)
                .filter(text -> COMMIT.matcher(text).matches())
                .map(text -> text.toLowerCase(Locale.ROOT));
    }

    /** Full references the revision may mean, the first that exists wins: the order of docker build, branch before tag. */
    static List<String> candidates(@Nullable String revision) {
        if (revision == null || revision.equals(HEAD)) {
            return List.of(HEAD);
        }
        return revision.startsWith("refs/")
                ? List.of(revision)
                : List.of("refs/" + revision, BRANCHES + revision, TAGS + revision);
    }

    /** Branches and tags whose names are a few letters away, nearest first. */
    static List<String> near(String revision, Collection<String> references) {
        String wanted = shortName(revision);
        int reach = Math.min(wanted.length() - 1, Math.max(2, wanted.length() / 3));
        return references.stream()
                .filter(name -> name.startsWith(BRANCHES) || name.startsWith(TAGS))
                .map(RevisionNames::shortName)
                .distinct()
                .filter(name -> distance(wanted, name, reach) <= reach)
                .sorted(Comparator.<String>comparingInt(name -> distance(wanted, name, reach))
                        .thenComparing(Comparator.naturalOrder()))
                .limit(MOST_NEAR)
                .toList();
    }

    private static String shortName(String reference) {
        return reference.replaceFirst("^refs/(heads|tags)/", "");
    }

    /** Levenshtein distance; names whose lengths differ a lot are not worth the work. */
    private static int distance(String a, String b, int reach) {
        if (Math.abs(a.length() - b.length()) > reach) {
            return Integer.MAX_VALUE;
        }
        int[] previous = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            previous[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int[] current = new int[b.length() + 1];
            current[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int change = previous[j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                current[j] = Math.min(change, 1 + Math.min(previous[j], current[j - 1]));
            }
            previous = current;
        }
        return previous[b.length()];
    }
}
