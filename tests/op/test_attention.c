/* Attention against the definition: for every query and key a relative position and a yes or no, scores by
 * rotating one complex product by that position, one softmax, all in double, no tiles and no bands. The same
 * bits for any split of the queries and any number of threads; nothing outside the written cache is read. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/memory.h"
#include "base/rng.h"
#include "kernel/kernel.h"
#include "op/attention.h"
#include "tensor/type.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Relative position of key j for query i; false when it is not seen. j <= i. */
typedef bool (*relation_fn)(int64_t i, int64_t j, int64_t group, int64_t window, double *delta);

typedef struct setting {
    const sxt_plan_method *method; /* NULL: none for group 0, else self-extend */
    relation_fn relation;          /* NULL with a NULL method */
    int64_t group, window, sliding;
    int n, n_heads, n_kv_heads, head_dim, n_rot;
    bool interleaved;
    sxt_type type;
    sxt_precision precision;
    float loudness;                 /* of queries: larger gives sharper softmaxes */
    const sxt_rope_params *scaling; /* NULL: theta 10000, no scaling */
    float cap;                      /* of scores; 0: none */
    const float *slopes;            /* (n_heads), what distance costs; NULL: nothing */
} setting;

enum { MAX_HEAD_DIM = 256 };

typedef struct problem {
    setting s;
    sxt_plan plan;
    sxt_rope *rope;
    float *q, *k, *v; /* (n, heads, head_dim); k and v as the cache holds them */
    sxt_kv_view kv;
    uint64_t kv_bytes;
} problem;

/* ---- Relations, written from the definitions ----------------------------------------------------- */

static bool relate_self_extend(int64_t i, int64_t j, int64_t group, int64_t window, double *delta) {
    *delta = (double)(i - j);
    if (group > 0 && i - j >= window) *delta = (double)(i / group + window - window / group - j / group);
    return true;
}

/* Real positions: beyond the window distances grow by 1/group. */
static bool relate_leaky(int64_t i, int64_t j, int64_t group, int64_t window, double *delta) {
    double distance = (double)(i - j), w = (double)window;
    *delta = distance < w ? distance : w + (distance - w) / (double)group;
    return true;
}

/* The first `group` keys, an island at twice the window and the recent keys without the query itself and one
 * more: four bands with gaps, both key maps, and early queries that see nothing. */
static bool relate_islands(int64_t i, int64_t j, int64_t group, int64_t window, double *delta) {
    int64_t distance = i - j;
    *delta = (double)distance;
    if (j < group && distance > 3 * window) {
        *delta = 3 * (double)window - (double)j / 2;
        return true;
    }
    if (distance >= 2 * window && distance < 3 * window) {
        *delta = 2 * (double)window - (double)j / 2 + (double)(i / 2);
        return true;
    }
    return distance > 0 && distance < window && distance != 5;
}

/* Neighbouring queries stand differently towards the same keys. */
static bool relate_parity(int64_t i, int64_t j, int64_t group, int64_t window, double *delta) {
    (void)group;
    (void)window;
    *delta = i % 2 ? (double)(i - j) : (double)i - (double)j / 2;
    return true;
}

/* ---- The same as plans, for those that the library does not have ---------------------------------- */

static int leaky_bands(const sxt_plan *plan, int64_t i, sxt_band bands[SXT_PLAN_MAX_BANDS]) {
    int64_t w = plan->neighbor_window, near = i - w + 1 > 0 ? i - w + 1 : 0;
    double k = (double)plan->group_size;
    int n = 0;
    if (near > 0) bands[n++] = (sxt_band){0, near, ((double)i + (double)w * (k - 1)) / k, 1};
    bands[n++] = (sxt_band){near, i + 1, (double)i, 0};
    return n;
}

static void leaky_key_positions(const sxt_plan *plan, int key_map, int64_t first, int64_t n,
                                double *positions) {
    double k = key_map ? (double)plan->group_size : 1;
    for (int64_t i = 0; i < n; i++) positions[i] = (double)(first + i) / k;
}

static const sxt_plan_method leaky = {
    .name = "leaky", .bands = leaky_bands, .key_positions = leaky_key_positions};

