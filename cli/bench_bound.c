#include "bench_bound.h"

#include <string.h>

static bool is_one_of(const char *name, const char *gguf, const char *folder) {
    return strcmp(name, gguf) == 0 || strcmp(name, folder) == 0;
}

static bool is_float(sxt_type type) {
    return type == SXT_TYPE_F32 || type == SXT_TYPE_F16 || type == SXT_TYPE_BF16;
}

/* The embedding is looked up, not multiplied, unless the output projection shares it. */
bench_work bench_work_of(const sxt_model *model) {
    sxt_model_info info;
    sxt_tensor_info tensor;
    sxt_model_describe(model, &info);
    bench_work work = {.scores_per_key = (double)info.n_layers * info.n_heads,
                       .head_dim = info.head_dim,
                       .window = info.n_sliding == info.n_layers ? info.sliding_window : 0};
    for (int64_t i = 0; sxt_model_tensor(model, i, &tensor); i++) {
        if (tensor.n_dims != 2) continue;
        bool is_embedding = is_one_of(tensor.name, "token_embd.weight", "model.embed_tokens.weight");
        bool is_output = is_one_of(tensor.name, "output.weight", "lm_head.weight");
        if (is_embedding && !info.tied_output) continue;
        double n = (double)tensor.dims[0] * (double)tensor.dims[1];
        double *block = is_embedding || is_output ? &work.block_head : &work.block_layers;
        double *floats = is_embedding || is_output ? &work.float_head : &work.float_layers;
        *(is_float(tensor.type) ? floats : block) += n;
        work.weight_bytes += (double)tensor.n_bytes;
    }
    return work;
}

/* Keys seen by the n_tokens that follow `depth` others, all together; each sees itself. */
static double keys_seen(const bench_work *work, int64_t depth, int64_t n_tokens) {
    double n = (double)n_tokens, first = (double)depth + 1, window = (double)work->window;
    if (work->window == 0 || depth + n_tokens <= work->window) return n * first + n * (n - 1) / 2;
    if (first >= window) return n * window;
    double growing = window - first;
    return growing * first + growing * (growing - 1) / 2 + (n - growing) * window;
}

static double larger(double a, double b) { return a > b ? a : b; }

double bench_prompt_seconds(const bench_work *work, const sxt_ceilings *ceilings, sxt_precision precision,
                            int64_t depth, int64_t n_tokens) {
    const bool is_fast = precision == SXT_PRECISION_FAST;
    const double floats = is_fast ? larger(ceilings->int16_ops, ceilings->f32_ops) : ceilings->f32_ops;
    const double blocks = is_fast ? larger(ceilings->int8_ops, floats) : ceilings->f32_ops;
    const double n = (double)n_tokens, scores = work->scores_per_key * keys_seen(work, depth, n_tokens);
    double products = 2 * (n * work->block_layers + work->block_head) / blocks +
                      2 * (n * work->float_layers + work->float_head) / floats;
    return products + 4 * work->head_dim * scores / floats + scores / ceilings->exps;
}

double bench_decode_seconds(const bench_work *work, const sxt_ceilings *ceilings, double kv_bytes_per_token,
                            int64_t depth, int64_t n_tokens) {
    double bytes =
        (double)n_tokens * work->weight_bytes + keys_seen(work, depth, n_tokens) * kv_bytes_per_token;
    return bytes / ceilings->read_bytes;
}
