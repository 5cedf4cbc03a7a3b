/* An open model: source, tokenizer, hyper-parameters, weights. Immutable and shareable once open (`packed`
 * locks itself). */
#ifndef SXT_MODEL_MODEL_H
#define SXT_MODEL_MODEL_H

#include "base/hash.h"
#include "model/packed_weights.h"
#include "text/tokenizer.h"

struct sxt_model {
    char *path;
    sxt_source source;
    sxt_tokenizer *tokenizer;
    bool vocab_only;
    sxt_hparams hparams; /* not set when vocab_only */
    sxt_weights weights;
    sxt_packed_weights *packed; /* of `weights`; made by the first fast session. NULL when vocab_only */
    char rope_scaling[192];
    char format[32];
    char architecture[64]; /* as the file names it */
    sxt_hash fingerprint;  /* of hyper-parameters and the tensor directory */
};

/* As the public sxt_model_open() and sxt_model_close(). */
sxt_status sxt_model_load(const char *path, const sxt_model_params *params, sxt_model **model,
                          sxt_error *error);
void sxt_model_unload(sxt_model *model);

#endif