static int add_band(sxt_band *bands, int n, int64_t first, int64_t end, double query_pos, uint8_t map) {
    if (first < 0) first = 0;
    if (n > 0 && first < bands[n - 1].end_key) first = bands[n - 1].end_key;
    if (first >= end) return n;
    bands[n] = (sxt_band){first, end, query_pos, map};
    return n + 1;
}

static int islands_bands(const sxt_plan *plan, int64_t i, sxt_band bands[SXT_PLAN_MAX_BANDS]) {
    int64_t w = plan->neighbor_window, g = plan->group_size, end = i - 3 * w < g ? i - 3 * w : g;
    int n = add_band(bands, 0, 0, end, 3 * (double)w, 1);
    n = add_band(bands, n, i - 3 * w + 1, i - 2 * w + 1, 2 * (double)w + (double)(i / 2), 1);
    n = add_band(bands, n, i - w + 1, i - 5, (double)i, 0);
    return add_band(bands, n, i - 4, i, (double)i, 0);
}

static void islands_key_positions(const sxt_plan *plan, int key_map, int64_t first, int64_t n,
                                  double *positions) {
    (void)plan;
    for (int64_t i = 0; i < n; i++) positions[i] = (double)(first + i) / (key_map ? 2 : 1);
}

static const sxt_plan_method islands = {
    .name = "islands", .bands = islands_bands, .key_positions = islands_key_positions};

static int parity_bands(const sxt_plan *plan, int64_t i, sxt_band bands[SXT_PLAN_MAX_BANDS]) {
    (void)plan;
    return add_band(bands, 0, 0, i + 1, (double)i, i % 2 ? 0 : 1);
}

static const sxt_plan_method parity = {
    .name = "parity", .bands = parity_bands, .key_positions = islands_key_positions};

/* ---- Problems -------------------------------------------------------------------------------------- */

static sxt_plan plan_of(const setting *s) {
    sxt_plan_model model = {.n_ctx_train = 1 << 20, .rotary = true};
    sxt_plan_request request;
    sxt_error error;
    if (s->method) return (sxt_plan){.method = s->method, .group_size = s->group, .neighbor_window = s->window};
    char text[96] = "none";
    if (s->group > 0)
        snprintf(text, sizeof text, "self-extend:group=%lld,window=%lld", (long long)s->group,
                 (long long)s->window);
    assert_int_equal(sxt_plan_parse(text, &model, &request, &error), SXT_OK);
    return request.fixed;
}

/* Roughly normal, mean 0, deviation `loudness`. */
static float *noise(sxt_rng *rng, int64_t n, float loudness) {
    float *x = sxt_alloc((size_t)n, sizeof *x);
    assert_non_null(x);
    for (int64_t i = 0; i < n; i++) {
        double sum = -6;
        for (int t = 0; t < 12; t++) sum += sxt_rng_unit(rng);
        x[i] = (float)sum * loudness;
    }
    return x;
}

/* What the cache makes of x (n, head_dim): the definition starts from that. */
static void round_to_type(sxt_type type, float *x, int64_t n, int64_t head_dim) {
    const sxt_type_traits *traits = sxt_type_find(type);
    int64_t padded = (head_dim + traits->block - 1) / traits->block * traits->block;
    float row[MAX_HEAD_DIM];
    uint8_t blocks[MAX_HEAD_DIM * sizeof(float)];
    assert_true(padded <= MAX_HEAD_DIM);
    for (int64_t i = 0; i < n; i++, x += head_dim) {
        memset(row, 0, sizeof row);
        memcpy(row, x, (size_t)head_dim * sizeof *x);
        traits->pack(row, blocks, padded);
        traits->unpack(blocks, row, padded);
        memcpy(x, row, (size_t)head_dim * sizeof *x);
    }
}

