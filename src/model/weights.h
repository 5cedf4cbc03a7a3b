/* Weights bound to their places, every shape checked. */
#ifndef SXT_MODEL_WEIGHTS_H
#define SXT_MODEL_WEIGHTS_H

#include "model/arch.h"

/* Norms and biases are f32 vectors made at load (checked for NaN); matrices stay in the file. */
typedef struct sxt_layer_weights {
    sxt_tensor q, k, v,
        o; /* (n_heads*head_dim, d_model) (n_kv_heads*head_dim, d_model) x2 (d_model, n_heads*head_dim) */
    sxt_tensor gate, up, down;                /* (n_ff, d_model) (n_ff, d_model) (d_model, n_ff) */
    float *attn_norm, *ffn_norm;              /* (d_model) */
    float *q_bias, *k_bias, *v_bias, *o_bias; /* or NULL */
} sxt_layer_weights;

typedef struct sxt_weights {
    sxt_tensor embed;          /* (n_vocab, d_model) */
    sxt_tensor output;         /* (n_vocab, d_model); the embedding when tied */
    float *output_norm;        /* (d_model) */
    float *rope_freqs;         /* (n_rot / 2) or NULL */
    sxt_layer_weights *layers; /* (n_layers) */
    int32_t n_layers;
    uint64_t private_bytes; /* memory made at load */
} sxt_weights;

/* The shape of a weight under these hyper-parameters: 2 and (rows, columns), 1 and a vector's length, or 0
 * where the model has no such weight. */
int32_t sxt_weight_dims(const sxt_hparams *hparams, const sxt_weight_name *row, int64_t dims[2]);

/* Sets hparams->tied_output, biases and rope.freq_factors from what is there. */
sxt_status sxt_weights_bind(const sxt_source *source, sxt_hparams *hparams, sxt_weights *weights,
                            sxt_error *error);
void sxt_weights_free(sxt_weights *weights);

/* Names the first tensor that holds NaN or infinity (SXT_E_NUMERIC), SXT_OK when there is none. */
sxt_status sxt_weights_check_finite(const sxt_source *source, sxt_error *error);

#endif
