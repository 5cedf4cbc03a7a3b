/* Weights bound to their places, every shape checked. */
#ifndef SXT_MODEL_WEIGHTS_H
#define SXT_MODEL_WEIGHTS_H

#include "model/arch.h"

/* Norms and biases are f32 vectors made at load (checked for NaN), NULL where the model has none; matrices stay
 * in the file. Those that a file holds in one tensor are views of its rows. */
typedef struct sxt_layer_weights {
    sxt_tensor q, k, v;                /* (n_heads * head_dim, d_model) (n_kv_heads * head_dim, d_model) x2 */
    sxt_tensor o;                      /* (d_model, n_heads * head_dim) */
    sxt_tensor gate, up, down;         /* (n_ff, d_model) x2 (d_model, n_ff); gate empty if not gated */
    float *attn_norm, *attn_norm_bias; /* (d_model) */
    float *ffn_norm, *ffn_norm_bias;   /* (d_model); NULL: both parts read attn_norm's */
    float *post_attn_norm, *post_ffn_norm; /* (d_model), of what a part gives */
    float *q_norm, *k_norm; /* (head_dim), of each head, or (n_heads, head_dim) and (n_kv_heads, head_dim) */
    float *q_bias, *k_bias, *v_bias, *o_bias; /* as wide as what they are added to */
    float *up_bias, *down_bias;
    uint8_t *qkv_rows; /* q, k and v put in order, where the file has them mixed */
} sxt_layer_weights;

typedef struct sxt_weights {
    sxt_tensor embed;                      /* (n_vocab, d_model) */
    sxt_tensor output;                     /* (n_vocab, d_model); the embedding when tied */
    float *output_norm, *output_norm_bias; /* (d_model) */
    float *output_bias;                    /* (n_vocab) or NULL */
    float *rope_freqs;                     /* (n_rot / 2) or NULL */
    float *rope_long, *rope_short; /* (n_rot / 2) under longrope, from tensors or config.json; or NULL */
    sxt_layer_weights *layers;     /* (n_layers) */
    int32_t n_layers;
    uint64_t private_bytes; /* memory made at load */
} sxt_weights;

/* The shape of a weight under these hyper-parameters: 2 and (rows, columns), 1 and a vector's length, or 0
 * where the model has no such weight. */
int32_t sxt_weight_dims(const sxt_hparams *hparams, const sxt_weight_name *row, int64_t dims[2]);

/* Sets hparams->tied_output, biases and the divisors of hparams->rope from what is there; the weights own the
 * latter. */
sxt_status sxt_weights_bind(const sxt_source *source, sxt_hparams *hparams, sxt_weights *weights,
                            sxt_error *error);
void sxt_weights_free(sxt_weights *weights);

/* Names the first tensor that holds NaN or infinity (SXT_E_NUMERIC), SXT_OK when there is none. */
sxt_status sxt_weights_check_finite(const sxt_source *source, sxt_error *error);

#endif
