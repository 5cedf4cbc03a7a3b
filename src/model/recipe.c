#include "model/recipe.h"

#include "tensor/type.h"

#include <stdio.h>
#include <string.h>

static const sxt_recipe recipes[] = {
    {"f32", "4 bytes a weight", SXT_TYPE_F32, 0, false},
    {"f16", "2 bytes a weight", SXT_TYPE_F16, 1, false},
    {"bf16", "2 bytes a weight, the range of f32", SXT_TYPE_BF16, 32, false},
    {"q8_0", "8.5 bits a weight", SXT_TYPE_Q8_0, 7, false},
    {"q6_k", "6.6 bits a weight", SXT_TYPE_Q6_K, 18, true},
    {"q5_k_m", "5.5 bits a weight, 6.6 where it matters most", SXT_TYPE_Q5_K, 17, true},
    {"q5_k_s", "5.5 bits a weight", SXT_TYPE_Q5_K, 16, true},
    {"q5_1", "6 bits a weight", SXT_TYPE_Q5_1, 9, false},
    {"q5_0", "5.5 bits a weight", SXT_TYPE_Q5_0, 8, false},
    {"q4_k_m", "4.5 bits a weight, 6.6 where it matters most", SXT_TYPE_Q4_K, 15, true},
    {"q4_k_s", "4.5 bits a weight, 5.5 where it matters most", SXT_TYPE_Q4_K, 14, true},
    {"q4_1", "5 bits a weight", SXT_TYPE_Q4_1, 3, false},
    {"q4_0", "4.5 bits a weight", SXT_TYPE_Q4_0, 2, false},
    {"q3_k_l", "3.4 bits a weight, 5.5 where it matters most", SXT_TYPE_Q3_K, 13, true},
    {"q3_k_m", "3.4 bits a weight, 4.5 or 5.5 where it matters most", SXT_TYPE_Q3_K, 12, true},
    {"q3_k_s", "3.4 bits a weight", SXT_TYPE_Q3_K, 11, true},
    {"q2_k", "2.6 bits a weight, 3.4 or 4.5 where it matters most", SXT_TYPE_Q2_K, 10, true},
};
enum { N_RECIPES = sizeof recipes / sizeof recipes[0] };

const sxt_recipe *sxt_recipe_at(int64_t i) { return i >= 0 && i < N_RECIPES ? &recipes[i] : NULL; }

const sxt_recipe *sxt_recipe_find(const char *name) {
    for (int i = 0; i < N_RECIPES; i++)
        if (strcmp(recipes[i].name, name) == 0) return &recipes[i];
    return NULL;
}

sxt_status sxt_recipe_need(const char *name, const sxt_recipe **recipe, sxt_error *error) {
    char names[256] = "";
    *recipe = sxt_recipe_find(name);
    if (*recipe) return SXT_OK;
    for (int i = 0; i < N_RECIPES; i++) {
        size_t n = strlen(names);
        snprintf(names + n, sizeof names - n, "%s%s", i ? ", " : "", recipes[i].name);
    }
    return sxt_fail(error, SXT_E_ARGUMENT, "type %.40s cannot be written; choose one of %s", name, names);
}

/* ---- Mixes ---- */

/* Which layers a rule is for; n is the number of layers. */
typedef enum layers {
    EVERY_LAYER,
    FIRST_TWO,
    FIRST_FOUR,
    FIRST_SIXTEENTH,
    FIRST_EIGHTH,
    ENDS_AND_THIRDS, /* the first and last eighth, and every third layer between */
    WIDELY_SHARED    /* every layer, in models where at least four heads share one of keys and values */
} layers;

typedef struct rule {
    uint32_t file_type; /* of the recipe */
    int slot;
    layers layers;
    sxt_type type;
} rule;

