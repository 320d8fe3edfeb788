#include "index.h"

#include "system.h"

static const struct index_head *head_of(const struct index *index) { return (const struct index_head *)index->at; }

static int inside(const struct index *index, uint32_t offset, uint64_t size) {
  return offset <= index->size && size <= index->size - offset;
}

int index_valid(const struct index *index) {
  if (index->size < sizeof(struct index_head) || index->size > INDEX_MAX) return 0;
  const struct index_head *h = head_of(index);
  for (int i = 0; i < 8; i++)
    if (h->magic[i] != INDEX_MAGIC[i]) return 0;
  return h->size == index->size && h->entries % 4 == 0 &&
         inside(index, h->entries, (uint64_t)h->entry_count * sizeof(struct index_entry)) && inside(index, h->watched, h->watched_size);
}

// The order is that of the entries.
static int compare(const struct build_id *id, const struct index_entry *e) {
  if (id->length != e->id_length) return id->length < e->id_length ? -1 : 1;
  for (unsigned i = 0; i < id->length; i++)
    if (id->bytes[i] != e->id[i]) return id->bytes[i] < e->id[i] ? -1 : 1;
  return 0;
}

static int ends_inside(const struct index *index, uint32_t offset) {
  for (size_t i = offset; i < index->size; i++)
    if (!index->at[i]) return 1;
  return 0;
}

int index_find(const struct index *index, const struct build_id *id, struct twin *found) {
  if (!id->length) return 0;
  const struct index_entry *entries = (const struct index_entry *)(index->at + head_of(index)->entries);
  uint32_t low = 0, high = head_of(index)->entry_count;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    const struct index_entry *e = entries + middle;
    int order = compare(id, e);
    if (order < 0) {
      high = middle;
    } else if (order > 0) {
      low = middle + 1;
    } else {
      if (!ends_inside(index, e->program) || !inside(index, e->rules, e->rules_size)) return 0;
      if (e->rules_size && index->at[e->rules + e->rules_size - 1]) return 0;
      found->program = (const char *)index->at + e->program;
      found->rules = index->at + e->rules;
      found->rules_size = e->rules_size;
      return 1;
    }
  }
  return 0;
}

int index_watches(const struct index *index, const char *name) {
  const char *at = (const char *)index->at + head_of(index)->watched, *end = at + head_of(index)->watched_size;
  size_t length = text_length(name);
  while (at < end) {
    size_t n = 0;
    while (at + n < end && at[n]) n++;
    if (at + n == end) return 0;
    if (n == length && text_equal(at, name)) return 1;
    at += n + 1;
  }
  return 0;
}
