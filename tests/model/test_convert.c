/* Conversion: the same numbers in GGUF's order, the same tokenizer, and nothing half-written. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "failing_memory.h"
#include "base/file.h"
#include "base/memory.h"
#include "model/convert.h"
#include "model/export_values.h"
#include "model/llama_files.h"

#include <errno.h>
#include <sys/stat.h>

typedef struct fixture {
    scratch in, out;
    sxt_model *model;
    sxt_error error;
} fixture;

static void copy_file(scratch *to, const char *from, const char *name) {
    sxt_map map;
    sxt_error error;
    if (sxt_map_open(from, &map, &error) != SXT_OK) fail_msg("%s", error.text);
    scratch_write(to, name, map.data, map.size);
    sxt_map_close(&map);
}

static sxt_model *load(const char *path) {
    sxt_model_params params = {.keep_window = true};
    sxt_model *model = NULL;
    sxt_error error = {.text = ""};
    if (sxt_model_load(path, &params, &model, &error) != SXT_OK) fail_msg("%s", error.text);
    return model;
}

static fixture *start(const llama_spec *spec) {
    fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    scratch_make(&f->in);
    scratch_make(&f->out);
    llama_write_folder(&f->in, spec);
    copy_file(&f->in, "tests/data/tiny/tokenizer.json", "tokenizer.json");
    copy_file(&f->in, "tests/data/tiny/tokenizer_config.json", "tokenizer_config.json");
    f->model = load(f->in.folder);
    return f;
}

static void finish(fixture *f) {
    sxt_model_unload(f->model);
    scratch_remove(&f->in);
    scratch_remove(&f->out);
    free(f);
}

static sxt_status convert_to(const sxt_model *model, const char *path, const char *type,
                             sxt_progress_fn progress, void *user, sxt_error *error) {
    sxt_convert_params params = {.type = type, .n_threads = 2, .progress = progress, .progress_user = user};
    sxt_convert_report report;
    return sxt_convert_model(model, path, &params, &report, error);
}

static sxt_status convert(fixture *f, const char *type) {
    return convert_to(f->model, scratch_path(&f->out, "m.gguf"), type, NULL, NULL, &f->error);
}

static sxt_model *converted(fixture *f, const char *type) {
    if (convert(f, type) != SXT_OK) fail_msg("%s", f->error.text);
    return load(scratch_path(&f->out, "m.gguf"));
}

static float *unpacked(const sxt_tensor *t) {
    int64_t n = sxt_tensor_elements(t);
    float *values = malloc((size_t)n * sizeof *values);
    assert_non_null(values);
    t->traits->unpack(t->data, values, n);
    return values;
}

/* The definition, element by element: in each head, pair p is (p, p + r/2) before and (2p, 2p + 1) after;
 * what is not rotated stays. */
static void check_rotary_rows(const float *before, const float *after, int64_t n_heads, int64_t head_dim,
                              int64_t n_rot, int64_t columns) {
    for (int64_t h = 0; h < n_heads; h++)
        for (int64_t p = 0; p < head_dim; p++) {
            int64_t to = p >= n_rot ? p : p < n_rot / 2 ? 2 * p : 2 * (p - n_rot / 2) + 1;
            assert_memory_equal(after + (h * head_dim + to) * columns, before + (h * head_dim + p) * columns,
                                (size_t)columns * sizeof *before);
        }
}

static void check_equal_tensors(const sxt_tensor *before, const sxt_tensor *after) {
    assert_int_equal(before->n_dims, after->n_dims);
    assert_memory_equal(before->dims, after->dims, sizeof before->dims);
    assert_int_equal(before->n_bytes, after->n_bytes);
    assert_memory_equal(before->data, after->data, before->n_bytes);
}

