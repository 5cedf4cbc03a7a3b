#include "format/model_index.h"

#include "base/memory.h"
#include "format/limits.h"

#include <stdlib.h>
#include <string.h>

/* A shard is a file in the same folder, whatever the index says. */
static bool is_shard_name(const char *name, size_t n) {
    static const char end[] = ".safetensors";
    return n >= sizeof end && n < 256 && strlen(name) == n && !strchr(name, '/') && !strstr(name, "..") &&
           strcmp(name + n - (sizeof end - 1), end) == 0;
}

static int compare(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static sxt_status read_names(sxt_model_index *index, sxt_error *error) {
    uint64_t n = 0;
    for (void *i = sxt_json_next(index->weight_map, NULL); i; i = sxt_json_next(index->weight_map, i)) {
        const char *name;
        size_t n_name;
        if (!sxt_json_string(sxt_json_value(i), &name, &n_name))
            return sxt_fail(error, SXT_E_FORMAT, "weight_map: the shard of '%.100s' is not a string",
                            sxt_json_key(i));
        if (!is_shard_name(name, n_name))
            return sxt_fail(error, SXT_E_FORMAT,
                            "weight_map: the shard of '%.100s' is '%.100s'; the plain name of a .safetensors "
                            "file beside the index is needed",
                            sxt_json_key(i), name);
        index->shards[n++] = name;
    }
    qsort(index->shards, n, sizeof *index->shards, compare);
    for (uint64_t i = 0; i < n; i++)
        if (i == 0 || strcmp(index->shards[i], index->shards[i - 1]) != 0)
            index->shards[index->n_shards++] = index->shards[i];
    if ((int64_t)index->n_shards > SXT_MAX_PARTS)
        return sxt_fail(error, SXT_E_FORMAT, "weight_map names %llu shards; at most %lld are read",
                        (unsigned long long)index->n_shards, (long long)SXT_MAX_PARTS);
    return SXT_OK;
}

sxt_status sxt_model_index_read(const sxt_json *document, sxt_model_index *out, sxt_error *error) {
    sxt_model_index index = {.weight_map = sxt_json_get(document, "weight_map")};
    size_t n = sxt_json_size(index.weight_map);
    if (sxt_json_kind_of(index.weight_map) != SXT_JSON_OBJECT || n == 0)
        return sxt_fail(error, SXT_E_FORMAT, "'weight_map' is missing, empty or not an object");
    index.shards = sxt_alloc(n, sizeof *index.shards);
    if (!index.shards) return sxt_fail_memory(error, "the list of shards", n * sizeof *index.shards);
    sxt_status status = read_names(&index, error);
    if (status == SXT_OK)
        *out = index;
    else
        sxt_model_index_free(&index);
    return status;
}

void sxt_model_index_free(sxt_model_index *index) {
    sxt_free(index->shards);
    memset(index, 0, sizeof *index);
}
