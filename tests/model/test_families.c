/* Weights that a folder stores otherwise than the graph reads them: several in one tensor, rows mixed by head,
 * norms less 1. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "failing_memory.h"
#include "model/llama_files.h"
#include "model/weights.h"

/* 3 layers of width 32, 4 heads of 8. */
#define SIZES                                                                                                  \
    "\"vocab_size\": 64, \"hidden_size\": 32, \"intermediate_size\": 48, \"num_hidden_layers\": 3, "           \
    "\"num_attention_heads\": 4, \"max_position_embeddings\": 64, "
static const char phi3[] =
    "{\"model_type\": \"phi3\", " SIZES "\"num_key_value_heads\": 2, \"rms_norm_eps\": 1e-5}";
static const char gemma[] =
    "{\"model_type\": \"gemma\", " SIZES "\"num_key_value_heads\": 2, \"head_dim\": 8, \"rms_norm_eps\": 1e-6}";
static const char neox[] =
    "{\"model_type\": \"gpt_neox\", " SIZES "\"layer_norm_eps\": 1e-5, \"rotary_pct\": 0.5}";
static const char falcon[] =
    "{\"model_type\": \"falcon\", " SIZES
    "\"layer_norm_epsilon\": 1e-5, \"new_decoder_architecture\": true, \"num_kv_heads\": 2}";
static const char stablelm[] =
    "{\"model_type\": \"stablelm\", " SIZES "\"layer_norm_eps\": 1e-5, \"partial_rotary_factor\": 0.5, "
    "\"qk_layernorm\": true, \"use_parallel_residual\": true}";

typedef struct opened {
    scratch files;
    sxt_source source;
    sxt_hparams hparams;
    sxt_weights weights;
    sxt_error error;
} opened;

static void add_tensor(llama_list *list, const char *name, int n_dims, const int64_t dims[2]) {
    llama_tensor *t = &list->tensors[list->n];
    snprintf(t->name, sizeof t->name, "%s", name);
    t->n_dims = n_dims;
    t->dims[0] = dims[0];
    t->dims[1] = dims[1];
    t->n = (size_t)(n_dims == 2 ? dims[0] * dims[1] : dims[0]);
    t->values = malloc(t->n * sizeof *t->values);
    assert_non_null(t->values);
    for (size_t i = 0; i < t->n; i++)
        t->values[i] = (float)(list->n * 10000 + (int)i); /* each is one of a kind */
    list->n++;
}

/* A row of the table; norms of heads are a tensor for each. */
static void add_row(llama_list *list, const sxt_hparams *h, const sxt_weight_name *row, int32_t layer) {
    char name[SXT_WEIGHT_NAME_MAX], head_name[SXT_WEIGHT_NAME_MAX];
    int64_t dims[2];
    int n_dims = sxt_weight_dims(h, row, dims);
    bool of_heads = row->slot == SXT_W_Q_HEAD_NORMS || row->slot == SXT_W_K_HEAD_NORMS;
    if (n_dims == 0 || !row->hf) return;
    sxt_weight_name_print(row->hf, layer, name);
    if (!of_heads) add_tensor(list, name, n_dims, dims);
    for (int32_t i = 0; of_heads && i < dims[0]; i++) {
        sxt_weight_name_print(name, i, head_name);
        add_tensor(list, head_name, 1, (int64_t[2]){dims[1], 1});
    }
}

static llama_list *write_folder(opened *o, const char *config) {
    llama_list *list = calloc(1, sizeof *list);
    sxt_json *document;
    sxt_hparams h;
    assert_non_null(list);
    scratch_make(&o->files);
    scratch_text(&o->files, "config.json", config);
    assert_int_equal(sxt_json_parse(config, strlen(config), &document, &o->error), SXT_OK);
    if (sxt_hparams_from_json(document, 0, 1, &h, &o->error) != SXT_OK) fail_msg("%s", o->error.text);
    sxt_json_free(document);
    for (int i = 0; i < h.arch->n_weights; i++)
        for (int32_t layer = 0; layer < (h.arch->weights[i].per_layer ? h.n_layers : 1); layer++)
            add_row(list, &h, &h.arch->weights[i], layer);
    llama_write_safetensors(&o->files, list);
    if (sxt_source_open(o->files.folder, false, &o->source, &o->error) != SXT_OK) fail_msg("%s", o->error.text);
    return list;
}

static sxt_status bind(opened *o) {
    sxt_status status = sxt_hparams_read(&o->source, 1, &o->hparams, &o->error);
    return status == SXT_OK ? sxt_weights_bind(&o->source, &o->hparams, &o->weights, &o->error) : status;
}

static void finish(opened *o, llama_list *list) {
    sxt_weights_free(&o->weights);
    sxt_source_close(&o->source);
    scratch_remove(&o->files);
    llama_free(list);
}

static llama_list *good(opened *o, const char *config) {
    llama_list *list = write_folder(o, config);
    if (bind(o) != SXT_OK) fail_msg("%s", o->error.text);
    return list;
}

static const float *stored(const llama_list *list, const char *name) {
    for (int i = 0; i < list->n; i++)
        if (strcmp(list->tensors[i].name, name) == 0) return list->tensors[i].values;
    fail_msg("no tensor %s", name);
    return NULL;
}

