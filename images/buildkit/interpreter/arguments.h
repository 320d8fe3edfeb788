// The command line of a twin: that of the foreign program, changed by the rules of the table.
#ifndef KILN_ARGUMENTS_H
#define KILN_ARGUMENTS_H

#include "index.h"

struct arguments {
  char **vector;
  void *memory; // of the vector and of what it points to; NULL: nothing to release
  size_t memory_size;
};

// arguments_for returns 0 when the rules do not allow the twin for this command line or environment.
// argv is the foreign program's, argv[0] included, and is not changed.
int arguments_for(const struct index *index, const struct twin *twin, char **argv, char **envp, struct arguments *result);

void arguments_release(struct arguments *arguments);

#endif
