/* Architectures: a table entry and a small file each. */
#ifndef SXT_MODEL_ARCH_H
#define SXT_MODEL_ARCH_H

#include "model/config.h"
#include "model/hparams.h"

typedef enum sxt_weight_need {
    SXT_NEEDED,
    SXT_OPTIONAL,
    SXT_UNLESS_FUSED /* needed where there is no SXT_W_QKV */
} sxt_weight_need;

/* One weight of a block, or of the model when `per_layer` is false ("%d" is the layer in the names). */
typedef struct sxt_weight_name {
    int slot; /* index in sxt_weight_slot */
    bool per_layer;
    int need;                                 /* sxt_weight_need */
    const char *gguf;                         /* "blk.%d.attn_q.weight" */
    const char *hf;                           /* "model.layers.%d.self_attn.q_proj.weight" */
    bool (*when)(const sxt_hparams *hparams); /* a model of which this is not true has no such row; NULL: all */
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
    SXT_W_FIRST_SLOTS, /* those above have the numbers that random models are made from: new ones follow */
    SXT_W_ROPE_LONG = SXT_W_FIRST_SLOTS, /* the model's */
    SXT_W_ROPE_SHORT,
    SXT_W_OUTPUT_NORM_BIAS,
    SXT_W_OUTPUT_BIAS,
    SXT_W_ATTN_NORM_BIAS,
    SXT_W_QKV, /* rows of q, k and v in one tensor; stands before Q in a table */
    SXT_W_QKV_BIAS,
    SXT_W_Q_NORM, /* of each head */
    SXT_W_K_NORM,
    SXT_W_POST_ATTN_NORM, /* of what the attention part gives */
    SXT_W_FFN_NORM_BIAS,
    SXT_W_GATE_UP, /* rows of gate, then of up, in one tensor */
    SXT_W_UP_BIAS,
    SXT_W_DOWN_BIAS,
    SXT_W_POST_FFN_NORM,
    SXT_W_Q_HEAD_NORMS, /* one for each head, in GGUF a matrix; in a folder a tensor each: a second "%d" */
    SXT_W_K_HEAD_NORMS,
    SXT_W_COUNT
} sxt_weight_slot;

/* Names in config.json where a family does not use the usual ones; NULL: the usual. */
typedef struct sxt_hf_keys {
    const char *n_layers, *d_model, *n_heads, *n_kv_heads, *n_ff, *n_ctx, *norm_eps, *activation;
} sxt_hf_keys;

struct sxt_arch {
    const char *gguf_name;       /* general.architecture */
    const char *const *hf_types; /* model_type values, NULL-terminated */
    const sxt_weight_name *weights;
    int n_weights;
    sxt_traits traits;
    bool gguf_interleaved; /* pairing of rotated dimensions in GGUF files; HF is half-split */

    /* config.json */
    sxt_hf_keys keys;
    const char *const *hf_ignored; /* ends of names of tensors that are not weights, NULL-terminated, or NULL */
    bool hf_grouped_qkv;    /* rows of QKV lie by KV head: its queries, its key, its value; GGUF: all q, k, v */
    bool hf_norms_less_one; /* norms are stored less 1; GGUF: as they are */
    bool tied_by_default;
    bool window_is_opt_in;  /* sliding_window counts only with use_sliding_window */
    int32_t hf_head_dim;    /* where config.json says none; 0: d_model / n_heads */
    int32_t hf_ff_multiple; /* n_ff / d_model where config.json says none; 0: it has to */
    int64_t hf_n_ctx;       /* the same of the trained window */
    double hf_rotary_part;  /* of a head, where config.json says none; 0: all of it */
    double hf_rope_theta;   /* where config.json says none; 0: 10000 */
    double hf_norm_eps;     /* where config.json says none; 0: it has to */

    bool gguf_says_parallel; /* writes use_parallel_residual */
    int32_t window_period;   /* every so many layers one does not slide, the last of them; 0: all slide */

    /* What no other family has: reads, checks and refuses it. `source` NULL: config.json alone. Or NULL. */
    sxt_status (*read)(const sxt_config *config, const sxt_source *source, sxt_hparams *hparams,
                       sxt_error *error);
};

/* A layer's row of a family's table, as most folders name it. */
#define SXT_LAYER_ROW(slot, need, gguf, hf)                                                                    \
    { slot, true, need, "blk.%d." gguf, "model.layers.%d." hf, NULL }
