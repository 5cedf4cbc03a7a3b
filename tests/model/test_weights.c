/* Binding: every tensor in its place, every shape checked, every fault named. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "failing_memory.h"
#include "base/memory.h"
#include "model/llama_files.h"
#include "model/weights.h"

typedef struct opened {
    scratch files;
    sxt_source source;
    sxt_hparams hparams;
    sxt_weights weights;
    sxt_error error;
} opened;

static sxt_status bind(opened *o) {
    sxt_status status = sxt_hparams_read(&o->source, 1, &o->hparams, &o->error);
    return status == SXT_OK ? sxt_weights_bind(&o->source, &o->hparams, &o->weights, &o->error) : status;
}

static opened *start(const llama_spec *spec, bool is_gguf) {
    opened *o = calloc(1, sizeof *o);
    assert_non_null(o);
    scratch_make(&o->files);
    if (is_gguf)
        llama_write_gguf(&o->files, "m.gguf", spec);
    else
        llama_write_folder(&o->files, spec);
    const char *path = is_gguf ? scratch_path(&o->files, "m.gguf") : o->files.folder;
    if (sxt_source_open(path, false, &o->source, &o->error) != SXT_OK) fail_msg("%s", o->error.text);
    return o;
}

static void finish(opened *o) {
    sxt_weights_free(&o->weights);
    sxt_source_close(&o->source);
    scratch_remove(&o->files);
    free(o);
}

static opened *good(const llama_spec *spec, bool is_gguf) {
    opened *o = start(spec, is_gguf);
    if (bind(o) != SXT_OK) fail_msg("%s", o->error.text);
    return o;
}

static void refused(const llama_spec *spec, bool is_gguf, sxt_status expected, const char *word) {
    opened *o = start(spec, is_gguf);
    sxt_weights before = o->weights;
    sxt_status status = bind(o);
    if (status != expected || !strstr(o->error.text, word))
        fail_msg("expected %s with \"%s\", got %s: %s", sxt_status_name(expected), word,
                 sxt_status_name(status), o->error.text);
    assert_memory_equal(&o->weights, &before, sizeof before);
    finish(o);
}

/* ---- What is bound ---- */

static const float *expected_values(const llama_list *list, const char *name) {
    for (int i = 0; i < list->n; i++)
        if (strcmp(list->tensors[i].name, name) == 0) return list->tensors[i].values;
    fail_msg("no tensor %s", name);
    return NULL;
}

static void check_matrix(const sxt_tensor *t, const llama_list *list, const char *name, int64_t rows,
                         int64_t columns) {
    assert_int_equal(t->n_dims, 2);
    assert_int_equal(t->dims[0], rows);
    assert_int_equal(t->dims[1], columns);
    assert_memory_equal(t->data, expected_values(list, name), (size_t)(rows * columns) * 4);
}

static void test_folder_is_bound(void **state) {
    (void)state;
    llama_spec spec = llama_small;
    spec.q_bias = spec.kv_bias = spec.o_bias = true;
    llama_list *list = llama_make(&spec, false);
    opened *o = good(&spec, false);
    const sxt_layer_weights *layer = &o->weights.layers[1];
    check_matrix(&o->weights.embed, list, "model.embed_tokens.weight", 1536, 64);
    check_matrix(&o->weights.output, list, "lm_head.weight", 1536, 64);
    check_matrix(&layer->q, list, "model.layers.1.self_attn.q_proj.weight", 64, 64);
    check_matrix(&layer->k, list, "model.layers.1.self_attn.k_proj.weight", 32, 64);
    check_matrix(&layer->v, list, "model.layers.1.self_attn.v_proj.weight", 32, 64);
    check_matrix(&layer->o, list, "model.layers.1.self_attn.o_proj.weight", 64, 64);
    check_matrix(&layer->gate, list, "model.layers.1.mlp.gate_proj.weight", 96, 64);
    check_matrix(&layer->up, list, "model.layers.1.mlp.up_proj.weight", 96, 64);
    check_matrix(&layer->down, list, "model.layers.1.mlp.down_proj.weight", 64, 96);
    const struct {
        const float *vector;
        const char *name;
        size_t n;
    } vectors[] = {{o->weights.output_norm, "model.norm.weight", 64},
                   {layer->attn_norm, "model.layers.1.input_layernorm.weight", 64},
                   {layer->ffn_norm, "model.layers.1.post_attention_layernorm.weight", 64},
                   {layer->q_bias, "model.layers.1.self_attn.q_proj.bias", 64},
                   {layer->k_bias, "model.layers.1.self_attn.k_proj.bias", 32},
                   {layer->v_bias, "model.layers.1.self_attn.v_proj.bias", 32},
                   {layer->o_bias, "model.layers.1.self_attn.o_proj.bias", 64}};
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++)
        assert_memory_equal(vectors[i].vector, expected_values(list, vectors[i].name), vectors[i].n * 4);
    assert_true(o->hparams.qkv_bias && o->hparams.output_bias && !o->hparams.tied_output);
    assert_null(o->hparams.rope.freq_factors);
    finish(o);
    llama_free(list);
}

