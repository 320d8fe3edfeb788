// Feeds mutations of the corpus to everything that reads files: fuzz CORPUS ROUNDS SEED. Equal arguments give equal runs. A
// sanitizer or a failed check ends it with an error.
#include <assert.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "arguments.h"
#include "elf_id.h"
#include "environment.h"
#include "index.h"
#include "starts.h"

enum { LARGEST_INPUT = 1 << 16, MOST_SEEDS = 64 };

struct input {
  uint8_t *bytes;
  size_t size;
};

static uint64_t random_state;

static uint64_t next_random(uint64_t limit) {
  random_state ^= random_state << 13, random_state ^= random_state >> 7, random_state ^= random_state << 17;
  return limit ? random_state % limit : 0;
}

static void *checked(void *memory) {
  assert(memory);
  return memory;
}

static void check_file(int result) {
  if (result < 0) {
    perror("fuzz");
    exit(2);
  }
}

static int seeds_of(const char *corpus, const char *kind, struct input *seeds) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", corpus, kind);
  DIR *folder = opendir(path);
  int count = 0;
  for (struct dirent *e; folder && count < MOST_SEEDS && (e = readdir(folder));) {
    if (e->d_name[0] == '.') continue;
    snprintf(path, sizeof path, "%s/%s/%.200s", corpus, kind, e->d_name);
    FILE *f = checked(fopen(path, "rb"));
    uint8_t *bytes = checked(malloc(LARGEST_INPUT));
    seeds[count++] = (struct input){bytes, fread(bytes, 1, LARGEST_INPUT, f)};
    fclose(f);
  }
  if (folder) closedir(folder);
  if (!count) {
    fprintf(stderr, "fuzz: no files in %s/%s\n", corpus, kind);
    exit(2);
  }
  return count;
}

// mutate returns a copy whose memory ends where the input ends.
static struct input mutate(const struct input *seeds, int count) {
  static const uint64_t interesting[] = {0, 1, 3, 4, 7, 8, 16, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, INT64_MAX, UINT64_MAX};
  const struct input *seed = seeds + next_random((uint64_t)count);
  uint8_t work[LARGEST_INPUT];
  size_t size = seed->size;
  memcpy(work, seed->bytes, size);
  for (uint64_t n = next_random(8); n > 0 && size > 0; n--) {
    // Headers are where the decisions are.
    size_t at = next_random(next_random(2) || size < 256 ? size : 256);
    uint64_t value = next_random(3) ? interesting[next_random(sizeof interesting / sizeof *interesting)] : next_random(UINT64_MAX);
    size_t width = (size_t)1 << next_random(4);
    switch (next_random(5)) {
    case 0: work[at] ^= (uint8_t)(1 << next_random(8)); break;
    case 1: memcpy(work + at, &value, width < size - at ? width : size - at); break;
    case 2: size = at + 1; break;
    case 3: {
      const struct input *other = seeds + next_random((uint64_t)count);
      size_t length = next_random(other->size + 1), room = size - at;
      memcpy(work + at, other->bytes + (other->size - length), length < room ? length : room);
      break;
    }
    default: work[at] = (uint8_t)" \t\n'\"\\@-x"[next_random(9)]; break;
    }
  }
  struct input result = {malloc(size + !size), size};
  memcpy(checked(result.bytes), work, size);
  return result;
}

static void write_whole(int fd, const struct input *input) {
  check_file(ftruncate(fd, 0));
  check_file(pwrite(fd, input->bytes, input->size, 0) == (ssize_t)input->size ? 0 : -1);
}

static int one_elf(int fd, const struct input *input) {
  write_whole(fd, input);
  struct build_id id = read_elf_id(fd);
  assert(id.length == 0 || (id.length >= BUILD_ID_MIN && id.length <= BUILD_ID_MAX));
  return id.length > 0;
}

// The result of arguments_for: argv[0] first, then at most what the rules and the response files give.
static int one_command_line(const struct index *index, const struct twin *twin, char *response) {
  char *argv[] = {"program", "-o", "x", "-plugin", "/proc/self/exe", response, "", NULL};
  char *envp[] = {"A=1", "LD_RUN_PATH=x", NULL};
  struct arguments arguments;
  if (!arguments_for(index, twin, argv, envp, &arguments)) return 0;
  assert(arguments.vector[0] == argv[0]);
  size_t length = 0;
  for (char **a = arguments.vector; *a; a++) length += strlen(*a) + 1;
  assert(length > 0);
  arguments_release(&arguments);
  return 1;
}

static int one_index(const struct input *input, char *response) {
  struct index index = {input->bytes, input->size};
  if (!index_valid(&index)) return 0;
  index_watches(&index, "cc1");
  index_watches(&index, "");
  int found = 0;
  // Every entry of the corpus has an id of equal bytes.
  for (int length = 0; length <= BUILD_ID_MAX; length++)
    for (int value = 0; value < 8; value++) {
      struct build_id id = {(uint8_t)length, {0}};
      memset(id.bytes, value, (size_t)length);
      struct twin twin;
      if (!index_find(&index, &id, &twin)) continue;
      assert(length >= 1 && strlen(twin.program) < input->size);
      found |= one_command_line(&index, &twin, response);
    }
  return found;
}

