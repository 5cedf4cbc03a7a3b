#include "model/arch.h"

#include "model/arch_llama.h"

#include <stdio.h>
#include <string.h>

static const sxt_arch *const table[] = {&sxt_arch_llama};

enum { N_ARCHS = sizeof table / sizeof table[0] };

static bool same(const char *known, const char *name, size_t n) {
    return strlen(known) == n && memcmp(known, name, n) == 0;
}

const sxt_arch *sxt_arch_by_gguf(const char *name, size_t n) {
    for (int i = 0; i < N_ARCHS; i++)
        if (same(table[i]->gguf_name, name, n)) return table[i];
    return NULL;
}

const sxt_arch *sxt_arch_by_hf(const char *model_type, size_t n) {
    for (int i = 0; i < N_ARCHS; i++)
        for (const char *const *type = table[i]->hf_types; *type; type++)
            if (same(*type, model_type, n)) return table[i];
    return NULL;
}

const sxt_weight_name *sxt_arch_weight(const sxt_arch *arch, sxt_weight_slot slot) {
    for (int i = 0; i < arch->n_weights; i++)
        if (arch->weights[i].slot == (int)slot) return &arch->weights[i];
    return NULL;
}

void sxt_weight_name_print(const char *pattern, int32_t layer, char name[SXT_WEIGHT_NAME_MAX]) {
    const char *hole = strstr(pattern, "%d");
    if (hole)
        snprintf(name, SXT_WEIGHT_NAME_MAX, "%.*s%d%s", (int)(hole - pattern), pattern, layer, hole + 2);
    else
        snprintf(name, SXT_WEIGHT_NAME_MAX, "%s", pattern);
}

const char *sxt_arch_list(void) { return "llama, mistral"; }
