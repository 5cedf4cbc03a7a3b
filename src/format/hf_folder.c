#include "format/hf_folder.h"

#include "base/file.h"
#include "base/memory.h"
#include "format/limits.h"
#include "format/model_index.h"
#include "format/name_index.h"
#include "format/safetensors.h"

#include <string.h>

struct sxt_hf_folder {
    sxt_json *config, *generation_config, *tokenizer, *tokenizer_config;
    char *chat_template; /* (n_chat_template) */
    size_t n_chat_template;
    sxt_json *index_document; /* of a sharded model; the names in it live as long as the folder */
    sxt_model_index index;
    sxt_safetensors **shards; /* (n_shards) */
    uint64_t n_shards;
    const sxt_safetensors_entry **entries; /* (n_entries) of all shards, in file order, usable or not */
    uint64_t n_entries;
    const sxt_tensor **tensors; /* (n_tensors): the usable ones */
    uint64_t n_tensors;
    sxt_name_index names; /* of the entries */
};

void sxt_hf_folder_close(sxt_hf_folder *folder) {
    if (!folder) return;
    sxt_json_free(folder->config);
    sxt_json_free(folder->generation_config);
    sxt_json_free(folder->tokenizer);
    sxt_json_free(folder->tokenizer_config);
    sxt_free(folder->chat_template);
    for (uint64_t i = 0; i < folder->n_shards; i++) sxt_safetensors_close(folder->shards[i]);
    sxt_free(folder->shards);
    sxt_free(folder->entries);
    sxt_free(folder->tensors);
    sxt_name_index_free(&folder->names);
    sxt_model_index_free(&folder->index);
    sxt_json_free(folder->index_document);
    sxt_free(folder);
}

/* ---- The small files -------------------------------------------------------------------------- */

/* Maps folder/name; a file that is not there gives an empty map and *found false. */
static sxt_status map_small(const char *folder, const char *name, sxt_map *map, char **path, bool *found,
                            sxt_error *error) {
    *path = sxt_path_join(folder, name);
    if (!*path) return sxt_fail_memory(error, "a file name", strlen(folder) + strlen(name));
    *found = sxt_path_exists(*path);
    if (!*found) return SXT_OK;
    SXT_TRY(sxt_map_open(*path, map, error));
    if (map->size <= SXT_MAX_JSON_BYTES) return SXT_OK;
    return sxt_fail(error, SXT_E_FORMAT, "%.300s: has %zu bytes; at most %llu are read", *path, map->size,
                    (unsigned long long)SXT_MAX_JSON_BYTES);
}

static sxt_status parse_object(const void *bytes, size_t n, sxt_json **document, sxt_error *error) {
    SXT_TRY(sxt_json_parse(bytes, n, document, error));
    if (sxt_json_kind_of(*document) == SXT_JSON_OBJECT) return SXT_OK;
    return sxt_fail(error, SXT_E_FORMAT, "is not a JSON object; use the file as it was published");
}

/* Reads a JSON object; *document stays NULL when there is no such file. */
static sxt_status read_json(const char *folder, const char *name, sxt_json **document, sxt_error *error) {
    sxt_map map = {0};
    char *path = NULL;
    bool found;
    sxt_status status = map_small(folder, name, &map, &path, &found, error);
    if (status == SXT_OK && found) {
        status = parse_object(map.data, map.size, document, error);
        status = sxt_fail_in(error, status, path);
    }
    sxt_map_close(&map);
    sxt_free(path);
    return status;
}

static sxt_status read_chat_template(sxt_hf_folder *folder, const char *path, sxt_error *error) {
    sxt_map map = {0};
    char *file = NULL;
    bool found;
    sxt_status status = map_small(path, "chat_template.jinja", &map, &file, &found, error);
    if (status == SXT_OK && found) {
        folder->chat_template = sxt_copy_text((const char *)map.data, map.size);
        folder->n_chat_template = map.size;
        if (!folder->chat_template) status = sxt_fail_memory(error, "a chat template", map.size);
    }
    sxt_map_close(&map);
    sxt_free(file);
    return status;
}

static sxt_status read_small_files(sxt_hf_folder *folder, const char *path, sxt_error *error) {
    SXT_TRY(read_json(path, "config.json", &folder->config, error));
    if (!folder->config)
        return sxt_fail(error, SXT_E_IO,
                        "%.300s: has no config.json; give a Hugging Face model folder or a .gguf file", path);
    SXT_TRY(read_json(path, "generation_config.json", &folder->generation_config, error));
    SXT_TRY(read_json(path, "tokenizer.json", &folder->tokenizer, error));
    SXT_TRY(read_json(path, "tokenizer_config.json", &folder->tokenizer_config, error));
    return read_chat_template(folder, path, error);
}