static int one_response(int fd, const struct input *input, char *response) {
  static const uint8_t rules[] = "\1--first\0\5--never*\0\4-plugin\0\3-no\0\2--end";
  struct index index = {(const uint8_t *)"", 0};
  struct twin twin = {"/twin", rules, sizeof rules};
  // -plugin has no twin here, so that only command lines without it come through.
  char *argv[] = {"program", response, "x", NULL}, *envp[] = {NULL};
  static struct index_head empty = {INDEX_MAGIC, sizeof(struct index_head), sizeof(struct index_head), 0, sizeof(struct index_head), 0, 0};
  index = (struct index){(const uint8_t *)&empty, sizeof empty};
  assert(index_valid(&index));
  write_whole(fd, input);
  struct arguments arguments;
  if (!arguments_for(&index, &twin, argv, envp, &arguments)) return 0;
  assert(!strcmp(arguments.vector[1], "--first") && arguments.vector[2] == argv[1] && arguments.vector[3] == argv[2]);
  arguments_release(&arguments);
  return 1;
}

static void one_environment(const struct input *input) {
  char *copy = checked(malloc(input->size + 1)), *before = checked(malloc(input->size + 1));
  for (size_t i = 0; i < input->size; i++) copy[i] = (char)(input->bytes[i] == 1 ? 2 : input->bytes[i]);
  copy[input->size] = 0;
  memcpy(before, copy, input->size + 1);
  char loader[] = "LD_LIBRARY_PATH=x", *envp[] = {loader, copy, NULL};
  environment_hide(envp);
  assert(!environment_has(envp, "LD_LIBRARY_PATH") && strncmp(copy, "LD_", 3));
  environment_restore(envp);
  assert(environment_has(envp, "LD_LIBRARY_PATH") && !memcmp(before, copy, input->size + 1));
  free(before);
  free(copy);
}

static void one_record(struct starts *starts, const struct input *input) {
  struct build_id id = {input->size && input->bytes[0] & 1 ? BUILD_ID_MAX : 0, {0}};
  char *path = checked(malloc(input->size + 1));
  memcpy(path, input->bytes, input->size);
  path[input->size] = 0;
  starts_record_unmatched(starts, &id, path);
  // A build step writes anything into the counters.
  struct unmatched *u = starts->unmatched + next_random(STARTS_UNMATCHED);
  memcpy((uint8_t *)u + next_random(128), input->bytes, input->size < 128 ? input->size : 128);
  if (!next_random(16)) memset(starts, 0, sizeof *starts);
  free(path);
}

int main(int count, char **arguments) {
  assert(count == 4);
  random_state = strtoull(arguments[3], NULL, 10) | 1;
  struct input elf[MOST_SEEDS], index[MOST_SEEDS], response[MOST_SEEDS];
  int elves = seeds_of(arguments[1], "elf", elf), indexes = seeds_of(arguments[1], "index", index);
  int responses = seeds_of(arguments[1], "response", response);
  char argument[64];
  int file = memfd_create("fuzz", 0);
  check_file(file);
  snprintf(argument, sizeof argument, "@/proc/self/fd/%d", file);
  struct starts *starts = checked(calloc(1, sizeof *starts));

  // The corpus itself has to come through, or the mutations would test nothing.
  for (int i = 0; i < elves; i++) assert(one_elf(file, elf + i));
  for (int i = 0; i < indexes; i++) {
    check_file(ftruncate(file, 0));
    assert(one_index(index + i, argument));
  }
  for (int i = 0; i < responses; i++) assert(one_response(file, response + i, argument));
  unsigned long accepted[3] = {0, 0, 0}, rounds = strtoul(arguments[2], NULL, 10);
  for (unsigned long round = 0; round < rounds; round++) {
    struct input input = mutate(elf, elves);
    accepted[0] += (unsigned)one_elf(file, &input);
    one_record(starts, &input);
    free(input.bytes);
    input = mutate(response, responses);
    one_environment(&input);
    accepted[2] += (unsigned)one_response(file, &input, argument);
    free(input.bytes);
    // What the response test wrote is what these command lines refer to.
    input = mutate(index, indexes);
    accepted[1] += (unsigned)one_index(&input, argument);
    free(input.bytes);
  }
  printf("%lu rounds: accepted %lu ELF files, %lu indexes, %lu response files\n", rounds, accepted[0], accepted[1], accepted[2]);
  free(starts);
  for (int i = 0; i < elves; i++) free(elf[i].bytes);
  for (int i = 0; i < indexes; i++) free(index[i].bytes);
  for (int i = 0; i < responses; i++) free(response[i].bytes);
  return 0;
}