static problem open_problem(const setting *s) {
    problem p = {.s = *s, .plan = plan_of(s)};
    sxt_rope_params params = {.theta = 10000};
    sxt_rng rng = sxt_rng_make(17);
    int64_t n_kv = (int64_t)s->n * s->n_kv_heads * s->head_dim;
    if (s->scaling) params = *s->scaling;
    params.n_rot = s->n_rot;
    params.interleaved = s->interleaved;
    assert_int_equal(sxt_rope_new(&params, &p.rope, NULL), SXT_OK);
    assert_int_equal(sxt_rope_reserve(p.rope, s->n, NULL), SXT_OK);
    p.q = noise(&rng, (int64_t)s->n * s->n_heads * s->head_dim, s->loudness > 0 ? s->loudness : 1);
    p.k = noise(&rng, n_kv, 1);
    p.v = noise(&rng, n_kv, 1);
    round_to_type(s->type, p.k, (int64_t)s->n * s->n_kv_heads, s->head_dim);
    round_to_type(s->type, p.v, (int64_t)s->n * s->n_kv_heads, s->head_dim);
    p.kv_bytes = sxt_kv_bytes(s->type, s->n_kv_heads, s->head_dim, s->n);
    p.kv = (sxt_kv_view){.type = s->type, .n_kv_heads = s->n_kv_heads, .head_dim = s->head_dim};
    p.kv.k = sxt_alloc(p.kv_bytes, 1);
    p.kv.v = sxt_alloc(p.kv_bytes, 1);
    assert_true(p.kv.k && p.kv.v);
    return p;
}

static void close_problem(problem *p) {
    sxt_rope_free(p->rope);
    sxt_free(p->q);
    sxt_free(p->k);
    sxt_free(p->v);
    sxt_free(p->kv.k);
    sxt_free(p->kv.v);
}

/* ---- The definition -------------------------------------------------------------------------------- */

/* Sum over the rotated pairs of Re(zq * conj(zk) * e^(i delta theta)), and the plain rest. */
static double score(const problem *p, const float *q, const float *k, double delta) {
    const setting *s = &p->s;
    const double *theta = sxt_rope_frequencies(p->rope);
    double mscale = sxt_rope_mscale(p->rope), sum = 0, rest = 0;
    for (int m = 0; m < s->n_rot / 2; m++) {
        int a = s->interleaved ? 2 * m : m, b = s->interleaved ? 2 * m + 1 : m + s->n_rot / 2;
        double qa = (double)q[a], qb = (double)q[b], ka = (double)k[a], kb = (double)k[b];
        sum += (qa * ka + qb * kb) * cos(delta * theta[m]) - (qb * ka - qa * kb) * sin(delta * theta[m]);
    }
    for (int x = s->n_rot; x < s->head_dim; x++) rest += (double)q[x] * (double)k[x];
    return (mscale * mscale * sum + rest) / sqrt(s->head_dim);
}

static bool seen(const setting *s, int64_t i, int64_t j, double *delta) {
    if (s->sliding > 0 && i - j >= s->sliding) return false;
    return (s->relation ? s->relation : relate_self_extend)(i, j, s->group, s->window, delta);
}

/* One query of one head: out (head_dim). Weights (n) are left for the caller, -inf logarithm where unseen. */
static void attend_by_definition(const problem *p, int64_t i, int head, double *log_weights, double *out) {
    const setting *s = &p->s;
    int kv_head = head / (s->n_heads / s->n_kv_heads);
    const float *q = p->q + (i * s->n_heads + head) * s->head_dim;
    double max = -INFINITY, sum = 0;
    for (int64_t j = 0; j <= i; j++) {
        double delta;
        const float *k = p->k + (j * s->n_kv_heads + kv_head) * s->head_dim;
        log_weights[j] = seen(s, i, j, &delta) ? score(p, q, k, delta) : -(double)INFINITY;
        if (s->cap > 0 && isfinite(log_weights[j])) log_weights[j] = s->cap * tanh(log_weights[j] / s->cap);
        if (s->slopes && isfinite(log_weights[j])) log_weights[j] -= (double)s->slopes[head] * delta;
        if (log_weights[j] > max) max = log_weights[j];
    }
    for (int64_t j = 0; j <= i; j++) sum += log_weights[j] > -DBL_MAX ? exp(log_weights[j] - max) : 0;
    for (int x = 0; x < s->head_dim; x++) out[x] = 0;
    for (int64_t j = 0; j <= i; j++) {
        if (!(log_weights[j] > -DBL_MAX)) continue;
        log_weights[j] -= max + log(sum);
        const float *v = p->v + (j * s->n_kv_heads + kv_head) * s->head_dim;
        for (int x = 0; x < s->head_dim; x++) out[x] += exp(log_weights[j]) * (double)v[x];
    }
}

