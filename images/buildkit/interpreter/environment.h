// The variables by which a user directs the dynamic loader and the C library of the foreign platform. A twin must not see them,
// but what it starts must: they are renamed in place, and renamed back at the next start of a foreign program.
#ifndef KILN_ENVIRONMENT_H
#define KILN_ENVIRONMENT_H

void environment_restore(char **envp);
void environment_hide(char **envp);

// environment_has tells whether the variable is set and not empty.
int environment_has(char **envp, const char *name);

#endif
