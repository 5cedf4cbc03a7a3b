#include "model/rope_block.h"

#include "model/rope_config_parts.h"

#include <string.h>

enum { N_PLACES = 2, WHOLE = 0, FULL, SLIDING, N_PARTS };

/* What errors put before a member's name. */
static const struct {
    const char *name, *where[N_PARTS];
} places[N_PLACES] = {
    {"rope_parameters",
     {"config.json: rope_parameters.", "config.json: rope_parameters.full_attention.",
      "config.json: rope_parameters.sliding_attention."}},
    {"rope_scaling",
     {"config.json: rope_scaling.", "config.json: rope_scaling.full_attention.",
      "config.json: rope_scaling.sliding_attention."}},
};

/* ---- Finding it ---- */

/* An object of this name, NULL in *node when absent; anything else is refused. */
static sxt_status find_object(const sxt_config *config, const char *name, const sxt_json **node,
                              sxt_error *error) {
    const sxt_json *member = sxt_json_get(config->json, name);
    *node = NULL;
    if (sxt_json_is_none(member)) return SXT_OK;
    if (sxt_json_kind_of(member) != SXT_JSON_OBJECT)
        return sxt_fail(error, SXT_E_FORMAT, "%s%s has a value of the wrong kind; needed an object",
                        config->where, name);
    *node = member;
    return SXT_OK;
}

static bool has_kinds(const sxt_json *object) {
    for (void *it = sxt_json_next(object, NULL); it; it = sxt_json_next(object, it))
        if (sxt_json_kind_of(sxt_json_value(it)) == SXT_JSON_OBJECT) return true;
    return false;
}

/* Nothing but the two kinds that layer_types knows. */
static sxt_status check_kinds(const sxt_config *whole, sxt_error *error) {
    for (void *it = sxt_json_next(whole->json, NULL); it; it = sxt_json_next(whole->json, it)) {
        const char *key = sxt_json_key(it);
        if (sxt_json_is_none(sxt_json_value(it)) || strcmp(key, "full_attention") == 0 ||
            strcmp(key, "sliding_attention") == 0)
            continue;
        return sxt_fail(
            error, SXT_E_UNSUPPORTED,
            "%s%.64s stands beside rotary parameters for each kind of layers; only full_attention and "
            "sliding_attention can be there",
            whole->where, key);
    }
    return SXT_OK;
}

/* Part `part` of one place: the object itself where it does not tell layers apart; then there is no part for
 * those that slide. */
static sxt_status find_part(const sxt_config *config, int place, int part, sxt_config *block,
                            sxt_error *error) {
    sxt_config whole = {.where = places[place].where[WHOLE]};
    *block = (sxt_config){.where = places[place].where[part]};
    SXT_TRY(find_object(config, places[place].name, &whole.json, error));
    if (!has_kinds(whole.json)) {
        if (part == FULL) *block = whole;
        return SXT_OK;
    }
    SXT_TRY(check_kinds(&whole, error));
    SXT_TRY(find_object(&whole, part == FULL ? "full_attention" : "sliding_attention", &block->json, error));
    if (part == FULL && !block->json)
        return sxt_fail(
            error, SXT_E_FORMAT,
            "%sfull_attention is missing; needed beside sliding_attention, or no kinds of layers at all",
            whole.where);
    return SXT_OK;
}

/* ---- Two of them ---- */

static const sxt_json *said_of(const sxt_json *block, const char *key) {
    const sxt_json *value = sxt_json_get(block, key);
    if (sxt_json_is_none(value) && strcmp(key, "rope_type") == 0) value = sxt_json_get(block, "type");
    return sxt_json_is_none(value) ? NULL : value;
}

static bool same_value(const sxt_json *a, const sxt_json *b) {
    double x, y;
    if (sxt_json_number(a, &x) && sxt_json_number(b, &y)) return x == y;
    return sxt_json_equal(a, b);
}

/* The first member of `a` that `b` gives otherwise; NULL: none. What is not about scaling is compared
 * elsewhere. */
static const char *first_difference(const sxt_json *a, const sxt_json *b) {
    for (void *it = sxt_json_next(a, NULL); it; it = sxt_json_next(a, it)) {
        const char *key = strcmp(sxt_json_key(it), "type") == 0 ? "rope_type" : sxt_json_key(it);
        if (strcmp(key, "rope_theta") == 0 || strcmp(key, "partial_rotary_factor") == 0) continue;
        if (!sxt_json_is_none(sxt_json_value(it)) && !same_value(said_of(a, key), said_of(b, key))) return key;
    }
    return NULL;
}

/* Files that old and new readers should understand have both; then they say the same. */
static sxt_status need_same(const sxt_config *a, const sxt_config *b, sxt_error *error) {
    const char *key = first_difference(a->json, b->json);
    if (!key) key = first_difference(b->json, a->json);
    if (!key) return SXT_OK;
    return sxt_fail(error, SXT_E_FORMAT, "%s%.64s and %s%.64s differ; remove the block that is not meant",
                    a->where, key, b->where + strlen("config.json: "), key);
}