/* ---- The library ----------------------------------------------------------------------------------- */

static int64_t out_size(const setting *s) { return (int64_t)s->n * s->n_heads * s->head_dim; }

/* Reads the problem in chunks, as a session does: the cache beyond what is stored, and the workspace, hold
 * NaN. */
static float *attend_in_chunks(const problem *p, int chunk, int n_threads) {
    const setting *s = &p->s;
    float *out = sxt_alloc((size_t)out_size(s), sizeof *out);
    sxt_pool *pool = NULL;
    size_t bytes = sxt_attention_scratch_bytes(s->n_heads, s->n_kv_heads, s->head_dim, chunk);
    char *scratch = sxt_alloc_pages(bytes * (size_t)n_threads);
    assert_true(out && scratch && bytes % 64 == 0);
    assert_int_equal(sxt_pool_new(n_threads, &pool, NULL), SXT_OK);
    memset(scratch, 0xff, bytes * (size_t)n_threads);
    memset(p->kv.k, 0xff, p->kv_bytes);
    memset(p->kv.v, 0xff, p->kv_bytes);
    memset(out, 0xff, (size_t)out_size(s) * sizeof *out);
    for (int64_t at = 0; at < s->n; at += chunk) {
        int64_t n = s->n - at < chunk ? s->n - at : chunk, row = (int64_t)s->n_kv_heads * s->head_dim;
        sxt_kv_store(&p->kv, at, n, p->k + at * row, p->v + at * row);
        sxt_attention a = {.plan = &p->plan,
                           .rope = p->rope,
                           .precision = s->precision,
                           .sliding_window = s->sliding,
                           .first = at,
                           .n_queries = n,
                           .n_heads = s->n_heads,
                           .n_kv_heads = s->n_kv_heads,
                           .head_dim = s->head_dim,
                           .scale = (float)(1 / sqrt(s->head_dim)),
                           .cap = s->cap,
                           .slopes = s->slopes,
                           .kv = p->kv};
        a.q = p->q + at * s->n_heads * s->head_dim;
        a.out = out + at * s->n_heads * s->head_dim;
        sxt_attend(pool, &a, scratch, bytes);
    }
    sxt_pool_free(pool);
    sxt_free_pages(scratch, bytes * (size_t)n_threads);
    return out;
}

static double largest(const float *x, int64_t n) {
    double max = 0;
    for (int64_t i = 0; i < n; i++) max = fmax(max, fabs((double)x[i]));
    return max;
}

typedef struct difference {
    double largest, rms; /* of errors, of values in the cache and of outputs */
    double largest_value, rms_output;
} difference;

static difference compare(const problem *p, const float *out) {
    const setting *s = &p->s;
    double *weights = sxt_alloc((size_t)s->n, sizeof *weights);
    double *expected = sxt_alloc((size_t)s->head_dim, sizeof *expected);
    int64_t n_compared = 0,
            step = s->n > 2000 ? 97 : 1; /* the definition is slow: a sample of a long problem */
    difference d = {.largest_value = largest(p->v, (int64_t)s->n * s->n_kv_heads * s->head_dim)};
    assert_true(weights && expected);
    for (int64_t i = (s->n - 1) % step; i < s->n; i += step, n_compared++)
        for (int head = 0; head < s->n_heads; head++) {
            const float *row = out + (i * s->n_heads + head) * s->head_dim;
            attend_by_definition(p, i, head, weights, expected);
            for (int x = 0; x < s->head_dim; x++) {
                double error = fabs((double)row[x] - expected[x]);
                if (!(error <= d.largest)) d.largest = error; /* NaN stays */
                d.rms += error * error;
                d.rms_output += expected[x] * expected[x];
            }
        }
    int64_t n_outputs = n_compared * s->n_heads * s->head_dim;
    d.rms = sqrt(d.rms / (double)n_outputs);
    d.rms_output = sqrt(d.rms_output / (double)n_outputs);
    sxt_free(weights);
    sxt_free(expected);
    return d;
}