static void test_head_dim_apart_from_d_model(void **state) {
    (void)state;
    llama_spec spec = llama_small;
    spec.head_dim = 32;
    opened *o = good(&spec, false);
    assert_int_equal(o->weights.layers[0].q.dims[0], 128);
    assert_int_equal(o->weights.layers[0].k.dims[0], 64);
    assert_int_equal(o->weights.layers[0].o.dims[1], 128);
    assert_false(o->hparams.qkv_bias || o->hparams.output_bias);
    finish(o);
}

/* The forward pass counts on both dimensions of a matrix, whatever the file says. */
static void test_matrices_of_one_row(void **state) {
    (void)state;
    static const char *const names[2][2] = {
        {"model.layers.1.mlp.gate_proj.weight", "model.layers.1.mlp.down_proj.weight"},
        {"blk.1.ffn_gate.weight", "blk.1.ffn_down.weight"}};
    llama_spec spec = llama_small;
    spec.n_ff = 1;
    spec.flat = true;
    for (int is_gguf = 0; is_gguf < 2; is_gguf++) {
        llama_list *list = llama_make(&spec, is_gguf);
        opened *o = good(&spec, is_gguf);
        check_matrix(&o->weights.layers[1].gate, list, names[is_gguf][0], 1, 64);
        check_matrix(&o->weights.layers[1].down, list, names[is_gguf][1], 64, 1);
        finish(o);
        llama_free(list);
    }
}

static void test_tied_output(void **state) {
    (void)state;
    llama_spec spec = llama_small;
    spec.tied = true;
    for (int is_gguf = 0; is_gguf < 2; is_gguf++) {
        opened *o = good(&spec, is_gguf);
        assert_true(o->hparams.tied_output);
        assert_ptr_equal(o->weights.output.data, o->weights.embed.data);
        finish(o);
    }
    /* A folder that says "tied" and still has an output: the embedding counts, as in transformers. */
    spec.tied = false;
    spec.config_more = ", \"tie_word_embeddings\": true";
    opened *o = good(&spec, false);
    assert_true(o->hparams.tied_output);
    assert_ptr_equal(o->weights.output.data, o->weights.embed.data);
    finish(o);
    spec.tied = true; /* no lm_head.weight */
    spec.config_more = ", \"tie_word_embeddings\": false";
    refused(&spec, false, SXT_E_FORMAT, "lm_head.weight is missing");
}

static void test_gguf_rope_freqs(void **state) {
    (void)state;
    llama_spec spec = llama_small;
    spec.n_rope_freqs = 8;
    spec.rope_freq = 2.5f;
    opened *o = good(&spec, true);
    assert_true(o->hparams.rope.interleaved);
    assert_ptr_equal(o->hparams.rope.freq_factors, o->weights.rope_freqs);
    for (int i = 0; i < 8; i++) assert_true(o->weights.rope_freqs[i] == 2.5f);
    finish(o);
    spec.n_rope_freqs = 7;
    refused(&spec, true, SXT_E_FORMAT, "rope_freqs.weight has shape (7), needed (8)");
    spec.n_rope_freqs = 8;
    spec.rope_freq = 0;
    refused(&spec, true, SXT_E_FORMAT, "rope_freqs.weight holds 0 at element 0");
    spec.rope_freq = -1;
    refused(&spec, true, SXT_E_FORMAT, "rope_freqs.weight holds -1");
    spec.rope_freq = NAN;
    refused(&spec, true, SXT_E_NUMERIC, "rope_freqs.weight holds NaN at element 0");
}