/* The model's own weights, as most folders name them. An output that is absent is tied to the embedding. */
#define SXT_MODEL_ROWS                                                                                         \
    {SXT_W_EMBED, false, SXT_NEEDED, "token_embd.weight", "model.embed_tokens.weight", NULL},                  \
        {SXT_W_OUTPUT_NORM, false, SXT_NEEDED, "output_norm.weight", "model.norm.weight", NULL},               \
        {SXT_W_OUTPUT, false, SXT_OPTIONAL, "output.weight", "lm_head.weight", NULL},                          \
        {SXT_W_ROPE_FREQS, false, SXT_OPTIONAL, "rope_freqs.weight", NULL, NULL},                              \
        {SXT_W_ROPE_LONG, false, SXT_OPTIONAL, "rope_factors_long.weight", NULL, NULL}, {                      \
        SXT_W_ROPE_SHORT, false, SXT_OPTIONAL, "rope_factors_short.weight", NULL, NULL                         \
    }
/* Apart from each other: queries, keys, values, the attention's output; the gated feed-forward part. */
#define SXT_ATTENTION_ROWS                                                                                     \
    SXT_LAYER_ROW(SXT_W_Q, SXT_NEEDED, "attn_q.weight", "self_attn.q_proj.weight"),                            \
        SXT_LAYER_ROW(SXT_W_K, SXT_NEEDED, "attn_k.weight", "self_attn.k_proj.weight"),                        \
        SXT_LAYER_ROW(SXT_W_V, SXT_NEEDED, "attn_v.weight", "self_attn.v_proj.weight"),                        \
        SXT_LAYER_ROW(SXT_W_O, SXT_NEEDED, "attn_output.weight", "self_attn.o_proj.weight")
#define SXT_QKV_BIAS_ROWS(need)                                                                                \
    SXT_LAYER_ROW(SXT_W_Q_BIAS, need, "attn_q.bias", "self_attn.q_proj.bias"),                                 \
        SXT_LAYER_ROW(SXT_W_K_BIAS, need, "attn_k.bias", "self_attn.k_proj.bias"),                             \
        SXT_LAYER_ROW(SXT_W_V_BIAS, need, "attn_v.bias", "self_attn.v_proj.bias")
#define SXT_GATED_ROWS                                                                                         \
    SXT_LAYER_ROW(SXT_W_GATE, SXT_NEEDED, "ffn_gate.weight", "mlp.gate_proj.weight"),                          \
        SXT_LAYER_ROW(SXT_W_UP, SXT_NEEDED, "ffn_up.weight", "mlp.up_proj.weight"),                            \
        SXT_LAYER_ROW(SXT_W_DOWN, SXT_NEEDED, "ffn_down.weight", "mlp.down_proj.weight")
/* A norm before each part, as Llama names them. */
#define SXT_TWO_NORM_ROWS                                                                                      \
    SXT_LAYER_ROW(SXT_W_ATTN_NORM, SXT_NEEDED, "attn_norm.weight", "input_layernorm.weight"),                  \
        SXT_LAYER_ROW(SXT_W_FFN_NORM, SXT_NEEDED, "ffn_norm.weight", "post_attention_layernorm.weight")

enum { SXT_WEIGHT_NAME_MAX = 96 };
/* A row's gguf or hf name with its "%d", if any, replaced by the layer. */
void sxt_weight_name_print(const char *pattern, int32_t layer, char name[SXT_WEIGHT_NAME_MAX]);

const sxt_arch *sxt_arch_by_gguf(const char *name, size_t n);
const sxt_arch *sxt_arch_by_hf(const char *model_type, size_t n);
/* Whether a model has the row at all. */
bool sxt_weight_applies(const sxt_weight_name *row, const sxt_hparams *hparams);
/* Row (or element) i of all q, k, v in the order of hf_grouped_qkv. */
int64_t sxt_grouped_qkv_row(const sxt_hparams *hparams, int64_t i);
/* Weights of norms, biases not included. */
bool sxt_slot_is_norm(int slot);
/* The row of a slot; NULL when the architecture has no such weight. */
const sxt_weight_name *sxt_arch_weight(const sxt_arch *arch, sxt_weight_slot slot);
/* "llama, mistral, ...": what an error may offer. */
const char *sxt_arch_list(void);

#endif