/* f32: every output within 1e-5 of the largest value. Small integers: the errors' rms within 1e-3 of the
 * outputs', and every output within 5e-3 of the largest value. */
static void assert_as_defined(const problem *p, const float *out) {
    const setting *s = &p->s;
    bool fast = s->precision == SXT_PRECISION_FAST && sxt_kernels_get()->attends_int16;
    difference d = compare(p, out);
    double bound = (fast ? 5e-3 : 1e-5) * d.largest_value;
    if (!(d.largest <= bound) || (fast && !(d.rms <= 1e-3 * d.rms_output)))
        fail_msg("G %d W %d n %d heads %d/%d dim %d: errors up to %.3g of %.3g, rms %.3g of %.3g",
                 (int)s->group, (int)s->window, s->n, s->n_heads, s->n_kv_heads, s->head_dim, d.largest,
                 d.largest_value, d.rms, d.rms_output);
}

/* Chunks of few queries pack every key for each of them: minutes where code is instrumented. */
#if defined(SXT_SANITIZED)
enum { FIRST_CHUNK = 4, HEAD_TOKENS = 140 };
#else
enum { FIRST_CHUNK = 0, HEAD_TOKENS = 270 };
#endif

/* Against the definition once, then bit by bit against itself for other chunks and threads. */
static void check_precision(const setting *s) {
    static const int chunks[] = {1, 3, 7, 64, 128, 512};
    problem p = open_problem(s);
    float *whole = attend_in_chunks(&p, s->n, 1);
    assert_as_defined(&p, whole);
    for (size_t c = FIRST_CHUNK; c < sizeof chunks / sizeof *chunks; c++) {
        float *other = attend_in_chunks(&p, chunks[c], 1 + (int)c % 3);
        assert_memory_equal(whole, other, (size_t)out_size(s) * sizeof *whole);
        sxt_free(other);
    }
    sxt_free(whole);
    close_problem(&p);
}

static void check(const setting *s) {
    setting f32 = *s, fast = *s;
    f32.precision = SXT_PRECISION_F32;
    fast.precision = SXT_PRECISION_FAST;
    check_precision(&f32);
    check_precision(&fast);
}

/* ---- Tests ----------------------------------------------------------------------------------------- */

static void test_groups_and_windows(void **state) {
    (void)state;
    static const int64_t windows[] = {1, 7, 16, 37, 149, 150, 400};
    for (int64_t group = 1; group <= 16; group++)
        for (size_t w = 0; w < sizeof windows / sizeof *windows; w++) {
            setting s = {.group = group,
                         .window = windows[w],
                         .n = 150,
                         .n_heads = 2,
                         .n_kv_heads = 1,
                         .head_dim = 8,
                         .n_rot = 8,
                         .precision = group % 2 ? SXT_PRECISION_F32 : SXT_PRECISION_FAST};
            problem p = open_problem(&s);
            float *out = attend_in_chunks(&p, 64, 2);
            assert_as_defined(&p, out);
            sxt_free(out);
            close_problem(&p);
        }
}

/* Around the window, around tile edges, odd lengths. */
static void test_lengths(void **state) {
    (void)state;
    static const int lengths[] = {1, 2, 15, 16, 17, 63, 64, 65, 127, 128, 129, 255, 256, 257, 301};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
        for (int64_t group = 0; group <= 6; group += 3) {
            setting s = {.group = group,
                         .window = 64,
                         .n = lengths[i],
                         .n_heads = 2,
                         .n_kv_heads = 2,
                         .head_dim = 4,
                         .n_rot = 4};
            check(&s);
        }
}