/* ---- The shards ------------------------------------------------------------------------------- */

static sxt_status look_for(const char *folder, const char *name, bool *found, sxt_error *error) {
    char *path = sxt_path_join(folder, name);
    if (!path) return sxt_fail_memory(error, "a file name", strlen(folder) + strlen(name));
    *found = sxt_path_exists(path);
    sxt_free(path);
    return SXT_OK;
}

static sxt_status no_weights(const char *path, sxt_error *error) {
    static const char *const pickles[] = {"pytorch_model.bin", "pytorch_model.bin.index.json",
                                          "consolidated.00.pth"};
    for (size_t i = 0; i < sizeof pickles / sizeof pickles[0]; i++) {
        bool found = false;
        SXT_TRY(look_for(path, pickles[i], &found, error));
        if (found)
            return sxt_fail(
                error, SXT_E_UNSUPPORTED,
                "%.300s: holds its weights only as %s, a Python pickle, which can run code when it is "
                "read; use the safetensors version of the model",
                path, pickles[i]);
    }
    return sxt_fail(error, SXT_E_IO, "%.300s: has neither model.safetensors nor model.safetensors.index.json",
                    path);
}

static sxt_status open_shard(sxt_hf_folder *folder, const char *path, const char *name, sxt_error *error) {
    char *file = sxt_path_join(path, name);
    if (!file) return sxt_fail_memory(error, "a file name", strlen(path) + strlen(name));
    sxt_status status = sxt_path_exists(file)
                            ? sxt_safetensors_open(file, &folder->shards[folder->n_shards], error)
                            : sxt_fail(error, SXT_E_IO,
                                       "%.300s: this shard of the model is missing; download it as well", file);
    if (status == SXT_OK) folder->n_shards++;
    sxt_free(file);
    return status;
}

static sxt_status open_shards(sxt_hf_folder *folder, const char *path, sxt_error *error) {
    const char *single = "model.safetensors", *const *names = &single;
    uint64_t n = 1;
    bool is_single = false;
    SXT_TRY(look_for(path, single, &is_single, error));
    if (!is_single) {
        SXT_TRY(read_json(path, "model.safetensors.index.json", &folder->index_document, error));
        if (!folder->index_document) return no_weights(path, error);
        sxt_status status = sxt_model_index_read(folder->index_document, &folder->index, error);
        sxt_fail_in(error, status, "model.safetensors.index.json");
        SXT_TRY(sxt_fail_in(error, status, path));
        names = folder->index.shards;
        n = folder->index.n_shards;
    }
    folder->shards = sxt_alloc(n, sizeof(sxt_safetensors *));
    if (!folder->shards) return sxt_fail_memory(error, "the list of shards", n * sizeof *folder->shards);
    for (uint64_t i = 0; i < n; i++) SXT_TRY(open_shard(folder, path, names[i], error));
    return SXT_OK;
}

/* ---- The tensors ------------------------------------------------------------------------------ */

/* With an index, a tensor counts when it lies in the shard that the index names for it. */
static bool is_listed(const sxt_hf_folder *folder, uint64_t i_shard, const char *name) {
    const char *shard;
    size_t n;
    if (!folder->index.weight_map) return true;
    return sxt_json_string(sxt_json_get(folder->index.weight_map, name), &shard, &n) &&
           strcmp(shard, folder->index.shards[i_shard]) == 0;
}

static sxt_status check_all_found(const sxt_hf_folder *folder, sxt_error *error) {
    const sxt_json *map = folder->index.weight_map;
    if (folder->n_entries == sxt_json_size(map)) return SXT_OK;
    for (void *i = sxt_json_next(map, NULL); i; i = sxt_json_next(map, i)) {
        const char *shard = "";
        size_t n;
        if (sxt_name_index_find(&folder->names, sxt_json_key(i))) continue;
        sxt_json_string(sxt_json_value(i), &shard, &n);
        return sxt_fail(
            error, SXT_E_FORMAT,
            "tensor '%.100s' is not in %.100s, where model.safetensors.index.json puts it; the files "
            "do not belong together, download them again",
            sxt_json_key(i), shard);
    }
    return SXT_OK;
}

static sxt_status make_lists(sxt_hf_folder *folder, sxt_error *error) {
    uint64_t n = 0;
    for (uint64_t i = 0; i < folder->n_shards; i++) n += sxt_safetensors_n(folder->shards[i]);
    folder->entries = sxt_alloc(n, sizeof *folder->entries);
    folder->tensors = sxt_alloc(n, sizeof *folder->tensors);
    if (folder->entries && folder->tensors) return SXT_OK;
    return sxt_fail_memory(error, "the tensor list", n * sizeof *folder->entries);
}