static sxt_status find_block(const sxt_config *config, int part, sxt_config *block, sxt_error *error) {
    sxt_config older;
    SXT_TRY(find_part(config, 0, part, block, error));
    SXT_TRY(find_part(config, 1, part, &older, error));
    if (block->json && older.json) return need_same(block, &older, error);
    if (!block->json) *block = older;
    return SXT_OK;
}

sxt_status sxt_rope_block_find(const sxt_config *config, sxt_config *block, sxt_error *error) {
    return find_block(config, FULL, block, error);
}

sxt_status sxt_rope_block_find_sliding(const sxt_config *config, sxt_config *block, sxt_error *error) {
    return find_block(config, SLIDING, block, error);
}

sxt_status sxt_rope_block_refuse_kinds(const sxt_config *config, sxt_error *error) {
    for (int i = 0; i < N_PLACES; i++) {
        const sxt_json *whole = sxt_json_get(config->json, places[i].name);
        for (void *it = sxt_json_next(whole, NULL); it; it = sxt_json_next(whole, it))
            if (sxt_json_kind_of(sxt_json_value(it)) == SXT_JSON_OBJECT)
                return sxt_fail(
                    error, SXT_E_UNSUPPORTED,
                    "%s%.64s is an object; this family's layers all turn alike, and rotary parameters that "
                    "differ between layers are not supported",
                    places[i].where[WHOLE], sxt_json_key(it));
    }
    return SXT_OK;
}

/* ---- What it says ---- */

static bool is_one_of(const char *name, const char *const *names) {
    while (*names && strcmp(name, *names) != 0) names++;
    return *names != NULL;
}

/* A member of another type of scaling means nothing, as in Hugging Face's library. Comments begin with "_". */
sxt_status sxt_rope_block_check(const sxt_config *block, sxt_error *error) {
    static const char *const known[] = {"rope_type",
                                        "type",
                                        "rope_theta",
                                        "partial_rotary_factor",
                                        "factor",
                                        "beta_fast",
                                        "beta_slow",
                                        "truncate",
                                        "attention_factor",
                                        "mscale",
                                        "mscale_all_dim",
                                        "finetuned",
                                        "short_factor",
                                        "long_factor",
                                        "short_mscale",
                                        "long_mscale",
                                        "low_freq_factor",
                                        "high_freq_factor",
                                        "original_max_position_embeddings",
                                        NULL};
    /* of the first YaRN code: factors, and 1 is what everybody has */
    static const char *const neutral[] = {"attn_factor", "extrapolation_factor", "ext_factor", NULL};
    for (void *it = sxt_json_next(block->json, NULL); it; it = sxt_json_next(block->json, it)) {
        const char *key = sxt_json_key(it);
        double value = 0;
        if (sxt_json_is_none(sxt_json_value(it)) || key[0] == '_' || is_one_of(key, known)) continue;
        sxt_json_number(sxt_json_value(it), &value);
        if (is_one_of(key, neutral) && value == 1) continue;
        return sxt_fail(
            error, SXT_E_UNSUPPORTED,
            "%s%.64s is not supported and may change the angles; remove it if it does not, or use a "
            "GGUF file of this model",
            block->where, key);
    }
    return SXT_OK;
}

static const char *plain_name(const char *type) { return strcmp(type, "su") == 0 ? "longrope" : type; }

sxt_status sxt_rope_block_type(const sxt_config *block, sxt_config_key *key, const char **type, size_t *n,
                               sxt_error *error) {
    static const sxt_config_key now = {NULL, "rope_type"}, before = {NULL, "type"}; /* until 2024 */
    const char *older = "default";
    size_t n_older = strlen(older);
    bool found, has_older;
    *type = older;
    *n = n_older;
    SXT_TRY(sxt_config_string(block, now, type, n, &found, error));
    SXT_TRY(sxt_config_string(block, before, &older, &n_older, &has_older, error));
    if (found && has_older && strcmp(plain_name(*type), plain_name(older)) != 0)
        return sxt_fail(error, SXT_E_FORMAT,
                        "%srope_type is \"%.40s\" and type \"%.40s\"; remove the one that is "
                        "not meant",
                        block->where, *type, older);
    *key = found ? now : before;
    if (!found) {
        *type = older;
        *n = n_older;
    }
    if (!found && !has_older &&
        (sxt_json_get(block->json, "factor") || sxt_json_get(block->json, "long_factor")))
        return sxt_fail(error, SXT_E_FORMAT,
                        "%srope_type is missing; needed linear, dynamic, yarn, llama3 or longrope",
                        block->where);
    return SXT_OK;
}

sxt_status sxt_rope_hear(const sxt_config *place, const char *name, double low, double high,
                         sxt_rope_said *said, sxt_error *error) {
    double value;
    bool found;
    SXT_TRY(sxt_config_number(place, (sxt_config_key){NULL, name}, low, high, &value, &found, error));
    if (!found) return SXT_OK;
    if (said->name && value != said->value)
        return sxt_fail(error, SXT_E_FORMAT, "%s%s is %g and %s%s %g; needed the same, or one of them alone",
                        said->where, said->name, said->value, place->where, name, value);
    *said = (sxt_rope_said){place->where, name, value};
    return SXT_OK;
}