/* The head sizes of most models: shorter ways of packing keys and values may serve them. */
static void test_common_heads(void **state) {
    (void)state;
    static const sxt_type types[] = {SXT_TYPE_F16, SXT_TYPE_Q8_0, SXT_TYPE_Q4_0, SXT_TYPE_BF16, SXT_TYPE_F32};
    static const int dims[] = {64, 128, 256, 192};
    for (size_t t = 0; t < sizeof types / sizeof *types; t++)
        for (int d = 0; d < (t < 2 ? 4 : 1); d++)
            for (int interleaved = 0; interleaved < 2; interleaved++) {
                setting s = {.group = 4,
                             .window = 23,
                             .n = d == 0 && t < 2 ? 149 : 40,
                             .n_heads = 2,
                             .n_kv_heads = 1,
                             .head_dim = dims[d],
                             .n_rot = dims[d],
                             .interleaved = interleaved,
                             .type = types[t],
                             .precision = SXT_PRECISION_FAST};
                check_precision(&s);
            }
}

static void test_heads_layouts_and_caches(void **state) {
    (void)state;
    static const int heads[][2] = {{2, 2}, {4, 2}, {8, 1}, {6, 2}, {1, 1}};
    static const int dims[][2] = {{16, 16}, {24, 8}, {20, 12}};
    int turn = 0;
    for (size_t h = 0; h < sizeof heads / sizeof *heads; h++)
        for (size_t d = 0; d < sizeof dims / sizeof *dims; d++)
            for (int interleaved = 0; interleaved < 2; interleaved++, turn++) {
                setting s = {.group = 5,
                             .window = 48,
                             .n = 200,
                             .n_heads = heads[h][0],
                             .n_kv_heads = heads[h][1],
                             .head_dim = dims[d][0],
                             .n_rot = dims[d][1],
                             .interleaved = interleaved,
                             .type = turn % 3 ? SXT_TYPE_F16 : SXT_TYPE_F32};
                check(&s);
            }
}

/* Keys of several spans, whose softmaxes are joined; every type of cache, head sizes that are not whole vectors
 * or blocks. Longer chunks too: a query is alone in its call, one of few, and one of many. */
static void test_spans_and_types(void **state) {
    (void)state;
    static const sxt_type types[] = {SXT_TYPE_F32, SXT_TYPE_F16, SXT_TYPE_BF16, SXT_TYPE_Q8_0, SXT_TYPE_Q4_0};
    static const int chunks[] = {4, 700};
    for (size_t t = 0; t < sizeof types / sizeof *types; t++)
        for (int fast = 0; fast < 2; fast++) {
            setting s = {.group = t % 2 ? 6 : 0,
                         .window = 500,
                         .n = 2048 + 2048 + 70,
                         .n_heads = 2,
                         .n_kv_heads = 1,
                         .head_dim = t % 2 ? 40 : 34,
                         .n_rot = 32,
                         .interleaved = t % 3 == 0,
                         .precision = fast ? SXT_PRECISION_FAST : SXT_PRECISION_F32,
                         .type = types[t]};
            problem p = open_problem(&s);
            float *whole = attend_in_chunks(&p, s.n, 2);
            assert_as_defined(&p, whole);
            for (size_t c = 0; c < sizeof chunks / sizeof *chunks; c++) {
                float *other = attend_in_chunks(&p, chunks[c], 1 + (int)c);
                assert_memory_equal(whole, other, (size_t)out_size(&s) * sizeof *whole);
                sxt_free(other);
            }
            sxt_free(whole);
            close_problem(&p);
        }
}

static void test_head_sizes(void **state) {
    (void)state;
    static const int sizes[] = {32, 48, 64, 80, 96, 112, 128, 250, 256};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        setting s = {.group = i % 2 ? 5 : 0,
                     .window = 90,
                     .n = HEAD_TOKENS,
                     .n_heads = 3,
                     .n_kv_heads = 1,
                     .head_dim = sizes[i],
                     .n_rot = i % 3 ? sizes[i] : 32,
                     .interleaved = i % 2 == 0,
                     .type = i % 2 ? SXT_TYPE_Q8_0 : SXT_TYPE_F16};
        check(&s);
    }
}