static void check_same_weights(const sxt_model *a, const sxt_model *b) {
    const sxt_hparams *h = &a->hparams;
    const size_t width = (size_t)h->d_model * sizeof(float);
    check_equal_tensors(&a->weights.embed, &b->weights.embed);
    check_equal_tensors(&a->weights.output, &b->weights.output);
    assert_memory_equal(a->weights.output_norm, b->weights.output_norm, width);
    for (int i = 0; i < h->n_layers; i++) {
        const sxt_layer_weights *x = &a->weights.layers[i], *y = &b->weights.layers[i];
        check_rotary_rows((const float *)(const void *)x->q.data, (const float *)(const void *)y->q.data,
                          h->n_heads, h->head_dim, h->rope.n_rot, h->d_model);
        check_rotary_rows((const float *)(const void *)x->k.data, (const float *)(const void *)y->k.data,
                          h->n_kv_heads, h->head_dim, h->rope.n_rot, h->d_model);
        if (x->q_bias) check_rotary_rows(x->q_bias, y->q_bias, h->n_heads, h->head_dim, h->rope.n_rot, 1);
        if (x->k_bias) check_rotary_rows(x->k_bias, y->k_bias, h->n_kv_heads, h->head_dim, h->rope.n_rot, 1);
        if (x->o_bias) assert_memory_equal(x->o_bias, y->o_bias, width);
        check_equal_tensors(&x->v, &y->v);
        check_equal_tensors(&x->o, &y->o);
        check_equal_tensors(&x->gate, &y->gate);
        check_equal_tensors(&x->up, &y->up);
        check_equal_tensors(&x->down, &y->down);
        assert_memory_equal(x->attn_norm, y->attn_norm, width);
        assert_memory_equal(x->ffn_norm, y->ffn_norm, width);
    }
}

static void check_same_hparams(const sxt_hparams *a, const sxt_hparams *b) {
    assert_int_equal(a->n_layers, b->n_layers);
    assert_int_equal(a->n_kv_heads, b->n_kv_heads);
    assert_int_equal(a->head_dim, b->head_dim);
    assert_int_equal(a->n_vocab, b->n_vocab);
    assert_int_equal(a->n_ctx_train, b->n_ctx_train);
    assert_int_equal(a->sliding_window, b->sliding_window);
    assert_true(a->norm_eps == b->norm_eps && a->rope.theta == b->rope.theta);
    assert_int_equal(a->rope.n_rot, b->rope.n_rot);
    assert_int_equal(a->tied_output, b->tied_output);
    assert_true(!a->rope.interleaved && b->rope.interleaved);
}

static void test_folder_to_f32(void **state) {
    (void)state;
    llama_spec specs[3] = {llama_small, llama_small, llama_small};
    specs[1].q_bias = specs[1].kv_bias = specs[1].o_bias = specs[1].tied = true;
    specs[1].config_more = ", \"sliding_window\": 64, \"rope_theta\": 500000.0";
    specs[2].head_dim = 32;
    specs[2].config_more = ", \"partial_rotary_factor\": 0.5";
    for (int i = 0; i < 3; i++) {
        fixture *f = start(&specs[i]);
        sxt_model *b = converted(f, "f32");
        check_same_weights(f->model, b);
        check_same_hparams(&f->model->hparams, &b->hparams);
        sxt_model_unload(b);
        finish(f);
    }
}

static void test_same_tokens(void **state) {
    (void)state;
    static const char text[] = "It is a truth universally acknowledged, 1234  that\n\n caf\xc3\xa9 </s> \xff.";
    fixture *f = start(&llama_small);
    sxt_model *b = converted(f, "f16");
    for (uint32_t flags = 0; flags < 4; flags++) {
        int32_t *x, *y;
        int64_t n_x, n_y;
        assert_int_equal(
            sxt_tokenizer_encode(f->model->tokenizer, text, sizeof text - 1, flags, &x, &n_x, &f->error),
            SXT_OK);
        assert_int_equal(sxt_tokenizer_encode(b->tokenizer, text, sizeof text - 1, flags, &y, &n_y, &f->error),
                         SXT_OK);
        assert_int_equal(n_x, n_y);
        assert_true(n_x > 10);
        assert_memory_equal(x, y, (size_t)n_x * sizeof *x);
        sxt_free(x);
        sxt_free(y);
    }
    sxt_model_unload(b);
    finish(f);
}

