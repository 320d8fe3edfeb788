#include "elf_id.h"

#include <elf.h>

#include "system.h"

enum { MAX_PROGRAM_HEADERS = 64, MAX_NOTES = 4096 };

// The layout of an ELF file: its fields are read byte by byte, so that neither alignment nor byte order of the file matter.
struct layout {
  int fd;
  int wide; // 64 bit
  int big;  // most significant byte first
};

static uint64_t number(const struct layout *l, const uint8_t *at, unsigned size) {
  uint64_t value = 0;
  for (unsigned i = 0; i < size; i++) value = value << 8 | at[l->big ? i : size - 1 - i];
  return value;
}

static int read_all(int fd, void *to, size_t size, uint64_t at) {
  return at <= INT64_MAX && sys_pread(fd, to, size, at) == (long)size;
}

static uint64_t padded(uint64_t size, uint64_t alignment) { return (size + alignment - 1) & ~(alignment - 1); }

// The notes are the first MAX_NOTES bytes of the segment: a linker puts the build id at its start.
static struct build_id id_in_notes(const struct layout *l, uint64_t offset, uint64_t size, uint64_t alignment) {
  struct build_id none = {0, {0}};
  uint8_t notes[MAX_NOTES];
  if (size > MAX_NOTES) size = MAX_NOTES;
  if (!read_all(l->fd, notes, size, offset)) return none;
  for (uint64_t at = 0; at + sizeof(Elf64_Nhdr) <= size;) {
    uint64_t name_size = number(l, notes + at, 4), id_size = number(l, notes + at + 4, 4), type = number(l, notes + at + 8, 4);
    uint64_t name = at + sizeof(Elf64_Nhdr), id = padded(name + name_size, alignment), end = padded(id + id_size, alignment);
    if (id + id_size > size) return none;
    if (type == NT_GNU_BUILD_ID && name_size == 4 && text_equal((const char *)notes + name, "GNU")) {
      if (id_size < BUILD_ID_MIN || id_size > BUILD_ID_MAX) return none;
      struct build_id found = {(uint8_t)id_size, {0}};
      for (uint64_t i = 0; i < id_size; i++) found.bytes[i] = notes[id + i];
      return found;
    }
    at = end;
  }
  return none;
}

struct build_id read_elf_id(int fd) {
  struct build_id none = {0, {0}};
  uint8_t head[sizeof(Elf64_Ehdr)];
  // A 32-bit file's header is shorter; a file that ends within ours is no program.
  if (!read_all(fd, head, sizeof head, 0)) return none;
  if (head[0] != ELFMAG0 || head[1] != ELFMAG1 || head[2] != ELFMAG2 || head[3] != ELFMAG3) return none;
  struct layout l = {fd, head[EI_CLASS] == ELFCLASS64, head[EI_DATA] == ELFDATA2MSB};
  uint64_t table = l.wide ? number(&l, head + 32, 8) : number(&l, head + 28, 4);
  uint64_t entry_size = number(&l, head + (l.wide ? 54 : 42), 2);
  uint64_t count = number(&l, head + (l.wide ? 56 : 44), 2);
  if (entry_size != (l.wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr)) || count == 0) return none;
  if (count > MAX_PROGRAM_HEADERS) count = MAX_PROGRAM_HEADERS;
  uint8_t headers[MAX_PROGRAM_HEADERS * sizeof(Elf64_Phdr)];
  if (!read_all(fd, headers, count * entry_size, table)) return none;
  for (uint64_t i = 0; i < count; i++) {
    const uint8_t *h = headers + i * entry_size;
    if (number(&l, h, 4) != PT_NOTE) continue;
    uint64_t offset = l.wide ? number(&l, h + 8, 8) : number(&l, h + 4, 4);
    uint64_t size = l.wide ? number(&l, h + 32, 8) : number(&l, h + 16, 4);
    uint64_t alignment = l.wide ? number(&l, h + 48, 8) : number(&l, h + 28, 4);
    struct build_id found = id_in_notes(&l, offset, size, alignment == 8 ? 8 : 4);
    if (found.length) return found;
  }
  return none;
}
