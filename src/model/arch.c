#include "model/arch.h"

#include "model/families.h"

#include <stdio.h>
#include <string.h>

static const sxt_arch *const table[] = {
    &sxt_arch_llama, &sxt_arch_qwen2,    &sxt_arch_qwen3,  &sxt_arch_phi3,
    &sxt_arch_gemma, &sxt_arch_gemma2,   &sxt_arch_gemma3, &sxt_arch_gptneox,
    &sxt_arch_phi2,  &sxt_arch_stablelm, &sxt_arch_falcon, &sxt_arch_mpt,
};

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

bool sxt_weight_applies(const sxt_weight_name *row, const sxt_hparams *hparams) {
    return !row->when || row->when(hparams);
}

int64_t sxt_grouped_qkv_row(const sxt_hparams *h, int64_t i) {
    const int64_t d = h->head_dim, per = h->n_heads / h->n_kv_heads, step = per + 2; /* rows of heads */
    const int64_t head = i / d, within = i % d, key = head - h->n_heads, value = key - h->n_kv_heads;
    if (value >= 0) return (value * step + per + 1) * d + within;
    if (key >= 0) return (key * step + per) * d + within;
    return (head / per * step + head % per) * d + within;
}

bool sxt_slot_is_norm(int slot) {
    switch (slot) {
    case SXT_W_OUTPUT_NORM:
    case SXT_W_ATTN_NORM:
    case SXT_W_FFN_NORM:
    case SXT_W_POST_ATTN_NORM:
    case SXT_W_POST_FFN_NORM:
    case SXT_W_Q_HEAD_NORMS:
    case SXT_W_K_HEAD_NORMS:
    case SXT_W_Q_NORM:
    case SXT_W_K_NORM: return true;
    default: return false;
    }
}

const char *sxt_arch_list(void) {
    return "llama, mistral, qwen2, qwen3, phi3, gemma, gemma2, gemma3 (text), gptneox, phi2, stablelm, falcon, "
           "mpt";
}
