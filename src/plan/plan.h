/* A plan says, for a query, which keys it sees and at which rotary positions: that is all a long-context
 * method is. Attention, the tests and every command read it; none of them knows a method by name. */
#ifndef SXT_PLAN_PLAN_H
#define SXT_PLAN_PLAN_H

#include "base/error.h"
#include "plan/rope.h"

enum { SXT_PLAN_MAX_BANDS = 4, SXT_PLAN_MAX_MAPS = 2 };

/* Keys [first_key, end_key), seen from rotary position query_pos, standing where key map `key_map` of the
 * plan puts them. */
typedef struct sxt_band {
    int64_t first_key, end_key;
    double query_pos;
    uint8_t key_map;
} sxt_band;

/* What a method needs to know of the model. */
typedef struct sxt_plan_model {
    int64_t n_ctx_train;    /* the trained window L */
    int64_t sliding_window; /* of every layer; 0: none, or some layer sees all */
    bool rotary;            /* false: ALiBi and the like */
} sxt_plan_model;

typedef struct sxt_plan_method sxt_plan_method;
typedef struct sxt_plan_option sxt_plan_option;

/* A resolved plan: plain data, compared with sxt_plan_equal(). */
typedef struct sxt_plan {
    const sxt_plan_method *method;
    int64_t group_size;               /* G */
    int64_t neighbor_window;          /* W */
    int64_t n_ctx_train;              /* L */
    int64_t sliding_window;           /* the model's, for limits only: bands get the layer's; 0: none */
    int64_t n_sinks, n_recent;        /* S, R */
    int64_t chunk_size, chunk_length; /* c, s of Dual Chunk Attention */
    double factor;                    /* k of Leaky ReRoPE; what a scaling of frequencies stretches by */
    bool log_n;                       /* the temperature max(1, ln(i + 1) / ln L) on top */
} sxt_plan;

/* One method: one file, one registry line. */
struct sxt_plan_method {
    const char *name, *summary;
    /* Sorted, disjoint bands inside [0, i]; returns how many. */
    int (*bands)(const sxt_plan *plan, int64_t i, sxt_band bands[SXT_PLAN_MAX_BANDS]);
    /* Positions (n) of keys [first, first + n) under map `key_map`. */
    void (*key_positions)(const sxt_plan *plan, int key_map, int64_t first, int64_t n, double *positions);
    /* Longest context whose relative positions all stay below n_ctx_train; INT64_MAX: unbounded. */
    int64_t (*limit)(const sxt_plan *plan);
    /* Fills defaults, reads parameters ("group=8,window=64", already split), checks them. */
    sxt_status (*configure)(sxt_plan *plan, const sxt_plan_model *model, const sxt_plan_option *options,
                            int n_options, sxt_error *error);
    /* The rotary frequencies for a context of `length` tokens, from what the model's file asks for; NULL:
     * those. */
    void (*rope)(const sxt_plan *plan, const sxt_rope_params *of_model, int64_t length, sxt_rope_params *rope);
    /* Canonical text: "self-extend:group=8,window=64". */
    void (*print)(const sxt_plan *plan, char *text, size_t n);
};

/* One "name=value" of a plan's text. */
struct sxt_plan_option {
    char name[32], value[32];
};

/* Query i's bands with the model's sliding window (0: none) applied on top; returns how many. */
int sxt_plan_bands(const sxt_plan *plan, int64_t i, int64_t sliding_window, sxt_band bands[SXT_PLAN_MAX_BANDS]);
void sxt_plan_key_positions(const sxt_plan *plan, int key_map, int64_t first, int64_t n, double *positions);
double sxt_plan_key_pos(const sxt_plan *plan, int key_map, int64_t j);
/* What the scores of query i are multiplied by: 1 without log_n. */
double sxt_plan_temperature(const sxt_plan *plan, int64_t i);
/* The rotary frequencies under the plan. */
void sxt_plan_rope(const sxt_plan *plan, const sxt_rope_params *of_model, int64_t length,
                   sxt_rope_params *rope);
int64_t sxt_plan_limit(const sxt_plan *plan);
void sxt_plan_print(const sxt_plan *plan, char *text, size_t n);
bool sxt_plan_equal(const sxt_plan *a, const sxt_plan *b);

/* What the user asked for: a fixed plan, or `auto`, which becomes one when a length is known. */
typedef struct sxt_plan_request {
    bool is_auto;
    sxt_plan fixed;
    sxt_plan_model model;
} sxt_plan_request;

sxt_status sxt_plan_parse(const char *text, const sxt_plan_model *model, sxt_plan_request *request,
                          sxt_error *error);

/* The plan for a context of `length` tokens. `current` (may be NULL) is the plan in use: auto keeps it while
 * it still serves (hysteresis). `reason` (n) gets a line that says why auto chose, "" for a fixed plan. */
sxt_plan sxt_plan_choose(const sxt_plan_request *request, int64_t length, const sxt_plan *current, char *reason,
                         size_t n);

/* A line that names the limit and a plan that fits when `length` is past it; "" otherwise. */
void sxt_plan_advice(const sxt_plan_request *request, const sxt_plan *plan, int64_t length, char *advice,
                     size_t n);

/* The methods, `auto` included; NULL past the end. */
const char *sxt_plan_method_at(int64_t i, const char **summary);

#endif
