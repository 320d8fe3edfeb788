#include "environment.h"

#include <stddef.h>

#include "system.h"

// HIDDEN takes the place of the first character: no program sets a variable that starts like that.
enum { HIDDEN = '\1' };

// The texts are arrays, not pointers, because the code is moved without relocation.
static const char prefixes[][20] = {"LD_", "GCONV_PATH=", "LOCPATH=", "NLSPATH=", "GLIBC_TUNABLES="};

void environment_hide(char **envp) {
  for (; *envp; envp++)
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
      if (text_starts(*envp, prefixes[i])) {
        **envp = HIDDEN;
        break;
      }
}

void environment_restore(char **envp) {
  for (; *envp; envp++) {
    if (**envp != HIDDEN) continue;
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
      if (text_starts(*envp + 1, prefixes[i] + 1)) {
        **envp = prefixes[i][0];
        break;
      }
  }
}

int environment_has(char **envp, const char *name) {
  size_t length = text_length(name);
  for (; *envp; envp++)
    if (text_starts(*envp, name) && (*envp)[length] == '=' && (*envp)[length + 1]) return 1;
  return 0;
}