/* Types: what is stored is what the type's own pack() makes of the same numbers. */
static void test_types(void **state) {
    (void)state;
    static const struct {
        const char *name;
        sxt_type type;
    } types[] = {{"f16", SXT_TYPE_F16},   {"bf16", SXT_TYPE_BF16},  {"q8_0", SXT_TYPE_Q8_0},
                 {"q4_0", SXT_TYPE_Q4_0}, {"q4_1", SXT_TYPE_Q4_1},  {"q5_0", SXT_TYPE_Q5_0},
                 {"q5_1", SXT_TYPE_Q5_1}, {"q3_k_s", SXT_TYPE_Q4_0}};
    fixture *f = start(&llama_small);
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        sxt_model *b = converted(f, types[i].name);
        const sxt_tensor *before = &f->model->weights.layers[0].gate, *after = &b->weights.layers[0].gate;
        assert_int_equal(after->traits->type, types[i].type);
        uint8_t *packed = malloc(after->n_bytes);
        assert_non_null(packed);
        float *values = unpacked(before);
        after->traits->pack(values, packed, sxt_tensor_elements(before));
        assert_memory_equal(after->data, packed, after->n_bytes);
        free(values);
        free(packed);
        assert_memory_equal(f->model->weights.layers[1].ffn_norm, b->weights.layers[1].ffn_norm, 64 * 4);
        sxt_model_unload(b);
    }
    finish(f);
}

/* A row of 80 is not whole blocks of 32: F16 instead. */
static void test_rows_that_are_not_whole_blocks(void **state) {
    (void)state;
    llama_spec spec = llama_small;
    spec.n_ff = 80;
    fixture *f = start(&spec);
    sxt_model *b = converted(f, "q4_0");
    assert_int_equal(b->weights.layers[0].down.traits->type, SXT_TYPE_F16);
    assert_int_equal(b->weights.layers[0].up.traits->type, SXT_TYPE_Q4_0);
    sxt_model_unload(b);
    finish(f);
}

/* What did not fit is told. */
static void test_misfits_are_told(void **state) {
    (void)state;
    llama_spec spec = llama_small;
    spec.n_ff = 80;
    fixture *f = start(&spec);
    sxt_convert_params params = {.type = "q4_0"};
    sxt_convert_report report;
    const char *path = scratch_path(&f->out, "m.gguf");
    assert_int_equal(sxt_convert_model(f->model, path, &params, &report, &f->error), SXT_OK);
    assert_int_equal(report.n_tensors, 21);
    assert_int_equal(report.n_misfits, 2);
    assert_string_equal(report.misfit, "blk.0.ffn_down.weight has rows of 80, which are not whole blocks of "
                                       "Q4_0: kept as F16");
    params.type = "f16";
    assert_int_equal(sxt_convert_model(f->model, path, &params, &report, &f->error), SXT_OK);
    assert_int_equal(report.n_misfits, 0);
    assert_string_equal(report.misfit, "");
    finish(f);
}

/* The bytes of the file do not depend on the number of threads. */
static void test_threads(void **state) {
    (void)state;
    llama_spec spec = llama_small;
    spec.d_model = 256;
    spec.n_ff = 512;
    fixture *f = start(&spec);
    static const int32_t counts[] = {1, 2, 3, 8};
    sxt_map maps[4];
    for (int i = 0; i < 4; i++) {
        sxt_convert_params params = {.type = "q4_k_m", .n_threads = counts[i]};
        sxt_convert_report report;
        const char *path = scratch_path(&f->out, (const char *const[]){"1", "2", "3", "8"}[i]);
        assert_int_equal(sxt_convert_model(f->model, path, &params, &report, &f->error), SXT_OK);
        assert_int_equal(sxt_map_open(path, &maps[i], &f->error), SXT_OK);
        assert_int_equal(maps[i].size, maps[0].size);
        assert_memory_equal(maps[i].data, maps[0].data, maps[0].size);
    }
    for (int i = 0; i < 4; i++) sxt_map_close(&maps[i]);
    finish(f);
}

