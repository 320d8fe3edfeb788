#include "starts.h"

#include "system.h"

_Static_assert(sizeof(struct unmatched) == 256 && sizeof(struct starts) == 64 + 63 * 256, "the layout is read by other programs");

struct starts *starts_open(const char *path) {
  int fd = sys_open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) return NULL;
  struct stat s;
  struct starts *starts = NULL;
  // A shorter file would end the program with SIGBUS at the first access.
  if (sys_fstat(fd, &s) == 0 && S_ISREG(s.st_mode) && s.st_size == sizeof(struct starts))
    starts = sys_mmap(sizeof(struct starts), PROT_READ | PROT_WRITE, MAP_SHARED, fd);
  sys_close(fd);
  return starts;
}

void starts_close(struct starts *starts) { sys_munmap(starts, sizeof(struct starts)); }

static int same(const struct unmatched *u, const struct build_id *id, const char *path) {
  if (u->id_length != id->length) return 0;
  for (unsigned i = 0; i < id->length; i++)
    if (u->id[i] != id->bytes[i]) return 0;
  if (id->length) return 1;
  for (unsigned i = 0; i < STARTS_PATH; i++) {
    if (u->path[i] != path[i]) return 0;
    if (!path[i]) return 1;
  }
  return 0;
}

void starts_record_unmatched(struct starts *starts, const struct build_id *id, const char *path) {
  size_t length = text_length(path);
  if (length >= STARTS_PATH) path += length - (STARTS_PATH - 1);
  for (unsigned i = 0; i < STARTS_UNMATCHED; i++) {
    struct unmatched *u = starts->unmatched + i;
    uint32_t state = __atomic_load_n(&u->state, __ATOMIC_ACQUIRE);
    if (state == UNMATCHED_FREE && __atomic_compare_exchange_n(&u->state, &state, UNMATCHED_BEING_WRITTEN, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
      u->id_length = id->length;
      for (unsigned k = 0; k < id->length; k++) u->id[k] = id->bytes[k];
      for (unsigned k = 0; k < STARTS_PATH && (u->path[k] = path[k]); k++) {
      }
      __atomic_store_n(&u->starts, 1, __ATOMIC_RELAXED);
      __atomic_store_n(&u->state, UNMATCHED_READY, __ATOMIC_RELEASE);
      return;
    }
    // Two programs that come at the same moment may take two places: a reader adds them up.
    if (state == UNMATCHED_READY && same(u, id, path)) {
      __atomic_add_fetch(&u->starts, 1, __ATOMIC_RELAXED);
      return;
    }
  }
}