static void test_sliding_windows(void **state) {
    (void)state;
    static const int64_t sliding[] = {1, 30, 64, 128, 129, 1000};
    for (size_t i = 0; i < sizeof sliding / sizeof *sliding; i++)
        for (int64_t group = 0; group <= 4; group += 4) {
            setting s = {.group = group,
                         .window = 50,
                         .sliding = sliding[i],
                         .n = 300,
                         .n_heads = 2,
                         .n_kv_heads = 1,
                         .head_dim = 8,
                         .n_rot = 8};
            check(&s);
        }
}

/* Gemma's soft cap and ALiBi's bias, alone and together, across tiles and spans, under plans with one band and
 * two: distances are those of the plan. */
static void test_caps_and_biases(void **state) {
    (void)state;
    static const float slopes[] = {0.5f, 0.25f, 0.0625f, 0.00390625f};
    static const sxt_rope_params still = {.n_rot = 4, .theta = 10000, .scaling = SXT_ROPE_STILL, .factor = 1};
    for (int i = 1; i < 4; i++)
        for (int64_t group = 0; group <= 4; group += 4) {
            setting s = {.group = group,
                         .window = 50,
                         .n = 300,
                         .n_heads = 4,
                         .n_kv_heads = 2,
                         .head_dim = 8,
                         .n_rot = 8,
                         .loudness = 6,
                         .cap = i & 1 ? 3 : 0,
                         .slopes = i & 2 ? slopes : NULL};
            check(&s);
            s.n = 2200; /* beyond a span */
            s.scaling = &still;
            s.n_rot = 4;
            s.type = SXT_TYPE_Q8_0;
            if (group == 0) check(&s);
        }
}

/* A group of more heads than a run of rows holds, and more rows than a task takes. */
static void test_many_rows(void **state) {
    (void)state;
    setting one_kv_head = {
        .group = 3, .window = 40, .n = 70, .n_heads = 110, .n_kv_heads = 1, .head_dim = 4, .n_rot = 4};
    setting long_chunk = {
        .group = 8, .window = 256, .n = 1100, .n_heads = 5, .n_kv_heads = 1, .head_dim = 4, .n_rot = 4};
    check(&one_kv_head);
    check(&long_chunk);
}

static void test_real_positions(void **state) {
    (void)state;
    setting s = {.method = &leaky,
                 .relation = relate_leaky,
                 .group = 7,
                 .window = 60,
                 .n = 300,
                 .n_heads = 4,
                 .n_kv_heads = 2,
                 .head_dim = 16,
                 .n_rot = 12};
    check(&s);
}

static void test_neighbours_that_differ(void **state) {
    (void)state;
    setting s = {.method = &parity,
                 .relation = relate_parity,
                 .n = 200,
                 .n_heads = 2,
                 .n_kv_heads = 1,
                 .head_dim = 8,
                 .n_rot = 8};
    check(&s);
}

/* Gaps between bands, four bands in one tile, queries that see no key at all, the query itself unseen. */
static void test_islands(void **state) {
    (void)state;
    for (int64_t window = 7; window < 80; window += 24) {
        setting s = {.method = &islands,
                     .relation = relate_islands,
                     .group = 4,
                     .window = window,
                     .n = 300,
                     .n_heads = 2,
                     .n_kv_heads = 1,
                     .head_dim = 8,
                     .n_rot = 8};
        check(&s);
    }
}

static void test_nothing_seen_gives_zeros(void **state) {
    (void)state;
    setting s = {.method = &islands,
                 .relation = relate_islands,
                 .group = 4,
                 .window = 7,
                 .n = 3,
                 .n_heads = 1,
                 .n_kv_heads = 1,
                 .head_dim = 8,
                 .n_rot = 8};
    problem p = open_problem(&s);
    float *out = attend_in_chunks(&p, 3, 1);
    for (int x = 0; x < 8; x++) assert_true(out[x] == 0);
    sxt_free(out);
    close_problem(&p);
}