/* Views of the rows of one stored tensor: not a byte is copied. */
static void test_fused_rows_are_views(void **state) {
    (void)state;
    opened o = {0};
    llama_list *list = good(&o, phi3);
    const sxt_layer_weights *w = &o.weights.layers[1];
    const sxt_tensor *qkv = sxt_source_find_tensor(&o.source, "model.layers.1.self_attn.qkv_proj.weight");
    const sxt_tensor *gate_up = sxt_source_find_tensor(&o.source, "model.layers.1.mlp.gate_up_proj.weight");
    const size_t row = 32 * sizeof(float);
    assert_ptr_equal(w->q.data, qkv->data);
    assert_ptr_equal(w->k.data, qkv->data + 32 * row);
    assert_ptr_equal(w->v.data, qkv->data + 48 * row);
    assert_ptr_equal(w->gate.data, gate_up->data);
    assert_ptr_equal(w->up.data, gate_up->data + 48 * row);
    assert_int_equal(w->q.dims[0], 32);
    assert_int_equal(w->v.dims[0], 16);
    assert_int_equal(w->up.dims[0], 48);
    assert_int_equal(w->v.n_bytes, 16 * row);
    assert_null(w->qkv_rows);
    finish(&o, list);
}

/* Rows from the definition: KV head g holds its queries, then its key, then its value. */
static void check_grouped(const char *config, const char *name, int per, bool has_bias) {
    opened o = {0};
    llama_list *list = good(&o, config);
    const sxt_layer_weights *w = &o.weights.layers[2];
    char full[SXT_WEIGHT_NAME_MAX];
    snprintf(full, sizeof full, name, "weight");
    const float *rows = stored(list, full);
    for (int head = 0; head < 4; head++) {
        int first = (head / per * (per + 2) + head % per) * 8, key = (head / per * (per + 2) + per) * 8;
        size_t head_bytes = 8 * 32 * sizeof(float);
        assert_memory_equal(w->q.data + (size_t)head * head_bytes, rows + first * 32, head_bytes);
        assert_memory_equal(w->k.data + (size_t)(head / per) * head_bytes, rows + key * 32, head_bytes);
        assert_memory_equal(w->v.data + (size_t)(head / per) * head_bytes, rows + (key + 8) * 32, head_bytes);
        if (!has_bias) continue;
        snprintf(full, sizeof full, name, "bias");
        const float *bias = stored(list, full);
        assert_memory_equal(w->q_bias + head * 8, bias + first, 8 * sizeof *bias);
        assert_memory_equal(w->k_bias + head / per * 8, bias + key, 8 * sizeof *bias);
        assert_memory_equal(w->v_bias + head / per * 8, bias + key + 8, 8 * sizeof *bias);
    }
    finish(&o, list);
}

static void test_grouped_rows_are_put_in_order(void **state) {
    (void)state;
    check_grouped(neox, "gpt_neox.layers.2.attention.query_key_value.%s", 1, true);
    check_grouped(falcon, "transformer.h.2.self_attention.query_key_value.%s", 2, false);
}

static void test_norms_less_one(void **state) {
    (void)state;
    opened o = {0};
    llama_list *list = good(&o, gemma);
    const float *norm = stored(list, "model.layers.1.post_attention_layernorm.weight");
    const float *last = stored(list, "model.norm.weight");
    for (int i = 0; i < 32; i++) {
        assert_true(o.weights.layers[1].ffn_norm[i] == norm[i] + 1);
        assert_true(o.weights.output_norm[i] == last[i] + 1);
    }
    assert_true(o.hparams.tied_output && o.weights.output.data == o.weights.embed.data);
    finish(&o, list);
}

static void test_norms_of_heads(void **state) {
    (void)state;
    opened o = {0};
    llama_list *list = good(&o, stablelm);
    const float *third = stored(list, "model.layers.1.self_attn.q_layernorm.norms.2.weight");
    assert_memory_equal(o.weights.layers[1].q_norm + 16, third, 8 * sizeof *third);
    assert_null(o.weights.layers[1].ffn_norm); /* both parts read one */
    finish(&o, list);
}

static void test_any_allocation_may_fail(void **state) {
    (void)state;
    static const char *const configs[] = {phi3, gemma, neox, falcon, stablelm};
    for (size_t c = 0; c < sizeof configs / sizeof configs[0]; c++) {
        opened o = {0};
        llama_list *list = write_folder(&o, configs[c]);
        for (int64_t n = 0;; n++) {
            countdown count = {.n_left = n};
            sxt_set_alloc_hook(count_down, &count);
            sxt_status status = bind(&o);
            sxt_set_alloc_hook(NULL, NULL);
            if (!count.hit) {
                assert_int_equal(status, SXT_OK);
                break;
            }
            assert_int_equal(status, SXT_E_MEMORY);
            assert_null(o.weights.layers); /* untouched; what was made is freed: the sanitizers look */
        }
        finish(&o, list);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fused_rows_are_views),    cmocka_unit_test(test_grouped_rows_are_put_in_order),
        cmocka_unit_test(test_norms_less_one),          cmocka_unit_test(test_norms_of_heads),
        cmocka_unit_test(test_any_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
