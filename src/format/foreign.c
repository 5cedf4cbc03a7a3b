#include "format/foreign.h"

#include <stddef.h>
#include <string.h>

typedef struct signature {
    const char *bytes;
    const char *hint;
} signature;

static const signature signatures[] = {
    {"version https://git-lfs", "it is a Git LFS pointer, not the model: run 'git lfs pull'"},
    {"<!DOCTYPE", "it is a web page, not the model: download the file itself"},
    {"<!doctype", "it is a web page, not the model: download the file itself"},
    {"<html", "it is a web page, not the model: download the file itself"},
    {"PK\x03\x04", "it is a zip or PyTorch file: use the GGUF or safetensors version of the model"},
    {"\x80\x02", "it is a Python pickle: use the GGUF or safetensors version of the model"},
    {"tjgg", "it is a GGML file from before GGUF: use the GGUF version of the model"},
    {"lmgg", "it is a GGML file from before GGUF: use the GGUF version of the model"},
    {"fmgg", "it is a GGML file from before GGUF: use the GGUF version of the model"},
    {"FUGG", "it is a big-endian GGUF file: use the little-endian version"},
};

const char *sxt_foreign_hint(const uint8_t *data, uint64_t size) {
    for (size_t i = 0; i < sizeof signatures / sizeof signatures[0]; i++) {
        size_t n = strlen(signatures[i].bytes);
        if (n <= size && memcmp(data, signatures[i].bytes, n) == 0) return signatures[i].hint;
    }
    /* A safetensors file: the header's length, then its first brace. */
    if (size > 9 && data[8] == '{' && data[7] == 0 && data[6] == 0)
        return "it is a safetensors file: give the folder that holds it and config.json";
    return NULL;
}
