// The index of twins, which the launcher writes from the tables: DIRECTORY/index in every build container.
#ifndef KILN_INDEX_H
#define KILN_INDEX_H

#include <stddef.h>
#include <stdint.h>

#include "elf_id.h"

// All numbers in the byte order of the machine.
#define INDEX_MAGIC "kilnidx1"
enum { INDEX_MAX = 4 << 20 };

struct index_head {
  char magic[8];
  uint32_t size;    // of the whole file
  uint32_t entries; // offset of the entries, sorted by length and bytes of the build id
  uint32_t entry_count;
  uint32_t watched; // offset of the names of programs to report when they have no twin: texts, each with a final zero byte
  uint32_t watched_size;
  uint32_t reserved;
};

struct index_entry {
  uint8_t id_length;
  uint8_t id[BUILD_ID_MAX];
  uint8_t reserved[3];
  uint32_t program; // offset of the twin's absolute path, with a final zero byte
  uint32_t rules;   // offset of the rules: for each one byte, enum rule, and a text with a final zero byte
  uint32_t rules_size;
};

enum rule {
  RULE_FIRST = 1,
  RULE_LAST = 2,
  RULE_UNLESS = 3,
  RULE_TWIN_OF = 4,
  RULE_QEMU_IF = 5,
  RULE_QEMU_IF_ENVIRONMENT = 6,
  RULE_OPTION = 7,
  RULE_QEMU_IF_FILE = 8,
  RULE_ONE_OF = 9,
};

struct index {
  const uint8_t *at;
  size_t size;
};

struct twin {
  const char *program;
  const uint8_t *rules; // ends with a zero byte when it is not empty
  size_t rules_size;
};

// index_valid checks the head; everything that it refers to is checked when it is used.
int index_valid(const struct index *index);

// index_find returns 0 when the id has no twin.
int index_find(const struct index *index, const struct build_id *id, struct twin *found);

// index_watches tells whether a program of this name is to be reported.
int index_watches(const struct index *index, const char *name);

#endif
