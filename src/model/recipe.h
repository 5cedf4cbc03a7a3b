/* Recipes: which type each weight gets in a converted file. A plain type stores every matrix in it. A mix gives
 * the weights that matter most (the output, values and down projections of some layers) more bits, in the way
 * that llama.cpp made usual, so that a name means the same file everywhere. */
#ifndef SXT_MODEL_RECIPE_H
#define SXT_MODEL_RECIPE_H

#include "model/arch.h"

typedef struct sxt_recipe {
    const char *name; /* "q4_k_m" */
    const char *summary;
    sxt_type base;
    uint32_t file_type; /* GGUF's general.file_type */
    bool is_mix;        /* the output is kept in Q6_K, and there may be rules in recipe.c */
} sxt_recipe;

/* NULL when there is none of that name. */
const sxt_recipe *sxt_recipe_find(const char *name);
/* The recipe, or SXT_E_ARGUMENT with the names that there are. */
sxt_status sxt_recipe_need(const char *name, const sxt_recipe **recipe, sxt_error *error);
/* NULL past the end. */
const sxt_recipe *sxt_recipe_at(int64_t i);

/* The type that a matrix is to have. Slot and layer say which one it is; slot SXT_W_COUNT: none that is known.
 * `pure`: the base type for all. */
sxt_type sxt_recipe_type(const sxt_recipe *recipe, const sxt_hparams *hparams, int slot, int32_t layer,
                         bool pure);

/* `type`, or the smallest type of no fewer bits whose blocks fit rows of `columns`; F16 fits always. */
sxt_type sxt_type_that_fits(sxt_type type, int64_t columns);

#endif
