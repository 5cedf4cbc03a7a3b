#include "format/source.h"

#include "base/file.h"
#include "base/memory.h"

#include <dirent.h>
#include <string.h>

static bool ends_in(const char *text, const char *end) {
    size_t n = strlen(text), n_end = strlen(end);
    return n >= n_end && strcmp(text + n - n_end, end) == 0;
}

/* A folder that is no Hugging Face model may hold a GGUF file that was meant. */
static sxt_status no_config(const char *path, sxt_error *error) {
    char name[256] = "";
    DIR *folder = opendir(path);
    if (!folder) return sxt_fail(error, SXT_E_IO, "%.300s: cannot read the folder", path);
    for (const struct dirent *entry;
         (entry = readdir(folder));) /* the first by name, so that it is repeatable */
        if (ends_in(entry->d_name, ".gguf") && (name[0] == 0 || strcmp(entry->d_name, name) < 0))
            memcpy(name, entry->d_name, strlen(entry->d_name) + 1);
    closedir(folder);
    if (name[0])
        return sxt_fail(error, SXT_E_IO, "%.300s: is a folder without config.json; give the file in it: %s",
                        path, name);
    return sxt_fail(error, SXT_E_IO,
                    "%.300s: is a folder without config.json; give a Hugging Face model folder or a .gguf file",
                    path);
}

sxt_status sxt_source_open(const char *path, bool vocab_only, sxt_source *source, sxt_error *error) {
    sxt_source opened = {0};
    if (sxt_path_is_folder(path)) {
        char *config = sxt_path_join(path, "config.json");
        if (!config) return sxt_fail_memory(error, "a file name", strlen(path));
        bool is_model = sxt_path_exists(config);
        sxt_free(config);
        if (!is_model) return no_config(path, error);
        SXT_TRY(sxt_hf_folder_open(path, vocab_only, &opened.folder, error));
    } else if (sxt_path_exists(path) && (ends_in(path, ".safetensors") || ends_in(path, ".json"))) {
        return sxt_fail(error, SXT_E_ARGUMENT,
                        "%.300s: is one file of a Hugging Face model; give the folder that holds it", path);
    } else {
        SXT_TRY(sxt_gguf_open(path, vocab_only, &opened.gguf, error));
    }
    *source = opened;
    return SXT_OK;
}

void sxt_source_close(sxt_source *source) {
    sxt_gguf_close(source->gguf);
    sxt_hf_folder_close(source->folder);
    memset(source, 0, sizeof *source);
}

int64_t sxt_source_n_tensors(const sxt_source *source) {
    return source->gguf ? sxt_gguf_n_tensors(source->gguf) : sxt_hf_n_tensors(source->folder);
}

const sxt_tensor *sxt_source_tensor_at(const sxt_source *source, int64_t i) {
    return source->gguf ? sxt_gguf_tensor_at(source->gguf, i) : sxt_hf_tensor_at(source->folder, i);
}

const sxt_tensor *sxt_source_find_tensor(const sxt_source *source, const char *name) {
    return source->gguf ? sxt_gguf_find_tensor(source->gguf, name) : sxt_hf_find_tensor(source->folder, name);
}

sxt_status sxt_source_need_tensor(const sxt_source *source, const char *name, const sxt_tensor **tensor,
                                  sxt_error *error) {
    const sxt_tensor *found = sxt_source_find_tensor(source, name);
    const char *why = source->folder ? sxt_hf_why_unusable(source->folder, name) : NULL;
    if (why)
        return sxt_fail(error, SXT_E_UNSUPPORTED,
                        "tensor '%.100s' %s, which is not read; use a version of the model in F32, F16 or BF16",
                        name, why);
    if (!found)
        return sxt_fail(error, SXT_E_FORMAT, "tensor '%.100s' is missing; the model is not complete", name);
    *tensor = found;
    return SXT_OK;
}