/* Rows of the embedding that have no token become unused tokens. */
static void test_padded_vocabulary(void **state) {
    (void)state;
    llama_spec spec = llama_small;
    spec.n_vocab = 1600;
    fixture *f = start(&spec);
    sxt_model *b = converted(f, "f32");
    assert_int_equal(f->model->hparams.n_vocab, 1600);
    assert_int_equal(b->hparams.n_vocab, 1600);
    assert_int_equal(sxt_tokenizer_n_vocab(b->tokenizer), 1600);
    sxt_model_unload(b);
    finish(f);
}

/* GGUF to GGUF: values and order stay; the same type again is the same bytes. */
static void test_gguf_to_gguf(void **state) {
    (void)state;
    fixture *f = start(&llama_small);
    sxt_model *once = converted(f, "q8_0");
    sxt_model_unload(f->model);
    f->model = once;
    char path[512];
    snprintf(path, sizeof path, "%s", scratch_path(&f->out, "again.gguf"));
    assert_int_equal(convert_to(once, path, "q8_0", NULL, NULL, &f->error), SXT_OK);
    sxt_map a, b;
    assert_int_equal(sxt_map_open(path, &b, &f->error), SXT_OK);
    assert_int_equal(sxt_map_open(scratch_path(&f->out, "m.gguf"), &a, &f->error), SXT_OK);
    assert_int_equal(a.size, b.size);
    sxt_map_close(&a);
    sxt_map_close(&b);
    sxt_model *again = load(path);
    check_equal_tensors(&once->weights.layers[1].q, &again->weights.layers[1].q);
    sxt_model_unload(again);
    assert_int_equal(convert_to(once, path, "f32", NULL, NULL, &f->error), SXT_OK);
    again = load(path);
    float *x = unpacked(&once->weights.layers[1].k), *y = unpacked(&again->weights.layers[1].k);
    assert_memory_equal(x, y, 32 * 64 * sizeof *x);
    assert_string_equal(once->rope_scaling, again->rope_scaling);
    free(x);
    free(y);
    sxt_model_unload(again);
    finish(f);
}

/* ---- Rotary scaling ---- */

/* Golden numbers of Llama 3.1 (base 5e5, 128 dimensions): 29 pairs kept, 6 blended, 29 divided by 8. */
static void test_llama3_factors(void **state) {
    (void)state;
    static const float blended[] = {1.207f, 1.553f, 2.026f, 2.695f, 3.684f, 5.257f};
    const sxt_rope_params rope = {.n_rot = 128,
                                  .theta = 5e5,
                                  .scaling = SXT_ROPE_LLAMA3,
                                  .factor = 8,
                                  .original_context = 8192,
                                  .low_freq_factor = 1,
                                  .high_freq_factor = 4};
    float factors[64];
    sxt_export_llama3_factors(&rope, factors);
    for (int p = 0; p < 64; p++) {
        float expected = p < 29 ? 1.0f : p < 35 ? blended[p - 29] : 8.0f;
        assert_true(fabsf(factors[p] - expected) < 6e-4f);
    }
}