static void test_sharp_softmaxes(void **state) {
    (void)state;
    setting s = {.group = 4,
                 .window = 64,
                 .n = 300,
                 .n_heads = 2,
                 .n_kv_heads = 1,
                 .head_dim = 16,
                 .n_rot = 16,
                 .loudness = 5};
    check(&s);
}

static void test_scaled_frequencies(void **state) {
    (void)state;
    sxt_rope_params params = {.theta = 10000,
                              .scaling = SXT_ROPE_YARN,
                              .factor = 4,
                              .original_context = 64,
                              .beta_fast = 32,
                              .beta_slow = 1};
    setting s = {.group = 4,
                 .window = 64,
                 .n = 200,
                 .n_heads = 2,
                 .n_kv_heads = 1,
                 .head_dim = 24,
                 .n_rot = 16,
                 .scaling = &params};
    check(&s);
}

/* With values that single out one key each, the outputs are the softmax weights, and their logarithms the
 * scores less a constant: held to the bound for scores. */
static void test_scores(void **state) {
    (void)state;
    setting s = {.group = 4,
                 .window = 32,
                 .n = 128,
                 .n_heads = 2,
                 .n_kv_heads = 1,
                 .head_dim = 128,
                 .n_rot = 128,
                 .precision = SXT_PRECISION_F32};
    problem p = open_problem(&s);
    double weights[128], expected[128];
    for (int j = 0; j < s.n; j++)
        for (int x = 0; x < s.head_dim; x++) p.v[j * s.head_dim + x] = x == j ? 1 : 0;
    float *out = attend_in_chunks(&p, 128, 1);
    for (int64_t i = 0; i < s.n; i++)
        for (int head = 0; head < s.n_heads; head++) {
            attend_by_definition(&p, i, head, weights, expected);
            for (int64_t j = 0; j <= i; j++) {
                double got = log((double)out[(i * s.n_heads + head) * s.head_dim + j]);
                double bound = 2e-6 * fmax(1, fabs(weights[j])); /* the score's own, its sum's, and log's */
                if (!(fabs(got - weights[j]) <= bound))
                    fail_msg("query %d key %d: %.9g, not %.9g", (int)i, (int)j, got, weights[j]);
            }
        }
    sxt_free(out);
    close_problem(&p);
}

/* Memory does not grow with the depth, and hardly with the chunk. */
static void test_workspace(void **state) {
    (void)state;
    size_t chunk = sxt_attention_scratch_bytes(32, 4, 64, 512);
    assert_true(chunk < (size_t)4 << 20);
    assert_true(sxt_attention_scratch_bytes(32, 4, 64, 1 << 20) <= chunk);
    assert_true(sxt_attention_scratch_bytes(32, 4, 64, 1) < (size_t)1 << 20);
}

static void test_no_queries(void **state) {
    (void)state;
    setting s = {.n = 1, .n_heads = 1, .n_kv_heads = 1, .head_dim = 8, .n_rot = 8};
    problem p = open_problem(&s);
    sxt_attention a = {
        .plan = &p.plan, .rope = p.rope, .n_heads = 1, .n_kv_heads = 1, .head_dim = 8, .kv = p.kv};
    sxt_pool *pool;
    assert_int_equal(sxt_pool_new(1, &pool, NULL), SXT_OK);
    sxt_attend(pool, &a, NULL, 0);
    sxt_pool_free(pool);
    close_problem(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_groups_and_windows),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_common_heads),
        cmocka_unit_test(test_heads_layouts_and_caches),
        cmocka_unit_test(test_spans_and_types),
        cmocka_unit_test(test_head_sizes),
        cmocka_unit_test(test_sliding_windows),
        cmocka_unit_test(test_caps_and_biases),
        cmocka_unit_test(test_many_rows),
        cmocka_unit_test(test_real_positions),
        cmocka_unit_test(test_neighbours_that_differ),
        cmocka_unit_test(test_islands),
        cmocka_unit_test(test_nothing_seen_gives_zeros),
        cmocka_unit_test(test_sharp_softmaxes),
        cmocka_unit_test(test_scaled_frequencies),
        cmocka_unit_test(test_scores),
        cmocka_unit_test(test_workspace),
        cmocka_unit_test(test_no_queries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