static void test_longrope_lists(void **state) {
    (void)state;
    llama_spec spec = llama_small;
    spec.rope_freq = 3.5f;
    spec.n_rope_long = spec.n_rope_short = 8;
    for (int i = 0; i < 2; i++) { /* some converters leave the type out */
        spec.scaling = i ? "longrope" : NULL;
        opened *o = good(&spec, true);
        assert_int_equal(o->hparams.rope.scaling, SXT_ROPE_LONGROPE);
        assert_ptr_equal(o->hparams.rope.long_factors, o->weights.rope_long);
        assert_ptr_equal(o->hparams.rope.short_factors, o->weights.rope_short);
        for (int p = 0; p < 8; p++) assert_true(o->weights.rope_long[p] == 3.5f);
        finish(o);
    }
    spec.scaling = "linear";
    refused(&spec, true, SXT_E_FORMAT, "rope_factors_long.weight is there, but not both lists under");
    spec.scaling = NULL;
    spec.n_rope_long = 0;
    refused(&spec, true, SXT_E_FORMAT, "rope_factors_short.weight is there");
    spec.n_rope_long = 7;
    refused(&spec, true, SXT_E_FORMAT, "rope_factors_long.weight has shape (7), needed (8)");
    spec.n_rope_long = 8;
    spec.rope_freq = -1;
    refused(&spec, true, SXT_E_FORMAT, "rope_factors_long.weight holds -1");
    spec.rope_freq = 1;
    spec.poison = "rope_factors_short.weight";
    spec.poison_at = 7;
    spec.poison_value = NAN;
    refused(&spec, true, SXT_E_NUMERIC, "rope_factors_short.weight holds NaN at element 7");
    spec = llama_small;
    spec.config_more =
        ", \"rope_scaling\": {\"type\": \"longrope\", \"long_factor\": [2, 2, 2, 2, 2, 2, 2, 9], "
        "\"short_factor\": [1, 1, 1, 1, 1, 1, 1, 1.5]}";
    opened *o = good(&spec, false);
    assert_ptr_equal(o->hparams.rope.long_factors, o->weights.rope_long);
    assert_true(o->weights.rope_long[7] == 9 && o->weights.rope_short[7] == 1.5f && !o->weights.rope_freqs);
    finish(o);
}

/* ---- What is refused ---- */

static void test_missing_tensors(void **state) {
    (void)state;
    static const char *const names[] = {
        "token_embd.weight",     "output_norm.weight",  "blk.0.attn_norm.weight",   "blk.1.attn_q.weight",
        "blk.0.attn_k.weight",   "blk.1.attn_v.weight", "blk.0.attn_output.weight", "blk.1.ffn_norm.weight",
        "blk.0.ffn_gate.weight", "blk.1.ffn_up.weight", "blk.1.ffn_down.weight"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        llama_spec spec = llama_small;
        char word[128];
        spec.omit = names[i];
        snprintf(word, sizeof word, "tensor '%s' is missing", names[i]);
        refused(&spec, true, SXT_E_FORMAT, word);
    }
    llama_spec spec = llama_small;
    spec.omit = "model.layers.1.mlp.up_proj.weight";
    refused(&spec, false, SXT_E_FORMAT, "tensor 'model.layers.1.mlp.up_proj.weight' is missing");
}

static void test_wrong_shapes(void **state) {
    (void)state;
    static const struct {
        const char *name, *word;
    } rows[] = {
        {"blk.1.attn_k.weight",
         "blk.1.attn_k.weight has shape (31, 64), needed (32, 64) from n_kv_heads 2 times "
         "head_dim 16 and d_model 64"},
        {"blk.0.attn_q.weight", "(63, 64), needed (64, 64) from n_heads 4 times head_dim 16"},
        {"blk.0.attn_v.weight", "(31, 64), needed (32, 64)"},
        {"blk.0.attn_output.weight", "(63, 64), needed (64, 64) from d_model 64 and n_heads 4"},
        {"blk.0.ffn_gate.weight", "(95, 64), needed (96, 64) from n_ff 96"},
        {"blk.0.ffn_up.weight", "(95, 64), needed (96, 64)"},
        {"blk.0.ffn_down.weight", "(63, 96), needed (64, 96)"},
        {"output.weight", "(1535, 64), needed (1536, 64) from n_vocab 1536"},
        {"output_norm.weight", "(63), needed (64) from d_model 64"},
        {"blk.1.ffn_norm.weight", "(63), needed (64)"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        llama_spec spec = llama_small;
        spec.narrow = rows[i].name;
        refused(&spec, true, SXT_E_FORMAT, rows[i].word);
    }
    llama_spec spec = llama_small;
    spec.narrow = "model.embed_tokens.weight";
    refused(&spec, false, SXT_E_FORMAT, "vocab_size is 1536; needed 1535, the rows of the embedding");
}

static void test_biases(void **state) {
    (void)state;
    llama_spec spec = llama_small;
    spec.config_more = ", \"attention_bias\": true";
    refused(&spec, false, SXT_E_FORMAT, "tensor 'model.layers.0.self_attn.q_proj.bias' is missing");
    spec.q_bias = spec.kv_bias = true;
    refused(&spec, false, SXT_E_FORMAT, "tensor 'model.layers.0.self_attn.o_proj.bias' is missing");
    spec.config_more = NULL;
    opened *o = good(&spec, false);
    assert_true(o->hparams.qkv_bias && !o->hparams.output_bias);
    assert_null(o->weights.layers[0].o_bias);
    finish(o);
    spec.omit = "blk.1.attn_k.bias";
    refused(&spec, true, SXT_E_FORMAT, "1 of 2 layers have a tensor like blk.0.attn_k.bias");
}

/* A weight that nothing reads would be left out of the sum in silence. */
static void test_unknown_tensors(void **state) {
    (void)state;
    static const char *const names[] = {"blk.2.attn_q.weight",  "blk.0.ffn_up.bias",   "blk.00.attn_q.weight",
                                        "blk.0.attn_q.weight2", "rope_factors.weight", "output.bias"};
    llama_spec spec = llama_small;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char word[128];
        spec.extra = names[i];
        snprintf(word, sizeof word, "tensor %s has no place in a llama model of 2 layers", names[i]);
        refused(&spec, true, SXT_E_UNSUPPORTED, word);
    }
    spec.extra = "model.layers.0.self_attn.rotary_emb.inv_freq"; /* follows from the configuration */
    finish(good(&spec, false));
}

