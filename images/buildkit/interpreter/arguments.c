#include "arguments.h"

#include "environment.h"
#include "system.h"

enum {
  MAX_RESPONSE_BYTES = 1 << 20, // of all response files together
  MAX_RESPONSE_ARGUMENTS = 1 << 17,
  MAX_RESPONSE_DEPTH = 8,
};

// work is one command line in the making.
struct work {
  const struct index *index;
  const struct twin *twin;
  char **arguments; // without argv[0], response files expanded
  size_t count;
  size_t limit;
  char *text; // what the expanded arguments point into
  size_t text_size;
  size_t text_left; // what no response file has claimed
  int replaced; // an argument was replaced
};

// next_rule moves from rule to rule: *rule is its kind and the result its text, NULL after the last.
static const char *next_rule(const struct twin *twin, size_t *at, uint8_t *rule) {
  if (*at + 2 > twin->rules_size) return NULL;
  *rule = twin->rules[*at];
  const char *text = (const char *)twin->rules + *at + 1;
  *at += 2 + text_length(text); // the rules end with a zero byte
  return text;
}

static int add(struct work *w, char *argument) {
  if (w->count == w->limit) return 0;
  w->arguments[w->count++] = argument;
  return 1;
}

static int is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

static int expand(struct work *w, char *argument, int depth);

// split takes a response file apart as GNU's tools do. What they and other versions of them understand differently, a backslash
// between quotes, is refused.
static int split(struct work *w, const char *from, size_t size, int depth) {
  for (size_t i = 0;;) {
    while (i < size && is_space(from[i])) i++;
    if (i == size) return 1;
    char *start = w->text + w->text_size, quote = 0;
    for (; i < size && (quote || !is_space(from[i])); i++) {
      char c = from[i];
      if (!c) return 0;
      if (c == '\\') {
        if (quote || ++i == size || !from[i]) return 0;
        c = from[i];
      } else if (quote ? c == quote : c == '\'' || c == '"') {
        quote = quote ? 0 : c;
        continue;
      }
      w->text[w->text_size++] = c;
    }
    if (quote) return 0;
    w->text[w->text_size++] = 0;
    if (!expand(w, start, depth + 1)) return 0;
  }
}