static void check_same_frequencies(const sxt_model *a, const sxt_model *b, double length, sxt_error *error) {
    sxt_rope *x, *y;
    sxt_rope_params of_a = a->hparams.rope, of_b = b->hparams.rope;
    of_a.length = of_b.length = length;
    assert_int_equal(sxt_rope_new(&of_a, &x, error), SXT_OK);
    assert_int_equal(sxt_rope_new(&of_b, &y, error), SXT_OK);
    for (int p = 0; p < a->hparams.rope.n_rot / 2; p++) {
        double u = sxt_rope_frequencies(x)[p], v = sxt_rope_frequencies(y)[p];
        assert_true(fabs(u - v) <= 1e-6 * fabs(u));
    }
    assert_true(fabs(sxt_rope_mscale(x) - sxt_rope_mscale(y)) < 1e-6);
    sxt_rope_free(x);
    sxt_rope_free(y);
}

static void test_scaling_survives(void **state) {
    (void)state;
    static const char *const scalings[] = {
        ", \"rope_scaling\": {\"type\": \"linear\", \"factor\": 4.0}",
        ", \"rope_scaling\": {\"rope_type\": \"yarn\", \"factor\": 4.0, \"original_max_position_embeddings\": "
        "64}",
        ", \"rope_scaling\": {\"rope_type\": \"yarn\", \"factor\": 4.0, \"attention_factor\": 1.5, "
        "\"beta_fast\": 8, \"beta_slow\": 2}",
        ", \"rope_scaling\": {\"rope_type\": \"llama3\", \"factor\": 8.0, \"low_freq_factor\": 1.0, "
        "\"high_freq_factor\": 4.0, \"original_max_position_embeddings\": 64}",
        ", \"rope_scaling\": {\"rope_type\": \"yarn\", \"factor\": 4.0, \"truncate\": false, \"beta_fast\": 8, "
        "\"original_max_position_embeddings\": 64}",
        ", \"rope_scaling\": {\"type\": \"dynamic\", \"factor\": 2.0, \"original_max_position_embeddings\": "
        "64}",
        ", \"original_max_position_embeddings\": 64, \"rope_scaling\": {\"type\": \"longrope\", "
        "\"long_factor\": [1.5, 2, 2.5, 3, 4, 5, 6, 9], \"short_factor\": [1, 1, 1, 1, 1, 1.25, 1, 1.5]}"};
    for (size_t i = 0; i < sizeof scalings / sizeof scalings[0]; i++) {
        llama_spec spec = llama_small;
        spec.config_more = scalings[i];
        fixture *f = start(&spec);
        sxt_model *b = converted(f, "f32");
        assert_string_not_equal(f->model->rope_scaling, "none");
        check_same_frequencies(f->model, b, 0, &f->error);
        check_same_frequencies(f->model, b, 1000, &f->error);
        sxt_model_unload(b);
        finish(f);
    }
}

/* ---- Refusals ---- */

static size_t files_in(scratch *s) {
    size_t n = 0;
    DIR *folder = opendir(s->folder);
    assert_non_null(folder);
    for (const struct dirent *entry; (entry = readdir(folder));) n += entry->d_name[0] != '.';
    closedir(folder);
    return n;
}

static void test_types_that_are_not_written(void **state) {
    (void)state;
    static const char *const unknown[] = {"q4_k", "iq4_nl", "Q8_0", ""};
    fixture *f = start(&llama_small);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(convert(f, unknown[i]), SXT_E_ARGUMENT);
        assert_non_null(strstr(f->error.text, "choose one of f32, f16, "));
        assert_non_null(strstr(f->error.text, "q4_k_m, q4_k_s, q4_1, q4_0, q3_k_l, q3_k_m, q3_k_s, q2_k"));
    }
    assert_int_equal(files_in(&f->out), 0);
    finish(f);
}

static void test_thread_counts_that_are_refused(void **state) {
    (void)state;
    fixture *f = start(&llama_small);
    static const int32_t counts[] = {-1, 1025, INT32_MAX};
    for (int i = 0; i < 3; i++) {
        sxt_convert_params params = {.type = "f16", .n_threads = counts[i]};
        sxt_convert_report report;
        assert_int_equal(
            sxt_convert_model(f->model, scratch_path(&f->out, "m.gguf"), &params, &report, &f->error),
            SXT_E_ARGUMENT);
    }
    assert_int_equal(files_in(&f->out), 0);
    finish(f);
}

