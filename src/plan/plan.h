/* A plan says, for a query, which keys it sees and at which rotary positions: that is all a long-context
 * method is. Attention, the tests and every command read it; none of them knows a method by name. */
#ifndef SXT_PLAN_PLAN_H
#define SXT_PLAN_PLAN_H

#include "base/error.h"
#include "plan/rope.h"

enum { SXT_PLAN_MAX_BANDS = 4, SXT_PLAN_MAX_MAPS = 2, SXT_PLAN_MAX_OPTIONS = 8 };

/* Room for any plan's text. */
enum { SXT_PLAN_TEXT = 256 };

/* Keys [first_key, end_key), seen from rotary position query_pos, standing where key map `key_map` of the
 * plan puts them. Both are counted in the map's unit: 1, where a method does not say otherwise. */
typedef struct sxt_band {
    int64_t first_key, end_key;
    double query_pos;
    uint8_t key_map;
} sxt_band;

/* What a method needs to know of the model. */
typedef struct sxt_plan_model {
    int64_t n_ctx_train;         /* the trained window L */
    int64_t sliding_window;      /* of every layer; 0: none, or some layer sees all */
    bool rotary;                 /* false: ALiBi and the like */
    const sxt_rope_params *rope; /* what the file asks for, outlives plans and requests; NULL: not known */
} sxt_plan_model;

/* What queries can still see of a long text: query i sees no keys but [0, n_first) and (i - n_nearest, i]. */
typedef struct sxt_plan_memory {
    int64_t n_first, n_nearest; /* n_nearest INT64_MAX: nothing is ever forgotten */
} sxt_plan_memory;

typedef struct sxt_plan_method sxt_plan_method;
typedef struct sxt_plan_option sxt_plan_option;
typedef struct sxt_plan_number sxt_plan_number;

/* What a scaling of frequencies takes besides its factor; all 0 under other methods. */
typedef struct sxt_plan_frequencies {
    double base;              /* in place of the model's; 0: the model's own */
    int64_t original_context; /* the window that is stretched */
    double beta_fast, beta_slow, attention_factor;
    double low_freq_factor, high_freq_factor;
    double power;
} sxt_plan_frequencies;

/* A resolved plan: plain data, compared with sxt_plan_equal(). */
typedef struct sxt_plan {
    const sxt_plan_method *method;
    int64_t group_size;               /* G */
    int64_t neighbor_window;          /* W */
    int64_t n_ctx_train;              /* L */
    int64_t sliding_window;           /* the model's, for limits only: bands get the layer's; 0: none */
    int64_t n_sinks, n_recent;        /* S, R */
    int64_t dense, n_prompt;          /* 1: queries before n_prompt (0: not known) see all before them */
    int64_t chunk_size, chunk_length; /* c, s of Dual Chunk Attention */
    double factor;                    /* k of Leaky ReRoPE; what a scaling of frequencies stretches by */
    sxt_plan_frequencies frequencies;
    int64_t float_shift; /* SelfExtend: 1 leaves W - W/G unrounded, as some published code does */
    bool elastic;        /* none: the file's own frequencies follow the length */
    bool log_n;          /* the temperature max(1, ln(i + 1) / ln L) on top */
    bool window_off;     /* the model's own sliding windows hide nothing */
} sxt_plan;

