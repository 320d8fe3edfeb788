// Runs first in every start of a foreign program: becomes the program's native twin where there is one, and otherwise returns, so
// that the emulator in the same process goes on as if nothing had been.

#include <elf.h>

#include "arguments.h"
#include "elf_id.h"
#include "environment.h"
#include "head.h"
#include "index.h"
#include "starts.h"
#include "system.h"

// start is what the kernel says about a start: with the flags P and O of binfmt_misc argv is the emulator, the path of the program,
// and then the argument vector it was started with.
struct start {
  char **argv;
  char **envp;
  int program;
  int foreign; // started through binfmt_misc
  int secure;
};

enum { PRESERVES_ARGV0 = 1 }; // AT_FLAGS

static struct start read_start(char **stack) {
  struct start s = {stack + 1, stack + 1 + (size_t)stack[0] + 1, -1, 0, 0};
  char **end = s.envp;
  while (*end) end++;
  uint64_t flags = 0;
  for (const Elf64_auxv_t *a = (const Elf64_auxv_t *)(end + 1); a->a_type != AT_NULL; a++) {
    if (a->a_type == AT_EXECFD) s.program = (int)a->a_un.a_val;
    if (a->a_type == AT_FLAGS) flags = a->a_un.a_val;
    if (a->a_type == AT_SECURE) s.secure = a->a_un.a_val != 0;
  }
  s.foreign = s.program >= 0 && flags & PRESERVES_ARGV0 && (size_t)stack[0] >= 3;
  return s;
}

static int open_index(struct index *index) {
  int fd = sys_open(kiln_head.index, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) return 0;
  struct stat s;
  index->at = NULL;
  if (sys_fstat(fd, &s) == 0 && S_ISREG(s.st_mode) && s.st_size > 0 && s.st_size <= INDEX_MAX) {
    index->size = (size_t)s.st_size;
    index->at = sys_mmap(index->size, PROT_READ, MAP_PRIVATE, fd);
  }
  sys_close(fd);
  if (!index->at) return 0;
  if (index_valid(index)) return 1;
  sys_munmap((void *)index->at, index->size);
  return 0;
}

// wants_foreign_code: what the user preloads exists for the foreign platform only.
static int wants_foreign_code(const struct start *s) {
  return environment_has(s->envp, "LD_PRELOAD") || environment_has(s->envp, "LD_AUDIT") || sys_access("/etc/ld.so.preload", 0) == 0;
}

// become_twin returns only when the twin cannot be started.
static void become_twin(const struct start *s, const struct index *index, const struct twin *twin, struct starts *starts) {
  struct arguments arguments;
  if (s->secure || wants_foreign_code(s) || !arguments_for(index, twin, s->argv + 2, s->envp, &arguments)) return;
  environment_hide(s->envp);
  sys_close_on_exec(s->program, 1);
  if (starts) __atomic_add_fetch(&starts->native, 1, __ATOMIC_RELAXED);
  sys_execve(twin->program, arguments.vector, s->envp);
  if (starts) __atomic_sub_fetch(&starts->native, 1, __ATOMIC_RELAXED);
  sys_close_on_exec(s->program, 0);
  environment_restore(s->envp);
  arguments_release(&arguments);
}

static const char *file_name(const char *path) {
  const char *name = path;
  for (; *path; path++)
    if (*path == '/') name = path + 1;
  return name;
}

void kiln_main(char **stack) __attribute__((visibility("hidden")));

void kiln_main(char **stack) {
  struct start s = read_start(stack);
  if (!s.foreign) return;
  environment_restore(s.envp);
  struct index index;
  if (!open_index(&index)) return;
  struct starts *starts = starts_open(kiln_head.starts);
  struct build_id id = read_elf_id(s.program);
  struct twin twin;
  if (index_find(&index, &id, &twin)) {
    become_twin(&s, &index, &twin, starts);
  } else if (starts && index_watches(&index, file_name(s.argv[1]))) {
    starts_record_unmatched(starts, &id, s.argv[1]);
  }
  if (starts) {
    __atomic_add_fetch(&starts->emulated, 1, __ATOMIC_RELAXED);
    starts_close(starts);
  }
  sys_munmap((void *)index.at, index.size);
}

// The compiler may call these for assignments of structures.
void *memcpy(void *to, const void *from, size_t size) {
  char *t = to;
  const char *f = from;
  while (size--) *t++ = *f++;
  return to;
}

void *memset(void *to, int value, size_t size) {
  char *t = to;
  while (size--) *t++ = (char)value;
  return to;
}