static void test_vectors_are_finite(void **state) {
    (void)state;
    llama_spec spec = llama_small;
    spec.poison = "blk.1.ffn_norm.weight";
    spec.poison_at = 17;
    spec.poison_value = NAN;
    refused(&spec, true, SXT_E_NUMERIC, "blk.1.ffn_norm.weight holds NaN at element 17");
    spec.poison_value = -INFINITY;
    refused(&spec, true, SXT_E_NUMERIC, "blk.1.ffn_norm.weight holds infinity at element 17");
}

static void test_all_tensors_are_scanned(void **state) {
    (void)state;
    static const sxt_type types[] = {SXT_TYPE_F32, SXT_TYPE_F16, SXT_TYPE_BF16};
    llama_spec spec = llama_small;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        spec.type = types[i];
        spec.poison = NULL;
        opened *o = good(&spec, true);
        assert_int_equal(sxt_weights_check_finite(&o->source, &o->error), SXT_OK);
        finish(o);
        spec.poison = "blk.1.ffn_down.weight";
        spec.poison_at = 64 * 96 - 1; /* the very last */
        spec.poison_value = i == 1 ? INFINITY : NAN;
        o = good(&spec, true);
        assert_int_equal(sxt_weights_check_finite(&o->source, &o->error), SXT_E_NUMERIC);
        assert_non_null(strstr(o->error.text, i == 1 ? "blk.1.ffn_down.weight holds infinity at element 6143"
                                                     : "blk.1.ffn_down.weight holds NaN at element 6143"));
        finish(o);
    }
}

/* A block's scale is a number of the file too. */
static void test_block_scales_are_scanned(void **state) {
    (void)state;
    static const sxt_type types[] = {SXT_TYPE_Q8_0, SXT_TYPE_Q4_0};
    for (size_t i = 0; i < 2; i++) {
        llama_spec spec = llama_small;
        spec.type = types[i];
        opened *o = good(&spec, true);
        const sxt_tensor *t = sxt_source_find_tensor(&o->source, "blk.0.ffn_gate.weight");
        uint8_t *copy = malloc(t->n_bytes);
        assert_non_null(copy);
        memcpy(copy, t->data, t->n_bytes);
        const uint16_t infinity = 0x7C00;
        memcpy(copy + 5 * t->traits->block_bytes, &infinity, sizeof infinity);
        ((sxt_tensor *)(uintptr_t)t)->data = copy; /* the file is mapped read-only */
        assert_int_equal(sxt_weights_check_finite(&o->source, &o->error), SXT_E_NUMERIC);
        assert_non_null(strstr(o->error.text, "blk.0.ffn_gate.weight"));
        free(copy);
        finish(o);
    }
}

/* ---- Memory ---- */

static void test_allocation_failures(void **state) {
    (void)state;
    llama_spec spec = llama_small;
    spec.q_bias = spec.kv_bias = true;
    opened *o = start(&spec, false);
    int n_failed = 0;
    for (sxt_status status = SXT_E_MEMORY; status != SXT_OK; n_failed++) {
        countdown c = {n_failed, true, false};
        sxt_set_alloc_hook(count_down, &c);
        status = bind(o);
        sxt_set_alloc_hook(NULL, NULL);
        if (status != SXT_OK) assert_int_equal(status, SXT_E_MEMORY);
    }
    assert_true(n_failed > 10); /* the layers, 5 norms, 6 biases */
    finish(o);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_folder_is_bound),
        cmocka_unit_test(test_head_dim_apart_from_d_model),
        cmocka_unit_test(test_matrices_of_one_row),
        cmocka_unit_test(test_tied_output),
        cmocka_unit_test(test_gguf_rope_freqs),
        cmocka_unit_test(test_longrope_lists),
        cmocka_unit_test(test_missing_tensors),
        cmocka_unit_test(test_wrong_shapes),
        cmocka_unit_test(test_biases),
        cmocka_unit_test(test_unknown_tensors),
        cmocka_unit_test(test_vectors_are_finite),
        cmocka_unit_test(test_all_tensors_are_scanned),
        cmocka_unit_test(test_block_scales_are_scanned),
        cmocka_unit_test(test_allocation_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
