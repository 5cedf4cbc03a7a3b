#include "model/unknown_tensors.h"

#include "base/text.h"
#include "model/weight_binder.h"

#include <stdlib.h>

/* Whether `name` is the pattern with a number below `n` for its "%d", and any for a second one. */
static bool matches(const char *pattern, const char *name, int32_t n) {
    const char *hole = pattern ? strstr(pattern, "%d") : NULL;
    if (!hole) return pattern && strcmp(pattern, name) == 0;
    size_t n_front = (size_t)(hole - pattern);
    if (strncmp(pattern, name, n_front) != 0) return false;
    const char *digits = name + n_front;
    if (*digits < '0' || *digits > '9' || (digits[0] == '0' && digits[1] >= '0' && digits[1] <= '9'))
        return false;
    char *end;
    unsigned long number = strtoul(digits, &end, 10);
    return number < (unsigned long)n && matches(hole + 2, end, INT32_MAX);
}

/* Rotary frequencies that old files carry beside what they follow from, and what else is no weight. */
static bool is_redundant(const sxt_source *source, const sxt_arch *arch, const char *name) {
    for (const char *const *end = source->folder ? arch->hf_ignored : NULL; end && *end; end++)
        if (sxt_text_ends_with(name, *end)) return true;
    return sxt_text_ends_with(name, "rotary_emb.inv_freq") || sxt_text_ends_with(name, "attn_rot_embd") ||
           sxt_text_ends_with(name, "attn_rot_embd.weight");
}

sxt_status sxt_unknown_tensors_refuse(const sxt_source *source, const sxt_hparams *h, sxt_error *error) {
    const int64_t n = sxt_source_n_tensors(source);
    for (int64_t i = 0; i < n; i++) {
        const char *name = sxt_source_tensor_at(source, i)->name;
        bool is_known = is_redundant(source, h->arch, name);
        for (int j = 0; j < h->arch->n_weights && !is_known; j++) {
            const sxt_weight_name *row = &h->arch->weights[j];
            is_known =
                sxt_weight_applies(row, h) && matches(sxt_binder_pattern(source, row), name, h->n_layers);
        }
        if (!is_known)
            return sxt_fail(error, SXT_E_UNSUPPORTED, "tensor %.100s has no place in a %s model of %d layers",
                            name, h->arch->gguf_name, h->n_layers);
    }
    return SXT_OK;
}