static void refuse_output(fixture *f, const char *output, const char *word) {
    struct stat before, after;
    assert_int_equal(stat(output, &before), 0);
    sxt_status status = convert_to(f->model, output, "f16", NULL, NULL, &f->error);
    assert_int_equal(status, SXT_E_ARGUMENT);
    if (!strstr(f->error.text, word)) fail_msg("%s", f->error.text);
    assert_int_equal(stat(output, &after), 0);
    assert_int_equal(before.st_size, after.st_size);
}

static void test_output_is_not_an_input(void **state) {
    (void)state;
    fixture *f = start(&llama_small);
    refuse_output(f, scratch_path(&f->in, "model.safetensors"), "is part of the model");
    refuse_output(f, scratch_path(&f->in, "config.json"), "is part of the model");
    refuse_output(f, f->in.folder, "is a folder");
    char target[512];
    snprintf(target, sizeof target, "%s", scratch_path(&f->in, "tokenizer.json"));
    assert_int_equal(symlink(target, scratch_path(&f->out, "link.gguf")), 0);
    refuse_output(f, scratch_path(&f->out, "link.gguf"), "is part of the model");
    /* A GGUF beside the folder's files is no input, and may be replaced. */
    for (int i = 0; i < 2; i++)
        assert_int_equal(convert_to(f->model, scratch_path(&f->in, "m.gguf"), "f16", NULL, NULL, &f->error),
                         SXT_OK);
    finish(f);
}

/* Reading a GGUF, the file itself and the other parts of a split are inputs. */
static void test_output_is_not_the_gguf(void **state) {
    (void)state;
    fixture *f = start(&llama_small);
    sxt_model *folder = f->model;
    char part[512], other[512];
    snprintf(part, sizeof part, "%s", scratch_path(&f->out, "m-00001-of-00002.gguf"));
    snprintf(other, sizeof other, "%s", scratch_path(&f->out, "m-00002-of-00002.gguf"));
    f->model = converted(f, "f16");
    refuse_output(f, scratch_path(&f->out, "m.gguf"), "is part of the model");
    scratch_text(&f->out, "m-00001-of-00002.gguf", "x");
    scratch_text(&f->out, "m-00002-of-00002.gguf", "x");
    char *own = f->model->path;
    f->model->path = part; /* as if it had been opened by this name */
    refuse_output(f, part, "is part of the model");
    refuse_output(f, other, "is part of the model");
    f->model->path = own;
    sxt_model_unload(folder);
    finish(f);
}

static bool stop_at_three(void *user, int64_t n_done, int64_t n_total) {
    int64_t *seen = user;
    assert_int_equal(n_done, ++*seen);
    assert_int_equal(n_total, 21);
    return n_done < 3;
}

static bool never_stop(void *user, int64_t n_done, int64_t n_total) {
    *(int64_t *)user = n_total - n_done;
    return true;
}

static void test_cancelled(void **state) {
    (void)state;
    fixture *f = start(&llama_small);
    int64_t seen = 0;
    const char *path = scratch_path(&f->out, "m.gguf");
    assert_int_equal(convert_to(f->model, path, "f16", stop_at_three, &seen, &f->error), SXT_E_CANCELLED);
    assert_int_equal(seen, 3);
    assert_int_equal(files_in(&f->out), 0);
    assert_int_equal(convert_to(f->model, path, "f16", never_stop, &seen, &f->error), SXT_OK);
    assert_int_equal(seen, 0);
    finish(f);
}