static sxt_status gather_tensors(sxt_hf_folder *folder, sxt_error *error) {
    SXT_TRY(make_lists(folder, error));
    for (uint64_t i = 0; i < folder->n_shards; i++) {
        for (uint64_t k = 0; k < sxt_safetensors_n(folder->shards[i]); k++) {
            const sxt_safetensors_entry *entry = sxt_safetensors_at(folder->shards[i], k);
            if (!is_listed(folder, i, entry->tensor.name)) continue;
            folder->entries[folder->n_entries++] = entry;
            if (entry->tensor.traits) folder->tensors[folder->n_tensors++] = &entry->tensor;
        }
    }
    SXT_TRY(sxt_name_index_make(&folder->names, folder->n_entries, error));
    for (uint64_t i = 0; i < folder->n_entries; i++)
        folder->names.entries[i] = (sxt_named){folder->entries[i]->tensor.name, i};
    sxt_name_index_sort(&folder->names); /* names differ: JSON objects have each key once */
    return folder->index.weight_map ? check_all_found(folder, error) : SXT_OK;
}

static sxt_status open_folder(sxt_hf_folder *folder, const char *path, bool vocab_only, sxt_error *error) {
    SXT_TRY(read_small_files(folder, path, error));
    if (vocab_only) return SXT_OK;
    SXT_TRY(open_shards(folder, path, error));
    return sxt_fail_in(error, gather_tensors(folder, error), path);
}

sxt_status sxt_hf_folder_open(const char *path, bool vocab_only, sxt_hf_folder **out, sxt_error *error) {
    sxt_hf_folder *folder = sxt_alloc(1, sizeof *folder);
    if (!folder) return sxt_fail_memory(error, "a model folder", sizeof *folder);
    sxt_status status = open_folder(folder, path, vocab_only, error);
    if (status == SXT_OK)
        *out = folder;
    else
        sxt_hf_folder_close(folder);
    return status;
}

sxt_status sxt_hf_folder_parse(const void *config, size_t n_config, const void *tokenizer, size_t n_tokenizer,
                               sxt_hf_folder **out, sxt_error *error) {
    sxt_hf_folder *folder = sxt_alloc(1, sizeof *folder);
    if (!folder) return sxt_fail_memory(error, "a model folder", sizeof *folder);
    sxt_status status = parse_object(config, n_config, &folder->config, error);
    sxt_fail_in(error, status, "config.json");
    if (status == SXT_OK && tokenizer) {
        status = parse_object(tokenizer, n_tokenizer, &folder->tokenizer, error);
        sxt_fail_in(error, status, "tokenizer.json");
    }
    if (status == SXT_OK)
        *out = folder;
    else
        sxt_hf_folder_close(folder);
    return status;
}

/* ---- Looking up ------------------------------------------------------------------------------- */

const sxt_json *sxt_hf_config(const sxt_hf_folder *folder) { return folder->config; }
const sxt_json *sxt_hf_generation_config(const sxt_hf_folder *folder) { return folder->generation_config; }
const sxt_json *sxt_hf_tokenizer(const sxt_hf_folder *folder) { return folder->tokenizer; }
const sxt_json *sxt_hf_tokenizer_config(const sxt_hf_folder *folder) { return folder->tokenizer_config; }

const char *sxt_hf_chat_template(const sxt_hf_folder *folder, size_t *n) {
    *n = folder->n_chat_template;
    return folder->chat_template;
}

int64_t sxt_hf_n_tensors(const sxt_hf_folder *folder) { return (int64_t)folder->n_tensors; }

const sxt_tensor *sxt_hf_tensor_at(const sxt_hf_folder *folder, int64_t i) {
    return i >= 0 && (uint64_t)i < folder->n_tensors ? folder->tensors[i] : NULL;
}

static const sxt_safetensors_entry *find_entry(const sxt_hf_folder *folder, const char *name) {
    const sxt_named *found = sxt_name_index_find(&folder->names, name);
    return found ? folder->entries[found->i] : NULL;
}

const sxt_tensor *sxt_hf_find_tensor(const sxt_hf_folder *folder, const char *name) {
    const sxt_safetensors_entry *entry = find_entry(folder, name);
    return entry && entry->tensor.traits ? &entry->tensor : NULL;
}

const char *sxt_hf_why_unusable(const sxt_hf_folder *folder, const char *name) {
    const sxt_safetensors_entry *entry = find_entry(folder, name);
    return entry && !entry->tensor.traits ? entry->why_not : NULL;
}
