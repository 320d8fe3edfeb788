// The GNU build id of an ELF file of any class and byte order. The file is hostile: everything is bounded.
#ifndef KILN_ELF_ID_H
#define KILN_ELF_ID_H

#include <stdint.h>

enum { BUILD_ID_MIN = 8, BUILD_ID_MAX = 32 };

struct build_id {
  uint8_t length; // 0: none
  uint8_t bytes[BUILD_ID_MAX];
};

// read_elf_id reads through the file descriptor and leaves its position alone. An id that is shorter or longer than the limits
// counts as none.
struct build_id read_elf_id(int fd);

#endif