/* What a type cannot hold is named, not made infinite. */
static void test_numbers_that_do_not_fit(void **state) {
    (void)state;
    static const struct {
        const char *type;
        float value;
        sxt_status status;
    } rows[] = {{"f16", 1e6f, SXT_E_NUMERIC},     {"f16", 65504.0f, SXT_OK},
                {"f16", -7e4f, SXT_E_NUMERIC},    {"q8_0", 1e6f, SXT_OK},
                {"q8_0", 1e7f, SXT_E_NUMERIC},    {"q4_0", 1e6f, SXT_E_NUMERIC},
                {"bf16", 3.4e38f, SXT_E_NUMERIC}, {"f32", 3.4e38f, SXT_OK},
                {"f32", NAN, SXT_E_NUMERIC},      {"f32", INFINITY, SXT_E_NUMERIC},
                {"q4_1", 6e4f, SXT_OK},           {"q4_1", 7e4f, SXT_E_NUMERIC},
                {"q5_0", NAN, SXT_E_NUMERIC},     {"q5_1", -INFINITY, SXT_E_NUMERIC}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        llama_spec spec = llama_small;
        spec.poison = "model.layers.1.mlp.down_proj.weight";
        spec.poison_at = 100;
        spec.poison_value = rows[i].value;
        fixture *f = start(&spec);
        assert_int_equal(convert(f, rows[i].type), rows[i].status);
        assert_int_equal(files_in(&f->out), rows[i].status == SXT_OK);
        if (rows[i].status != SXT_OK) assert_non_null(strstr(f->error.text, spec.poison));
        finish(f);
    }
}

/* ---- Faults of the system ---- */

static void test_allocation_failures(void **state) {
    (void)state;
    fixture *f = start(&llama_small);
    int n_failed = 0;
    for (sxt_status status = SXT_E_MEMORY; status != SXT_OK; n_failed++) {
        countdown c = {n_failed, true, false};
        sxt_set_alloc_hook(count_down, &c);
        status = convert(f, "f16");
        sxt_set_alloc_hook(NULL, NULL);
        if (status == SXT_OK) break;
        if (status != SXT_E_MEMORY) fail_msg("allocation %d: %s", n_failed, f->error.text);
        assert_int_equal(files_in(&f->out), 0);
    }
    assert_true(n_failed > 8);
    finish(f);
}

static int n_writes_left;

static ssize_t write_until_full(int fd, const void *bytes, size_t n) {
    if (n_writes_left-- > 0) return write(fd, bytes, n);
    errno = ENOSPC;
    return -1;
}

static void test_full_disk(void **state) {
    (void)state;
    static const sxt_file_hooks hooks = {write_until_full, fsync, rename};
    fixture *f = start(&llama_small);
    int n_failed = 0;
    for (sxt_status status = SXT_E_IO; status != SXT_OK; n_failed++) {
        n_writes_left = n_failed;
        sxt_set_file_hooks(&hooks);
        status = convert(f, "f32");
        sxt_set_file_hooks(NULL);
        if (status == SXT_OK) break;
        assert_int_equal(status, SXT_E_IO);
        assert_int_equal(files_in(&f->out), 0);
    }
    assert_true(n_failed > 2);
    finish(f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_folder_to_f32),
        cmocka_unit_test(test_same_tokens),
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_rows_that_are_not_whole_blocks),
        cmocka_unit_test(test_misfits_are_told),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_padded_vocabulary),
        cmocka_unit_test(test_gguf_to_gguf),
        cmocka_unit_test(test_llama3_factors),
        cmocka_unit_test(test_scaling_survives),
        cmocka_unit_test(test_types_that_are_not_written),
        cmocka_unit_test(test_thread_counts_that_are_refused),
        cmocka_unit_test(test_output_is_not_an_input),
        cmocka_unit_test(test_output_is_not_the_gguf),
        cmocka_unit_test(test_cancelled),
        cmocka_unit_test(test_numbers_that_do_not_fit),
        cmocka_unit_test(test_allocation_failures),
        cmocka_unit_test(test_full_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
