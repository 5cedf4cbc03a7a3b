/* config.json with the hyper-parameters in it, and model.safetensors.index.json. */
#include "one_line.h"

#include "format/model_index.h"
#include "model/hparams.h"

static void read_config(const uint8_t *data, size_t size) {
    sxt_source source = {0};
    sxt_error error = {0};
    sxt_hparams hparams;
    sxt_status status = sxt_hf_folder_parse(data, size, NULL, 0, &source.folder, &error);
    one_line(status, &error);
    if (status == SXT_OK) one_line(sxt_hparams_read(&source, 512, &hparams, &error), &error);
    sxt_source_close(&source);
}

static void read_index(const uint8_t *data, size_t size) {
    sxt_json *document = NULL;
    sxt_model_index index = {0};
    sxt_error error = {0};
    sxt_status status = sxt_json_parse(data, size, &document, &error);
    if (status == SXT_OK) status = sxt_model_index_read(document, &index, &error);
    one_line(status, &error);
    for (uint64_t i = 0; i < index.n_shards; i++)
        if (strchr(index.shards[i], '/') || strstr(index.shards[i], "..")) abort();
    sxt_model_index_free(&index);
    sxt_json_free(document);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    read_config(data, size);
    read_index(data, size);
    return 0;
}
