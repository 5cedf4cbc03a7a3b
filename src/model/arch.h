/* Architectures: a table entry and a small file each. */
#ifndef SXT_MODEL_ARCH_H
#define SXT_MODEL_ARCH_H

#include "model/hparams.h"

/* One weight of a block, or of the model when `per_layer` is false ("%d" is the layer in the names). */
typedef struct sxt_weight_name {
    int slot; /* index in sxt_weight_slot */
    bool per_layer;
    bool optional;
    const char *gguf; /* "blk.%d.attn_q.weight" */
    const char *hf;   /* "model.layers.%d.self_attn.q_proj.weight" */
} sxt_weight_name;

typedef enum sxt_weight_slot {
    /* the model's */
    SXT_W_EMBED,
    SXT_W_OUTPUT_NORM,
    SXT_W_OUTPUT,
    SXT_W_ROPE_FREQS,
    /* a layer's */
    SXT_W_ATTN_NORM,
    SXT_W_Q,
    SXT_W_K,
    SXT_W_V,
    SXT_W_O,
    SXT_W_Q_BIAS,
    SXT_W_K_BIAS,
    SXT_W_V_BIAS,
    SXT_W_O_BIAS,
    SXT_W_FFN_NORM,
    SXT_W_GATE,
    SXT_W_UP,
    SXT_W_DOWN,
    SXT_W_COUNT
} sxt_weight_slot;

struct sxt_arch {
    const char *gguf_name;       /* general.architecture */
    const char *const *hf_types; /* model_type values, NULL-terminated */
    const sxt_weight_name *weights;
    int n_weights;
    bool gguf_interleaved; /* pairing of rotated dimensions in GGUF files; HF is half-split */
};

enum { SXT_WEIGHT_NAME_MAX = 96 };
/* A row's gguf or hf name with its "%d", if any, replaced by the layer. */
void sxt_weight_name_print(const char *pattern, int32_t layer, char name[SXT_WEIGHT_NAME_MAX]);

const sxt_arch *sxt_arch_by_gguf(const char *name, size_t n);
const sxt_arch *sxt_arch_by_hf(const char *model_type, size_t n);
/* The row of a slot; NULL when the architecture has no such weight. */
const sxt_weight_name *sxt_arch_weight(const sxt_arch *arch, sxt_weight_slot slot);
/* "llama, mistral, ...": what an error may offer. */
const char *sxt_arch_list(void);

#endif
