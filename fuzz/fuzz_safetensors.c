/* safetensors files. */
#include "one_line.h"

#include "format/safetensors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    sxt_safetensors *file = NULL;
    sxt_error error = {0};
    sxt_status status = sxt_safetensors_parse(data, size, &file, &error);
    one_line(status, &error);
    for (uint64_t i = 0; file && i < sxt_safetensors_n(file); i++) {
        const sxt_safetensors_entry *entry = sxt_safetensors_at(file, i);
        if (!entry->tensor.traits && !entry->why_not[0]) abort();
        touch(entry->tensor.data, entry->tensor.n_bytes);
        touch(entry->tensor.name, strlen(entry->tensor.name) + 1);
    }
    sxt_safetensors_close(file);
    return 0;
}