/* One method: one file, one registry line. */
struct sxt_plan_method {
    const char *name, *summary;
    const char *source; /* who published it, when and where; NULL: nobody needed to */
    /* Refuses models that the method makes no sense for, in its name; NULL: none. */
    sxt_status (*need)(const char *method, const sxt_plan_model *model, sxt_error *error);
    /* What a plan begins with besides the windows, where that depends on the model; NULL: nothing. */
    void (*begin)(sxt_plan *plan, const sxt_plan_model *model);
    /* Its parameters into numbers (SXT_PLAN_MAX_OPTIONS), which point into `plan`; returns how many. NULL:
     * none. */
    int (*parameters)(sxt_plan *plan, sxt_plan_number *numbers);
    /* What concerns more than one parameter, when all of `options` has been read into the plan: defaults that
     * follow others, and refusals; NULL: nothing. */
    sxt_status (*check)(sxt_plan *plan, const sxt_plan_model *model, const sxt_plan_option *options,
                        int n_options, sxt_error *error);
    /* Sorted, disjoint bands inside [0, i]; returns how many. */
    int (*bands)(const sxt_plan *plan, int64_t i, sxt_band bands[SXT_PLAN_MAX_BANDS]);
    /* Positions (n) of keys [first, first + n) under map `key_map`. */
    void (*key_positions)(const sxt_plan *plan, int key_map, int64_t first, int64_t n, double *positions);
    /* What a step of a key map's positions is worth, so that they can be whole numbers where the definition
     * has fractions; NULL: 1. */
    double (*unit)(const sxt_plan *plan, int key_map);
    /* Longest context with no relative position above n_ctx_train - 1; INT64_MAX, or NULL for all: unbounded.
     * Methods that are published with a clamp at n_ctx_train itself count as unbounded. */
    int64_t (*limit)(const sxt_plan *plan);
    /* What is still seen of a long text; NULL: all of it. */
    sxt_plan_memory (*memory)(const sxt_plan *plan);
    /* Turns what the model's file asks for, with the context's length in it, into what the plan asks for; NULL:
     * it stays. */
    void (*rope)(const sxt_plan *plan, sxt_rope_params *rope);
};

/* One "name=value" of a plan's text. */
struct sxt_plan_option {
    char name[32], value[32];
};

/* Query i's bands with the model's sliding window (0: none) applied on top; returns how many. */
int sxt_plan_bands(const sxt_plan *plan, int64_t i, int64_t sliding_window, sxt_band bands[SXT_PLAN_MAX_BANDS]);
void sxt_plan_key_positions(const sxt_plan *plan, int key_map, int64_t first, int64_t n, double *positions);
double sxt_plan_key_pos(const sxt_plan *plan, int key_map, int64_t j);
/* What a step of positions under the map is worth. */
double sxt_plan_unit(const sxt_plan *plan, int key_map);
/* A whole position that none of the keys from `first` on stands before, the nearest such where positions rise:
 * angles are taken relative to it. */
double sxt_plan_base(const sxt_plan *plan, int key_map, int64_t first);
/* What the scores of query i are multiplied by: 1 without log_n. */
double sxt_plan_temperature(const sxt_plan *plan, int64_t i);
/* The rotary frequencies under the plan. */
void sxt_plan_rope(const sxt_plan *plan, const sxt_rope_params *of_model, int64_t length,
                   sxt_rope_params *rope);
/* Keys of a span at most: attention takes angles relative to a span's first key. */
enum { SXT_PLAN_MAX_SPAN = 2048 };

/* Makes the rows of cos and sin ready that a context of `length` tokens asks for, and says how many. */
sxt_status sxt_plan_reserve_rows(const sxt_plan *plan, sxt_rope *rope, int64_t length, sxt_error *error);
int64_t sxt_plan_n_rows(const sxt_plan *plan, int64_t length);
int64_t sxt_plan_limit(const sxt_plan *plan);
sxt_plan_memory sxt_plan_memory_of(const sxt_plan *plan);
/* Whether it depends on where the prompt ended, and has not been told. */
bool sxt_plan_lacks_prompt(const sxt_plan *plan);
void sxt_plan_print(const sxt_plan *plan, char *text, size_t n);
bool sxt_plan_equal(const sxt_plan *a, const sxt_plan *b);

/* What the user asked for: a fixed plan, or `auto`, which becomes one when a length is known. */
typedef struct sxt_plan_request {
    bool is_auto;
    sxt_plan fixed; /* of auto, only what is added to it: log_n, window_off */
    sxt_plan_model model;
} sxt_plan_request;

/* What every plan that the request can become keeps in sight. */
sxt_plan_memory sxt_plan_request_memory(const sxt_plan_request *request);

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

/* What may be written behind any plan; NULL past the end. */
const char *sxt_plan_add_on_at(int64_t i, const char **summary);
/* Who published a method or an add-on, when and where; NULL for other names, and where nobody needed to. */
const char *sxt_plan_source_of(const char *name);

/* The parameters of a method for a model, or for any (NULL); returns how many, 0 for a name that is no
 * method's. */
int sxt_plan_parameters(const char *method, const sxt_plan_model *model,
                        sxt_plan_parameter_info parameters[SXT_PLAN_MAX_OPTIONS]);

#endif
