#include "model/convert_output.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "format/gguf_split.h"

#include <dirent.h>
#include <string.h>

/* A GGUF that lies in a model folder is not read, so it may be written. */
static sxt_status folder_has(const char *folder, const char *output, bool *has, sxt_error *error) {
    DIR *entries = opendir(folder);
    if (!entries) return sxt_fail(error, SXT_E_IO, "%.200s: cannot list the folder", folder);
    sxt_status status = SXT_OK;
    for (struct dirent *entry = readdir(entries); entry && !*has; entry = readdir(entries)) {
        if (sxt_text_ends_with(entry->d_name, ".gguf")) continue;
        char *path = sxt_path_join(folder, entry->d_name);
        if (!path) {
            status = sxt_fail_memory(error, "a file name", strlen(folder) + strlen(entry->d_name));
            break;
        }
        *has = sxt_path_same(path, output);
        sxt_free(path);
    }
    closedir(entries);
    return status;
}

static sxt_status split_has(const char *path, const char *output, bool *has, sxt_error *error) {
    sxt_split_name name;
    if (!sxt_split_name_parse(path, &name)) return SXT_OK;
    for (int64_t no = 1; no <= name.count && !*has; no++) {
        char *part = sxt_split_name_of(path, &name, no);
        if (!part) return sxt_fail_memory(error, "a file name", strlen(path));
        *has = sxt_path_same(part, output);
        sxt_free(part);
    }
    return SXT_OK;
}

sxt_status sxt_check_output(const sxt_model *model, const char *output, sxt_error *error) {
    bool is_input = sxt_path_same(model->path, output);
    if (sxt_path_is_folder(output))
        return sxt_fail(error, SXT_E_ARGUMENT, "%.200s is a folder; needed the name of a file to write",
                        output);
    if (model->source.folder && !is_input) SXT_TRY(folder_has(model->path, output, &is_input, error));
    if (model->source.gguf && !is_input) SXT_TRY(split_has(model->path, output, &is_input, error));
    if (is_input)
        return sxt_fail(error, SXT_E_ARGUMENT,
                        "%.200s is part of the model that is read; choose another output", output);
    return SXT_OK;
}