/* The first rule that matches counts. */
static const rule rules[] = {
    {10, SXT_W_V, WIDELY_SHARED, SXT_TYPE_Q4_K},   {10, SXT_W_V, EVERY_LAYER, SXT_TYPE_Q3_K},
    {10, SXT_W_O, EVERY_LAYER, SXT_TYPE_Q3_K},     {10, SXT_W_DOWN, EVERY_LAYER, SXT_TYPE_Q3_K},

    {12, SXT_W_QKV, EVERY_LAYER, SXT_TYPE_Q4_K},   {13, SXT_W_QKV, EVERY_LAYER, SXT_TYPE_Q4_K},
    {15, SXT_W_QKV, EVERY_LAYER, SXT_TYPE_Q5_K},   {17, SXT_W_QKV, EVERY_LAYER, SXT_TYPE_Q6_K},

    {12, SXT_W_V, FIRST_TWO, SXT_TYPE_Q5_K},       {12, SXT_W_V, EVERY_LAYER, SXT_TYPE_Q4_K},
    {12, SXT_W_O, EVERY_LAYER, SXT_TYPE_Q4_K},     {12, SXT_W_DOWN, FIRST_SIXTEENTH, SXT_TYPE_Q5_K},
    {12, SXT_W_DOWN, EVERY_LAYER, SXT_TYPE_Q4_K},

    {13, SXT_W_V, EVERY_LAYER, SXT_TYPE_Q5_K},     {13, SXT_W_O, EVERY_LAYER, SXT_TYPE_Q5_K},
    {13, SXT_W_DOWN, EVERY_LAYER, SXT_TYPE_Q5_K},

    {14, SXT_W_V, FIRST_FOUR, SXT_TYPE_Q5_K},      {14, SXT_W_DOWN, FIRST_EIGHTH, SXT_TYPE_Q5_K},

    {15, SXT_W_V, ENDS_AND_THIRDS, SXT_TYPE_Q6_K}, {15, SXT_W_DOWN, ENDS_AND_THIRDS, SXT_TYPE_Q6_K},

    {17, SXT_W_V, ENDS_AND_THIRDS, SXT_TYPE_Q6_K}, {17, SXT_W_DOWN, ENDS_AND_THIRDS, SXT_TYPE_Q6_K},
};

static bool is_among(layers which, const sxt_hparams *h, int32_t layer) {
    const int32_t n = h->n_layers, eighth = n / 8;
    switch (which) {
    case FIRST_TWO: return layer < 2;
    case FIRST_FOUR: return layer < 4;
    case FIRST_SIXTEENTH: return layer < n / 16;
    case FIRST_EIGHTH: return layer < eighth;
    case ENDS_AND_THIRDS: return layer < eighth || layer >= 7 * n / 8 || (layer - eighth) % 3 == 2;
    case WIDELY_SHARED: return h->n_heads / h->n_kv_heads >= 4;
    default: return true;
    }
}

static sxt_type ruled_type(const sxt_recipe *recipe, const sxt_hparams *h, int slot, int32_t layer) {
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if (rules[i].file_type == recipe->file_type && rules[i].slot == slot &&
            is_among(rules[i].layers, h, layer))
            return rules[i].type;
    return recipe->base;
}

/* The 70B models of the family: eight heads share a value, so a few more bits there cost next to nothing. */
static sxt_type widened(sxt_type type, const sxt_hparams *h, int slot) {
    bool is_widened = slot == SXT_W_V && h->n_layers == 80 && h->n_heads != h->n_kv_heads;
    return is_widened && (type == SXT_TYPE_Q3_K || type == SXT_TYPE_Q4_K) ? SXT_TYPE_Q5_K : type;
}

sxt_type sxt_recipe_type(const sxt_recipe *recipe, const sxt_hparams *hparams, int slot, int32_t layer,
                         bool pure) {
    if (pure || !recipe->is_mix) return recipe->base;
    if (slot == SXT_W_OUTPUT || (slot == SXT_W_EMBED && hparams->tied_output)) return SXT_TYPE_Q6_K;
    return widened(ruled_type(recipe, hparams, slot, layer), hparams, slot);
}

static sxt_type next_type(sxt_type type) {
    switch (type) {
    case SXT_TYPE_Q2_K:
    case SXT_TYPE_Q3_K: return SXT_TYPE_Q4_0;
    case SXT_TYPE_Q4_K: return SXT_TYPE_Q5_0;
    case SXT_TYPE_Q5_K: return SXT_TYPE_Q5_1;
    case SXT_TYPE_Q6_K: return SXT_TYPE_Q8_0;
    default: return SXT_TYPE_F16;
    }
}

sxt_type sxt_type_that_fits(sxt_type type, int64_t columns) {
    while (columns % sxt_type_find((uint32_t)type)->block != 0) type = next_type(type);
    return type;
}