// expand appends an argument, or what is in the response file that it names. A file that cannot be read is an ordinary argument.
static int expand(struct work *w, char *argument, int depth) {
  if (argument[0] != '@') return add(w, argument);
  int fd = sys_open(argument + 1, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) return add(w, argument);
  struct stat s;
  // Reading a pipe would take its content away from the program.
  int ok = depth < MAX_RESPONSE_DEPTH && sys_fstat(fd, &s) == 0 && S_ISREG(s.st_mode) && s.st_size >= 0 && s.st_size < MAX_RESPONSE_BYTES;
  if (ok && s.st_size > 0) {
    size_t size = (size_t)s.st_size;
    char *content = sys_mmap(size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
    ok = content && sys_pread(fd, content, size, 0) == (long)size;
    // Every byte gives at most one byte of text, and the last argument its final zero byte.
    ok = ok && size + 1 <= w->text_left;
    if (ok) {
      w->text_left -= size + 1;
      ok = split(w, content, size, depth);
    }
    if (content) sys_munmap(content, size);
  }
  sys_close(fd);
  return ok;
}

static int replace_by_twin(struct work *w, size_t at) {
  int fd = sys_open(w->arguments[at], O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) return 0;
  struct build_id id = read_elf_id(fd);
  sys_close(fd);
  struct twin found;
  if (!index_find(w->index, &id, &found)) return 0;
  w->arguments[at] = (char *)found.program;
  w->replaced = 1;
  return 1;
}

static int matches(const char *argument, const char *pattern) {
  for (; *pattern; pattern++, argument++) {
    if (*pattern == '*' && !pattern[1]) return 1;
    if (*pattern != *argument) return 0;
  }
  return !*argument;
}

// listed tells whether a rule of a kind matches the argument, or the twin has no rule of the kind.
static int listed(const struct twin *twin, uint8_t kind, const char *argument) {
  uint8_t rule;
  const char *text;
  int lists = 0;
  for (size_t at = 0; (text = next_rule(twin, &at, &rule));) {
    if (rule != kind) continue;
    if (matches(argument, text)) return 1;
    lists = 1;
  }
  return !lists;
}

// apply judges the arguments by the rules that look at them.
static int apply(struct work *w, char **envp) {
  uint8_t rule;
  const char *text;
  int one = listed(w->twin, RULE_ONE_OF, "");
  for (size_t i = 0; i < w->count; i++) {
    if (w->arguments[i][0] == '-' && !listed(w->twin, RULE_OPTION, w->arguments[i])) return 0;
    one |= listed(w->twin, RULE_ONE_OF, w->arguments[i]);
  }
  if (!one) return 0;
  for (size_t at = 0; (text = next_rule(w->twin, &at, &rule));) {
    if (rule == RULE_QEMU_IF_ENVIRONMENT && environment_has(envp, text)) return 0;
    if (rule == RULE_QEMU_IF_FILE && sys_access(text, F_OK) == 0) return 0;
    if (rule != RULE_QEMU_IF && rule != RULE_TWIN_OF) continue;
    for (size_t i = 0; i < w->count; i++) {
      if (!matches(w->arguments[i], text)) continue;
      if (rule == RULE_QEMU_IF) return 0;
      if (i + 1 < w->count && !replace_by_twin(w, ++i)) return 0;
    }
  }
  return 1;
}

static char **insert(struct work *w, uint8_t wanted, char **to) {
  uint8_t rule;
  const char *text;
  int skip = 0;
  for (size_t at = 0; (text = next_rule(w->twin, &at, &rule));) {
    if (rule == RULE_UNLESS) {
      skip = 0;
      for (size_t i = 0; i < w->count; i++) skip |= text_equal(w->arguments[i], text);
    } else if (rule == wanted && !skip) {
      *to++ = (char *)text;
    }
  }
  return to;
}

static int looks_at_arguments(const struct twin *twin, size_t *rules) {
  uint8_t rule;
  int looks = 0;
  *rules = 0;
  for (size_t at = 0; next_rule(twin, &at, &rule); ++*rules)
    looks |= rule == RULE_UNLESS || rule == RULE_TWIN_OF || rule == RULE_QEMU_IF || rule == RULE_OPTION || rule == RULE_ONE_OF;
  return looks;
}

int arguments_for(const struct index *index, const struct twin *twin, char **argv, char **envp, struct arguments *result) {
  size_t given = 0, rules;
  while (argv[given]) given++;
  if (!given) return 0;
  int looks = looks_at_arguments(twin, &rules), expanding = 0;
  for (size_t i = 1; looks && i < given; i++) expanding |= argv[i][0] == '@';

  size_t limit = given + (expanding ? MAX_RESPONSE_ARGUMENTS : 0);
  size_t pointers = limit + (given + limit + rules + 2); // the expanded arguments, and the result
  size_t size = pointers * sizeof(char *) + (expanding ? MAX_RESPONSE_BYTES : 0);
  char **memory = sys_mmap(size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
  if (!memory) return 0;
  *result = (struct arguments){memory + limit, memory, size};

  struct work w = {index, twin, memory, 0, limit, (char *)(memory + pointers), 0, MAX_RESPONSE_BYTES, 0};
  int ok = 1;
  for (size_t i = 1; ok && i < given; i++) ok = expanding ? expand(&w, argv[i], 0) : add(&w, argv[i]);
  if (!ok || !apply(&w, envp)) {
    arguments_release(result);
    return 0;
  }
  char **to = result->vector;
  *to++ = argv[0];
  to = insert(&w, RULE_FIRST, to);
  // Without a replacement the twin reads its response files itself.
  char **rest = w.replaced ? w.arguments : argv + 1;
  size_t count = w.replaced ? w.count : given - 1;
  for (size_t i = 0; i < count; i++) *to++ = rest[i];
  to = insert(&w, RULE_LAST, to);
  *to = NULL;
  return 1;
}

void arguments_release(struct arguments *arguments) {
  if (arguments->memory) sys_munmap(arguments->memory, arguments->memory_size);
  arguments->memory = NULL;
}
