/* Runs attention for tests/oracle/test_attention.py: cases on standard input, outputs on standard output.
 * A case is one line, then q (n, n_heads, head_dim), k and v (n, n_kv_heads, head_dim) as raw floats:
 *     PLAN trained n n_heads n_kv_heads head_dim n_rot interleaved type fast sliding chunk n_threads theta
 * Its output is out (n, n_heads, head_dim). */
#include "base/memory.h"
#include "op/attention.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct dump_case {
    char plan[96];
    int trained, n, n_heads, n_kv_heads, head_dim, n_rot, interleaved, type, fast, sliding, chunk, n_threads;
    double theta;
} dump_case;

static void need(bool ok, const char *what) {
    if (ok) return;
    fprintf(stderr, "attention_dump: %s\n", what);
    exit(1);
}

static float *read_floats(int64_t n) {
    float *x = sxt_alloc((size_t)n, sizeof *x);
    need(x && fread(x, sizeof *x, (size_t)n, stdin) == (size_t)n, "input ends early");
    return x;
}

static bool read_case(dump_case *c) {
    char line[256];
    if (!fgets(line, sizeof line, stdin)) return false;
    int n = sscanf(line, "%95s %d %d %d %d %d %d %d %d %d %d %d %d %lf", c->plan, &c->trained, &c->n,
                   &c->n_heads, &c->n_kv_heads, &c->head_dim, &c->n_rot, &c->interleaved, &c->type, &c->fast,
                   &c->sliding, &c->chunk, &c->n_threads, &c->theta);
    need(n == 14, "a case line is damaged");
    return true;
}

/* Stores and attends chunk by chunk, as a session does. */
static void attend(const dump_case *c, sxt_attention *a, const float *q, const float *k, const float *v,
                   float *out) {
    int64_t q_row = (int64_t)c->n_heads * c->head_dim, kv_row = (int64_t)c->n_kv_heads * c->head_dim;
    size_t bytes = sxt_attention_scratch_bytes(c->n_heads, c->n_kv_heads, c->head_dim, c->chunk);
    void *scratch = sxt_alloc_pages(bytes * (size_t)c->n_threads);
    sxt_pool *pool = NULL;
    need(scratch && sxt_pool_new(c->n_threads, &pool, NULL) == SXT_OK, "out of memory");
    for (int64_t at = 0; at < c->n; at += c->chunk) {
        int64_t n = c->n - at < c->chunk ? c->n - at : c->chunk;
        sxt_kv_store(&a->kv, at, n, k + at * kv_row, v + at * kv_row);
        a->first = at;
        a->n_queries = n;
        a->q = q + at * q_row;
        a->out = out + at * q_row;
        sxt_attend(pool, a, scratch, bytes);
    }
    sxt_pool_free(pool);
    sxt_free_pages(scratch, bytes * (size_t)c->n_threads);
}

static void run_case(const dump_case *c) {
    sxt_plan_model model = {.n_ctx_train = c->trained, .rotary = true};
    sxt_plan_request request;
    sxt_rope_params params = {.n_rot = c->n_rot, .theta = c->theta, .interleaved = c->interleaved != 0};
    sxt_rope *rope = NULL;
    sxt_error error = {0};
    sxt_type type = (sxt_type)c->type;
    uint64_t bytes = sxt_kv_bytes(type, c->n_kv_heads, c->head_dim, c->n);
    int64_t n_q = (int64_t)c->n * c->n_heads * c->head_dim, n_kv = (int64_t)c->n * c->n_kv_heads * c->head_dim;
    need(sxt_plan_parse(c->plan, &model, &request, &error) == SXT_OK, error.text);
    need(sxt_rope_new(&params, &rope, &error) == SXT_OK, error.text);
    need(sxt_plan_reserve_rows(&request.fixed, rope, c->n, &error) == SXT_OK, error.text);
    float *q = read_floats(n_q), *k = read_floats(n_kv), *v = read_floats(n_kv);
    float *out = sxt_alloc((size_t)n_q, sizeof *out);
    sxt_attention a = {.plan = &request.fixed,
                       .rope = rope,
                       .precision = c->fast ? SXT_PRECISION_FAST : SXT_PRECISION_F32,
                       .sliding_window = c->sliding,
                       .n_heads = c->n_heads,
                       .n_kv_heads = c->n_kv_heads,
                       .head_dim = c->head_dim,
                       .scale = (float)(1 / sqrt(c->head_dim)),
                       .kv = {type, c->n_kv_heads, c->head_dim, sxt_alloc(bytes, 1), sxt_alloc(bytes, 1)}};
    need(out && a.kv.k && a.kv.v, "out of memory");
    attend(c, &a, q, k, v, out);
    need(fwrite(out, sizeof *out, (size_t)n_q, stdout) == (size_t)n_q && fflush(stdout) == 0,
         "output cannot be written");
    void *owned[] = {q, k, v, out, a.kv.k, a.kv.v};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) sxt_free(owned[i]);
    sxt_rope_free(rope);
}

int main(void) {
    dump_case c;
    while (read_case(&c)) run_case(&c);
    return 0;
}
