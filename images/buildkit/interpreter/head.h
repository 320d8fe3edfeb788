// The start of the finished code. The launcher fills it in when it joins the code with an emulator.
#ifndef KILN_HEAD_H
#define KILN_HEAD_H

#include <stdint.h>

struct head {
  char magic[8];       // "kilnint1"
  int64_t continue_at; // the emulator's own entry point, relative to the address of this head
  char index[64];      // paths, with a final zero byte
  char starts[64];
};
enum { HEAD_SIZE = 144 }; // the entry point follows

_Static_assert(sizeof(struct head) == HEAD_SIZE, "start.S and the launcher know this size");

extern const struct head kiln_head __attribute__((visibility("hidden")));

#endif
