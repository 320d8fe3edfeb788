// System calls and the few string functions that a program without a C library needs. Linux on x86-64.
#ifndef KILN_SYSTEM_H
#define KILN_SYSTEM_H

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

static inline long system_call(long number, long a, long b, long c, long d, long e, long f) {
  long result;
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
  return result;
}

static inline int sys_open(const char *path, int flags) { return (int)system_call(SYS_open, (long)path, flags, 0, 0, 0, 0); }
static inline long sys_fstat(int fd, struct stat *s) { return system_call(SYS_fstat, fd, (long)s, 0, 0, 0, 0); }
static inline long sys_close(int fd) { return system_call(SYS_close, fd, 0, 0, 0, 0, 0); }
static inline long sys_access(const char *path, int mode) { return system_call(SYS_access, (long)path, mode, 0, 0, 0, 0); }
static inline long sys_close_on_exec(int fd, int on) { return system_call(SYS_fcntl, fd, F_SETFD, on ? FD_CLOEXEC : 0, 0, 0, 0); }
static inline long sys_execve(const char *path, char **argv, char **envp) {
  return system_call(SYS_execve, (long)path, (long)argv, (long)envp, 0, 0, 0);
}

// Under a sanitizer memory is read and taken where it sees it.
#ifdef __SANITIZE_ADDRESS__
#include <stdlib.h>
#include <unistd.h>
static inline long sys_pread(int fd, void *to, size_t size, uint64_t at) { return pread(fd, to, size, (off_t)at); }
static inline void *sys_mmap(size_t size, int protection, int flags, int fd) {
  (void)protection, (void)flags;
  return fd < 0 ? calloc(1, size) : NULL;
}
static inline void sys_munmap(void *at, size_t size) { (void)size, free(at); }
#else
static inline long sys_pread(int fd, void *to, size_t size, uint64_t at) {
  return system_call(SYS_pread64, fd, (long)to, (long)size, (long)at, 0, 0);
}
// sys_mmap returns NULL when there is no mapping.
static inline void *sys_mmap(size_t size, int protection, int flags, int fd) {
  long at = system_call(SYS_mmap, 0, (long)size, protection, flags, fd, 0);
  return at < 0 && at > -4096 ? NULL : (void *)at;
}
static inline void sys_munmap(void *at, size_t size) { system_call(SYS_munmap, (long)at, (long)size, 0, 0, 0, 0); }
#endif

static inline size_t text_length(const char *s) {
  size_t n = 0;
  while (s[n]) n++;
  return n;
}

static inline int text_equal(const char *a, const char *b) {
  while (*a && *a == *b) a++, b++;
  return *a == *b;
}

static inline int text_starts(const char *s, const char *prefix) {
  while (*prefix && *s == *prefix) s++, prefix++;
  return !*prefix;
}

#endif
