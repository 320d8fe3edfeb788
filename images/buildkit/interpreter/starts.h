// Counters of program starts, in a small file that every program of a build can write: DIRECTORY/starts/QEMU-NAME.
#ifndef KILN_STARTS_H
#define KILN_STARTS_H

#include <stdint.h>

#include "elf_id.h"

#define STARTS_MAGIC "kilncnt1"
enum { STARTS_UNMATCHED = 63, STARTS_PATH = 208 };

enum unmatched_state { UNMATCHED_FREE = 0, UNMATCHED_BEING_WRITTEN = 1, UNMATCHED_READY = 2 };

// A program that was looked for and has no twin. All numbers in the byte order of the machine.
struct unmatched {
  uint32_t state;
  uint32_t starts;
  uint8_t id_length; // 0: the program has no build id
  uint8_t id[BUILD_ID_MAX];
  uint8_t reserved[7];
  char path[STARTS_PATH]; // its end when it is longer, with a final zero byte
};

struct starts {
  char magic[8];
  uint64_t native;
  uint64_t emulated;
  uint8_t reserved[40];
  struct unmatched unmatched[STARTS_UNMATCHED];
};

// starts_open returns NULL when the file is not there or not as it must be.
struct starts *starts_open(const char *path);

void starts_close(struct starts *starts);

void starts_record_unmatched(struct starts *starts, const struct build_id *id, const char *path);

#endif
