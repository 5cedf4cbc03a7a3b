/* Hyper-parameters from config.json and from GGUF: what is read, and one clear refusal for what cannot be. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "format/gguf_writer.h"
#include "format/scratch_folder.h"
#include "model/arch.h"
#include "model/rope_config.h"
#include "mutate.h"

#include <math.h>

typedef struct member {
    const char *key, *value; /* JSON text; a NULL value leaves the member out */
} member;

enum { MAX_EDITS = 6 };

static const member base_config[] = {
    {"model_type", "\"llama\""},  {"vocab_size", "1536"},     {"hidden_size", "256"},
    {"intermediate_size", "768"}, {"num_hidden_layers", "4"}, {"num_attention_heads", "8"},
    {"num_key_value_heads", "4"}, {"hidden_act", "\"silu\""}, {"max_position_embeddings", "256"},
    {"rms_norm_eps", "1e-05"},    {"rope_theta", "10000.0"},  {"rope_scaling", "null"},
    {"attention_bias", "false"},  {"mlp_bias", "false"},      {"tie_word_embeddings", "true"},
};
enum { N_BASE = sizeof base_config / sizeof base_config[0] };

static const member *find_edit(const member *edits, const char *key) {
    for (int i = 0; i < MAX_EDITS && edits[i].key; i++)
        if (strcmp(edits[i].key, key) == 0) return &edits[i];
    return NULL;
}

static void add_member(sxt_buffer *text, const member *m) {
    if (m->value) sxt_buffer_print(text, "%s\"%s\": %s", text->size > 1 ? ", " : "", m->key, m->value);
}

/* The base configuration with some members replaced, left out or added. */
static char *make_config(const member *edits) {
    sxt_buffer text = {0};
    sxt_buffer_text(&text, "{");
    for (int i = 0; i < N_BASE; i++) {
        const member *edit = find_edit(edits, base_config[i].key);
        add_member(&text, edit ? edit : &base_config[i]);
    }
    for (int i = 0; i < MAX_EDITS && edits[i].key; i++) {
        bool is_new = true;
        for (int j = 0; j < N_BASE; j++) is_new = is_new && strcmp(edits[i].key, base_config[j].key) != 0;
        if (is_new) add_member(&text, &edits[i]);
    }
    sxt_buffer_text(&text, "}");
    return sxt_buffer_take(&text);
}

static sxt_status read_config(const member *edits, int64_t n_rows, int32_t n_tokens, sxt_hparams *h,
                              sxt_error *error) {
    char *text = make_config(edits);
    sxt_json *document;
    assert_int_equal(sxt_json_parse(text, strlen(text), &document, error), SXT_OK);
    sxt_status status = sxt_hparams_from_json(document, n_rows, n_tokens, h, error);
    sxt_json_free(document);
    sxt_free(text);
    return status;
}

static sxt_hparams good_config(const member *edits) {
    sxt_hparams h;
    sxt_error error = {.text = ""};
    if (read_config(edits, 1536, 1536, &h, &error) != SXT_OK) fail_msg("%s", error.text);
    return h;
}

static void test_config_is_read(void **state) {
    (void)state;
    sxt_hparams h = good_config((member[MAX_EDITS]){{NULL, NULL}});
    assert_string_equal(h.arch->gguf_name, "llama");
    assert_int_equal(h.n_layers, 4);
    assert_int_equal(h.d_model, 256);
    assert_int_equal(h.n_heads, 8);
    assert_int_equal(h.n_kv_heads, 4);
    assert_int_equal(h.head_dim, 32);
    assert_int_equal(h.n_ff, 768);
    assert_int_equal(h.n_vocab, 1536);
    assert_int_equal(h.n_ctx_train, 256);
    assert_int_equal(h.sliding_window, 0);
    assert_true(h.norm_eps == 1e-5f);
    assert_true(h.rope.theta == 10000.0 && h.rope.n_rot == 32 && h.rope.scaling == SXT_ROPE_NONE);
    assert_false(h.rope.interleaved);
    assert_true(h.tied_output);
    assert_false(h.qkv_bias || h.output_bias);
    assert_string_equal(h.name, "");
}

static void test_config_defaults(void **state) {
    (void)state;
    assert_int_equal(good_config((member[MAX_EDITS]){{"num_key_value_heads", NULL}}).n_kv_heads, 8);
    assert_int_equal(good_config((member[MAX_EDITS]){{"num_key_value_heads", "null"}}).n_kv_heads, 8);
    assert_true(good_config((member[MAX_EDITS]){{"rope_theta", NULL}}).rope.theta == 10000);
    assert_true(good_config((member[MAX_EDITS]){{"rope_theta", "500000"}}).rope.theta == 500000);
    assert_int_equal(good_config((member[MAX_EDITS]){{"head_dim", "64"}}).head_dim, 64);
    assert_int_equal(good_config((member[MAX_EDITS]){{"head_dim", "null"}}).head_dim, 32);
    assert_int_equal(good_config((member[MAX_EDITS]){{"partial_rotary_factor", "0.5"}}).rope.n_rot, 16);
    assert_false(good_config((member[MAX_EDITS]){{"tie_word_embeddings", NULL}}).tied_output);
    assert_true(good_config((member[MAX_EDITS]){{"attention_bias", "true"}}).qkv_bias);
    assert_true(good_config((member[MAX_EDITS]){{"attention_bias", "true"}}).output_bias);
    assert_int_equal(good_config((member[MAX_EDITS]){{"max_position_embeddings", "10485760"}}).n_ctx_train,
                     10485760);
    assert_string_equal(good_config((member[MAX_EDITS]){{"_name_or_path", "\"a\\u001b[2Jb\""}}).name, "a?[2Jb");
    assert_string_equal(good_config((member[MAX_EDITS]){{"model_type", "\"mistral\""}}).arch->gguf_name,
                        "llama");
}

static void test_config_sliding_window(void **state) {
    (void)state;
    assert_int_equal(good_config((member[MAX_EDITS]){{"sliding_window", "64"}}).sliding_window, 64);
    assert_int_equal(good_config((member[MAX_EDITS]){{"sliding_window", "null"}}).sliding_window, 0);
    assert_int_equal(good_config((member[MAX_EDITS]){{"sliding_window", "64"}, {"use_sliding_window", "false"}})
                         .sliding_window,
                     0);
}

#define FULL "\"full_attention\""
#define SLIDES "\"sliding_attention\""

/* Which layers slide, as bits, the first layer lowest. */
static unsigned sliding_layers(const sxt_hparams *h) {
    unsigned bits = 0;
    for (int32_t i = 0; i < h->n_layers; i++) bits |= (unsigned)h->slides[i] << i;
    return bits;
}

static void test_config_layers_that_slide(void **state) {
    (void)state;
    static const struct {
        member edits[MAX_EDITS];
        unsigned bits;
        int64_t window;
    } rows[] = {
        {{{"sliding_window", "64"}}, 15, 64},
        {{{"sliding_window", "64"}, {"layer_types", "[" FULL "," FULL "," FULL "," FULL "]"}}, 0, 0},
        {{{"sliding_window", "64"}, {"layer_types", "[" SLIDES "," FULL "," FULL "," SLIDES "]"}}, 9, 64},
        {{{"layer_types", "[" FULL "," FULL "," FULL "," FULL "]"}}, 0, 0},
        {{{"model_type", "\"gemma3_text\""},
          {"query_pre_attn_scalar", "32"},
          {"hidden_act", "null"},
          {"sliding_window", "64"},
          {"sliding_window_pattern", "2"},
          {"layer_types", "[" SLIDES "," FULL "," FULL "," SLIDES "]"}},
         9,
         64},
        {{{"model_type", "\"qwen2\""}, {"sliding_window", "64"}}, 0, 0},
        {{{"model_type", "\"qwen2\""}, {"sliding_window", "64"}, {"use_sliding_window", "true"}}, 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        sxt_hparams h = good_config(rows[i].edits);
        assert_int_equal(sliding_layers(&h), rows[i].bits);
        assert_int_equal(h.sliding_window, rows[i].window);
        assert_int_equal(h.n_sliding, __builtin_popcount(rows[i].bits));
        assert_int_equal(sxt_hparams_local_alone(&h), rows[i].bits != 0);
        assert_int_equal(sxt_hparams_local_rope(&h) != NULL, rows[i].bits != 0);
    }
}

/* A long name is cut between characters. */
static void test_config_long_name(void **state) {
    (void)state;
    char value[400] = "\"a";
    for (int i = 0; i < 100; i++) strcat(value, "\xc3\xa9");
    strcat(value, "\"");
    sxt_hparams h = good_config((member[MAX_EDITS]){{"_name_or_path", value}});
    assert_int_equal(strlen(h.name), 127);
    assert_memory_equal(h.name + 125, "\xc3\xa9", 3);
    h = good_config((member[MAX_EDITS]){{"_name_or_path", "\"\\u00e9\""}});
    assert_string_equal(h.name, "\xc3\xa9");
}

#define LONGROPE(long_list, short_list)                                                                        \
    "{\"rope_type\": \"longrope\", \"long_factor\": [" long_list "], \"short_factor\": " short_list "}"

static void check_print(const sxt_rope_params *rope, const char *expected) {
    char text[128];
    sxt_rope_scaling_print(rope, text, sizeof text);
    assert_string_equal(text, expected);
}

static sxt_rope_params rope_of(const char *key, const char *value) {
    return good_config((member[MAX_EDITS]){{key, value}}).rope;
}

static void test_config_rope_scaling(void **state) {
    (void)state;
    sxt_rope_params r = rope_of("rope_scaling", "{\"type\": \"linear\", \"factor\": 4}");
    assert_int_equal(r.scaling, SXT_ROPE_LINEAR);
    check_print(&r, "linear:factor=4");
    r = rope_of("rope_scaling", "{\"rope_type\": \"default\"}");
    check_print(&r, "none");
    r = rope_of("rope_scaling", "{\"rope_type\": \"yarn\", \"factor\": 8.0}");
    assert_true(r.original_context == 256 && r.beta_fast == 32 && r.beta_slow == 1 && r.attention_factor <= 0);
    check_print(&r, "yarn:factor=8,original_context=256");
    r = rope_of("rope_scaling",
                "{\"rope_type\": \"yarn\", \"factor\": 4.0, \"attention_factor\": 1.5, "
                "\"original_max_position_embeddings\": 64, \"beta_fast\": 16, \"beta_slow\": 2}");
    assert_true(r.original_context == 64 && r.beta_fast == 16 && r.beta_slow == 2 && r.attention_factor == 1.5);
    r = rope_of("rope_scaling",
                "{\"type\": \"yarn\", \"factor\": 40, \"mscale\": 0.707, \"mscale_all_dim\": 0.707}");
    assert_true(r.attention_factor == 1.0);
    r = rope_of("rope_scaling", "{\"rope_type\": \"llama3\", \"factor\": 8.0, \"low_freq_factor\": 1.0, "
                                "\"high_freq_factor\": 4.0, \"original_max_position_embeddings\": 128}");
    assert_int_equal(r.scaling, SXT_ROPE_LLAMA3);
    assert_true(r.factor == 8 && r.low_freq_factor == 1 && r.high_freq_factor == 4 &&
                r.original_context == 128);
    check_print(&r, "llama3:factor=8,low=1,high=4,original_context=128");
}

/* What other readers of these files compute, with the figures of a Phi-3. */
static void test_config_length_dependent(void **state) {
    (void)state;
    sxt_rope_params r = rope_of("rope_scaling", "{\"type\": \"dynamic\", \"factor\": 2.0}");
    assert_true(r.scaling == SXT_ROPE_DYNAMIC && r.factor == 2 && r.original_context == 256);
    check_print(&r, "dynamic:factor=2,original_context=256");
    r = rope_of("rope_scaling", "{\"rope_type\": \"dynamic\", \"factor\": 2, "
                                "\"original_max_position_embeddings\": 64}");
    assert_true(r.original_context == 64);
    static const char lists[] =
        "{\"type\": \"su\", \"long_factor\": [4, 5, 6, 7], \"short_factor\": [1, 1, 2, 3.5]}";
    r = good_config((member[MAX_EDITS]){
                        {"rope_scaling", lists}, {"head_dim", "8"}, {"original_max_position_embeddings", "32"}})
            .rope;
    assert_true(r.scaling == SXT_ROPE_LONGROPE && r.original_context == 32 && r.factor == 8);
    assert_true(r.attention_factor == 0 && !r.long_factors && !r.short_factors);
    check_print(&r, "longrope:factor=8,original_context=32");
    sxt_json *document;
    sxt_error error;
    float list[4];
    char text[256];
    snprintf(text, sizeof text, "{\"rope_scaling\": %s}", lists);
    assert_int_equal(sxt_json_parse(text, strlen(text), &document, &error), SXT_OK);
    assert_int_equal(sxt_rope_config_list(document, false, 4, list, &error), SXT_OK);
    assert_true(list[0] == 1 && list[1] == 1 && list[2] == 2 && list[3] == 3.5f);
    assert_int_equal(sxt_rope_config_list(document, true, 4, list, &error), SXT_OK);
    assert_true(list[0] == 4 && list[1] == 5 && list[2] == 6 && list[3] == 7);
    assert_int_equal(sxt_rope_config_list(document, true, 5, list, &error), SXT_E_FORMAT);
    sxt_json_free(document);
    /* What the block says itself goes before what stands outside. */
    r = good_config((member[MAX_EDITS]){
                        {"rope_scaling", LONGROPE("1, 1, 1, 1", "[1, 1, 1, 1], \"factor\": 4, "
                                                                "\"attention_factor\": 1.25, "
                                                                "\"original_max_position_embeddings\": 64")},
                        {"head_dim", "8"},
                        {"original_max_position_embeddings", "32"}})
            .rope;
    assert_true(r.original_context == 64 && r.factor == 4 && r.attention_factor == 1.25);
    check_print(&r, "longrope:factor=4,original_context=64,attention_factor=1.25");
}

static void test_config_yarn_details(void **state) {
    (void)state;
    sxt_rope_params r = rope_of(
        "rope_scaling", "{\"type\": \"yarn\", \"factor\": 4, \"truncate\": false, \"finetuned\": true}");
    assert_true(r.exact_ramp);
    check_print(&r, "yarn:factor=4,original_context=256,truncate=false");
    r = rope_of("rope_scaling",
                "{\"type\": \"yarn\", \"factor\": 40, \"mscale\": 1.0, \"mscale_all_dim\": 0.8, "
                "\"beta_fast\": 16}");
    /* (0.1 ln 40 + 1) / (0.08 ln 40 + 1) */
    assert_true(fabs(r.attention_factor - 1.0569662568) < 1e-9);
    check_print(&r, "yarn:factor=40,original_context=256,beta_fast=16,attention_factor=1.05696626");
}

/* Newer files keep everything, the base too, in rope_parameters. */
static void test_config_rope_parameters(void **state) {
    (void)state;
    static const member new_base[MAX_EDITS] = {
        {"rope_theta", NULL}, {"rope_parameters", "{\"rope_type\": \"default\", \"rope_theta\": 1000000.0}"}};
    sxt_rope_params r = good_config(new_base).rope;
    assert_true(r.theta == 1e6 && r.scaling == SXT_ROPE_NONE);
    r = good_config((member[MAX_EDITS]){{"rope_theta", "null"}, {"rope_parameters", "{\"rope_theta\": 20000}"}})
            .rope;
    assert_true(r.theta == 2e4 && r.scaling == SXT_ROPE_NONE);
    r = good_config((member[MAX_EDITS]){{"rope_theta", NULL}}).rope;
    assert_true(r.theta == 1e4 && r.n_rot == 32);
    r = rope_of("rope_parameters",
                "{\"rope_type\": \"linear\", \"factor\": 2, \"partial_rotary_factor\": 0.5}");
    assert_true(r.theta == 1e4 && r.factor == 2 && r.n_rot == 16);
}

/* A file may say a thing in two places if it says the same, and what means nothing may be there. */
static void test_config_rope_twice(void **state) {
    (void)state;
    sxt_rope_params r =
        good_config((member[MAX_EDITS]){{"rope_scaling", "{\"type\": \"yarn\", \"factor\": 4}"},
                                        {"rope_parameters",
                                         "{\"rope_type\": \"yarn\", \"factor\": 4.0, \"rope_theta\": "
                                         "10000, \"beta_fast\": null}"},
                                        {"rotary_emb_base", "10000"}})
            .rope;
    check_print(&r, "yarn:factor=4,original_context=256");
    r = good_config((member[MAX_EDITS]){{"partial_rotary_factor", "0.5"},
                                        {"rotary_pct", "0.5"},
                                        {"rope_parameters", "{\"partial_rotary_factor\": 0.5}"}})
            .rope;
    assert_int_equal(r.n_rot, 16);
    r = rope_of(
        "rope_scaling",
        "{\"type\": \"su\", \"rope_type\": \"longrope\", \"long_factor\": [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, "
        "1, 1, 1, 1, 1], \"short_factor\": [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]}");
    assert_int_equal(r.scaling, SXT_ROPE_LONGROPE);
    r = rope_of("rope_scaling",
                "{\"type\": \"yarn\", \"factor\": 4, \"attn_factor\": 1, \"extrapolation_factor\": 1.0, "
                "\"alpha\": null, \"_comment\": \"x\", \"low_freq_factor\": 1}");
    check_print(&r, "yarn:factor=4,original_context=256");
    r = rope_of("rope_scaling", "{\"type\": \"linear\", \"factor\": 1}");
    assert_true(r.factor == 1);
}

/* Python writes NaN and Infinity into JSON; they are no numbers there, and the place is named. */
static void test_config_not_a_number(void **state) {
    (void)state;
    static const char *const words[] = {"NaN", "Infinity", "1e400"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        char text[128];
        sxt_json *document;
        sxt_error error;
        snprintf(text, sizeof text, "{\"rope_scaling\":\n{\"type\": \"linear\", \"factor\": %s}}", words[i]);
        assert_int_equal(sxt_json_parse(text, strlen(text), &document, &error), SXT_E_FORMAT);
        assert_non_null(strstr(error.text, "line 2"));
        assert_non_null(strstr(error.text, words[i]));
    }
}

#define GEMMA3(parameters)                                                                                     \
    {"model_type", "\"gemma3_text\""}, {"query_pre_attn_scalar", "32"}, {"hidden_act", "null"},                \
        {"rope_theta", NULL}, {                                                                                \
        "rope_parameters", parameters                                                                          \
    }
#define KINDS(full, sliding) "{\"full_attention\": " full ", \"sliding_attention\": " sliding "}"

/* Gemma 3: one base for layers with a window, another and a scaling for the others. */
static void test_config_rope_for_kinds(void **state) {
    (void)state;
    static const struct {
        member edits[MAX_EDITS];
        double theta, local_theta, factor;
    } rows[] = {
        {{GEMMA3(NULL)}, 1e6, 1e4, 1},
        {{GEMMA3("{\"rope_theta\": 500000}"), {"rope_local_base_freq", "20000"}}, 5e5, 2e4, 1},
        {{GEMMA3(KINDS("{\"rope_type\": \"linear\", \"factor\": 8, \"rope_theta\": 2000000.0}",
                       "{\"rope_type\": \"default\", \"rope_theta\": 30000}"))},
         2e6,
         3e4,
         8},
        {{GEMMA3(KINDS("{\"rope_type\": \"default\"}", "null"))}, 1e6, 1e4, 1},
        {{GEMMA3(KINDS("{}", "{\"rope_theta\": 5000}")), {"rope_local_base_freq", "5000"}}, 1e6, 5e3, 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        sxt_hparams h = good_config(rows[i].edits);
        assert_true(h.has_local_rope && h.rope.theta == rows[i].theta && h.rope.factor == rows[i].factor);
        assert_true(h.local_rope.theta == rows[i].local_theta && h.local_rope.scaling == SXT_ROPE_NONE);
        assert_int_equal(h.local_rope.n_rot, h.rope.n_rot);
    }
}

typedef struct bad_config {
    member edits[MAX_EDITS];
    sxt_status status;
    const char *word; /* in the message */
} bad_config;

#define F SXT_E_FORMAT
#define U SXT_E_UNSUPPORTED
static const bad_config bad_configs[] = {
    {{{"model_type", NULL}}, F, "model_type is missing"},
    {{{"model_type", "7"}}, F, "model_type has a value of the wrong kind"},
    {{{"model_type", "\"gptj\""}}, U, "gptj"},
    {{{"model_type", "\"mixtral\""}}, U, "supported: llama, mistral"},
    {{{"model_type", "\"llama\\u0000x\""}}, U, "unknown architecture"},
    {{{"num_hidden_layers", NULL}}, F, "num_hidden_layers is missing"},
    {{{"num_hidden_layers", "null"}}, F, "num_hidden_layers is missing"},
    {{{"num_hidden_layers", "0"}}, F, "num_hidden_layers is 0; needed 1 to 1024"},
    {{{"num_hidden_layers", "1025"}}, F, "num_hidden_layers is 1025"},
    {{{"num_hidden_layers", "-1"}}, F, "num_hidden_layers is -1"},
    {{{"num_hidden_layers", "4.5"}}, F, "needed an integer"},
    {{{"num_hidden_layers", "\"4\""}}, F, "needed an integer"},
    {{{"num_hidden_layers", "[4]"}}, F, "needed an integer"},
    {{{"hidden_size", NULL}}, F, "hidden_size is missing"},
    {{{"hidden_size", "0"}}, F, "hidden_size is 0"},
    {{{"hidden_size", "4194305"}}, F, "hidden_size is 4194305"},
    {{{"hidden_size", "9223372036854775807"}}, F, "hidden_size is 9223372036854775807"},
    {{{"hidden_size", "250"}}, F, "hidden_size is 250; needed a multiple of the 8 attention heads"},
    {{{"num_attention_heads", NULL}}, F, "num_attention_heads is missing"},
    {{{"num_attention_heads", "0"}}, F, "num_attention_heads is 0"},
    {{{"num_attention_heads", "1025"}}, F, "num_attention_heads is 1025"},
    {{{"num_key_value_heads", "0"}}, F, "num_key_value_heads is 0"},
    {{{"num_key_value_heads", "3"}}, F, "num_key_value_heads is 3; needed a divisor of the 8"},
    {{{"num_key_value_heads", "16"}}, F, "num_key_value_heads is 16; needed a divisor"},
    {{{"head_dim", "31"}}, F, "head_dim is 31; needed an even number"},
    {{{"head_dim", "0"}}, F, "head_dim is 0"},
    {{{"head_dim", "1026"}}, F, "head_dim is 1026"},
    {{{"hidden_size", "8"}}, F, "head_dim is 1; needed an even number"},
    {{{"hidden_size", "16384"}}, F, "head_dim is 2048"},
    {{{"intermediate_size", NULL}}, F, "intermediate_size is missing"},
    {{{"intermediate_size", "0"}}, F, "intermediate_size is 0"},
    {{{"intermediate_size", "true"}}, F, "intermediate_size has a value of the wrong kind"},
    {{{"vocab_size", NULL}}, F, "vocab_size is missing"},
    {{{"vocab_size", "1535"}}, F, "vocab_size is 1535; needed 1536, the rows of the embedding"},
    {{{"vocab_size", "4194305"}}, F, "vocab_size is 4194305"},
    {{{"max_position_embeddings", NULL}}, F, "max_position_embeddings is missing"},
    {{{"max_position_embeddings", "0"}}, F, "max_position_embeddings is 0"},
    {{{"max_position_embeddings", "2147483649"}}, F, "needed 1 to 2147483648"},
    {{{"sliding_window", "-1"}}, F, "sliding_window is -1"},
    {{{"sliding_window", "\"all\""}}, F, "sliding_window has a value of the wrong kind"},
    {{{"use_sliding_window", "1"}}, F, "use_sliding_window has a value of the wrong kind"},
    {{{"layer_types", "[\"full_attention\", \"sliding_attention\"]"}}, F, "layer_types is not a list of the 4"},
    {{{"layer_types", "4"}}, F, "layer_types is not a list of the 4"},
    {{{"layer_types", "[1, 1, 1, 1]"}}, U, "layer_types has something else"},
    {{{"layer_types", "[" FULL "," FULL "," FULL ",\"linear_attention\"]"}}, U, "for layer 3"},
    {{{"model_type", "\"qwen3\""}, {"attention_bias", "true"}}, U, "attention_bias is true"},
    {{{"model_type", "\"phi3\""}, {"rope_scaling", "{\"type\": \"longrope\"}"}}, F, "long_factor"},
    {{{"model_type", "\"gemma2\""}}, F, "query_pre_attn_scalar is missing"},
    {{{"model_type", "\"gpt_neox\""}, {"hidden_act", "\"gelu\""}}, F, "layer_norm_eps is missing"},
    {{{"model_type", "\"gpt_neox\""}}, U, "only gelu, gelu_new"},
    {{{"model_type", "\"phi\""}, {"hidden_act", "\"gelu_new\""}, {"layer_norm_eps", "0"}},
     F,
     "layer_norm_eps is 0"},
    {{{"model_type", "\"falcon\""}, {"layer_norm_epsilon", "1e-5"}, {"alibi", "true"}}, U, "not Falcon-RW"},
    {{{"model_type", "\"falcon\""}, {"layer_norm_epsilon", "1e-5"}, {"bias", "true"}}, U, "bias is true"},
    {{{"model_type", "\"falcon\""}, {"layer_norm_epsilon", "1e-5"}, {"parallel_attn", "false"}},
     U,
     "parallel_attn"},
    {{{"model_type", "\"mpt\""}, {"hidden_act", "null"}}, F, "n_layers is missing"},
    {{{"rms_norm_eps", NULL}}, F, "rms_norm_eps is missing"},
    {{{"rms_norm_eps", "0"}}, F, "rms_norm_eps is 0"},
    {{{"rms_norm_eps", "1"}}, F, "rms_norm_eps is 1"},
    {{{"rms_norm_eps", "-1e-5"}}, F, "rms_norm_eps is -1e-05"},
    {{{"rms_norm_eps", "\"1e-5\""}}, F, "needed a number"},
    {{{"rope_theta", "1"}}, F, "rope_theta is 1;"},
    {{{"rope_theta", "0"}}, F, "rope_theta is 0"},
    {{{"rope_theta", "1e300"}}, F, "rope_theta is 1e+300"},
    {{{"partial_rotary_factor", "1.5"}}, F, "partial_rotary_factor is 1.5"},
    {{{"partial_rotary_factor", "0.1"}}, F, "partial_rotary_factor gives 3 rotated dimensions"},
    {{{"partial_rotary_factor", "0"}}, F, "partial_rotary_factor gives 0"},
    {{{"hidden_act", "\"gelu\""}}, U, "hidden_act is \"gelu\""},
    {{{"hidden_act", "null"}, {"mlp_bias", "true"}}, U, "mlp_bias is true"},
    {{{"attention_bias", "0"}}, F, "attention_bias has a value of the wrong kind"},
    {{{"tie_word_embeddings", "\"yes\""}}, F, "tie_word_embeddings has a value of the wrong kind"},
    {{{"num_local_experts", "8"}}, U, "num_local_experts is 8; mixtures of experts"},
    {{{"num_experts", "64"}}, U, "num_experts is 64"},
    {{{"quantization_config", "{\"bits\": 4}"}}, U, "quantization_config"},
    {{{"rope_scaling", "4"}}, F, "rope_scaling has a value of the wrong kind; needed an object"},
    {{{"rope_scaling", "{\"factor\": 4}"}}, F, "rope_type is missing"},
    {{{"rope_scaling", "{\"type\": 4}"}}, F, "rope_scaling.type has a value of the wrong kind"},
    {{{"rope_scaling", "{\"type\": \"dynamic-yarn\", \"factor\": 4}"}},
     U,
     "type is \"dynamic-yarn\"; supported"},
    {{{"rope_scaling", "{\"type\": \"dynamic\"}"}}, F, "rope_scaling.factor is missing"},
    {{{"rope_scaling", "{\"type\": \"dynamic\", \"factor\": 0}"}}, F, "rope_scaling.factor is 0"},
    {{{"rope_scaling", "{\"type\": \"dynamic\", \"factor\": 2, \"original_max_position_embeddings\": -1}"}},
     F,
     "original_max_position_embeddings is -1"},
    {{{"rope_scaling", "{\"long_factor\": [1]}"}}, F, "rope_type is missing"},
    {{{"rope_scaling", "{\"rope_type\": \"longrope\", \"factor\": 4}"}},
     F,
     "rope_scaling.long_factor is missing"},
    {{{"rope_scaling", LONGROPE("1, 1, 1, 1", "null")}, {"head_dim", "8"}}, F, "short_factor is missing"},
    {{{"rope_scaling", LONGROPE("1, 1, 1, 1", "4")}, {"head_dim", "8"}}, F, "needed an array of numbers"},
    {{{"rope_scaling", LONGROPE("1, 1, 1", "[1]")}, {"head_dim", "8"}},
     F,
     "long_factor has 3 numbers; needed 4, half"},
    {{{"rope_scaling", LONGROPE("1, 1, 1, 1", "[1, 1, 1, 1, 1]")}, {"head_dim", "8"}},
     F,
     "short_factor has 5 numbers"},
    {{{"rope_scaling", LONGROPE("1, 0, 1, 1", "[]")}, {"head_dim", "8"}},
     F,
     "long_factor[1] is 0; needed 1e-06"},
    {{{"rope_scaling", LONGROPE("1, -3, 1, 1", "[]")}, {"head_dim", "8"}}, F, "long_factor[1] is -3"},
    {{{"rope_scaling", LONGROPE("1, 1, \"x\", 1", "[]")}, {"head_dim", "8"}},
     F,
     "long_factor[2] has a value of the wrong kind"},
    {{{"rope_scaling", LONGROPE("1, 1, 1, 1", "[1, 1, 1, 1]")},
      {"head_dim", "8"},
      {"original_max_position_embeddings", "1"}},
     F,
     "longrope needs at least 2"},
    {{{"rope_scaling", LONGROPE("1, 1, 1, 1", "[1, 1, 1, 1], \"attention_factor\": 0")}, {"head_dim", "8"}},
     F,
     "attention_factor is 0"},
    {{{"rope_scaling", LONGROPE("1, 1, 1, 1", "[1, 1, 1, 1], \"short_mscale\": 1.2")}, {"head_dim", "8"}},
     U,
     "short_mscale"},
    {{{"rope_scaling", "{\"type\": \"yarn\", \"factor\": 4, \"truncate\": 1}"}},
     F,
     "truncate has a value of the wrong"},
    {{{"rope_scaling", "{\"type\": \"yarn\", \"factor\": 4, \"mscale\": -1}"}}, F, "mscale is -1"},
    {{{"rope_scaling", "{\"type\": \"yarn\", \"factor\": 4, \"finetuned\": 1}"}}, F, "finetuned has a value"},
    {{{"rope_scaling", "{\"type\": \"linear\", \"factor\": null}"}}, F, "rope_scaling.factor is missing"},
    {{{"rope_scaling", "{\"type\": \"linear\"}"}}, F, "rope_scaling.factor is missing"},
    {{{"rope_scaling", "{\"type\": \"linear\", \"factor\": 0}"}}, F, "rope_scaling.factor is 0"},
    {{{"rope_scaling", "{\"type\": \"linear\", \"factor\": -2}"}}, F, "rope_scaling.factor is -2"},
    {{{"rope_scaling", "{\"type\": \"linear\", \"factor\": \"4\"}"}}, F, "needed a number"},
    {{{"rope_scaling", "{\"type\": \"yarn\"}"}}, F, "rope_scaling.factor is missing"},
    {{{"rope_scaling", "{\"type\": \"yarn\", \"factor\": 4, \"beta_fast\": 1, \"beta_slow\": 2}"}},
     F,
     "beta_fast is 1, less than beta_slow 2"},
    {{{"rope_scaling", "{\"type\": \"yarn\", \"factor\": 4, \"attention_factor\": -1}"}},
     F,
     "attention_factor is -1"},
    {{{"rope_scaling", "{\"type\": \"yarn\", \"factor\": 4, \"original_max_position_embeddings\": 0}"}},
     F,
     "original_max_position_embeddings is 0"},
    {{{"rope_scaling", "{\"type\": \"yarn\", \"factor\": 4}"}, {"head_dim", "2"}},
     F,
     "head_dim gives 2 rotated"},
    {{{"rope_scaling", "{\"type\": \"llama3\", \"factor\": 8, \"high_freq_factor\": 4}"}},
     F,
     "low_freq_factor is missing"},
    {{{"rope_scaling",
       "{\"type\": \"llama3\", \"factor\": 8, \"low_freq_factor\": 4, \"high_freq_factor\": 4}"}},
     F,
     "high_freq_factor is 4; needed more"},
    {{{"rope_parameters", "{\"full_attention\": {\"rope_type\": \"default\"}}"}},
     U,
     "full_attention is an object"},
    {{{"rope_parameters", "{\"sliding_attention\": {}}"}}, F, "rope_parameters.full_attention is missing"},
    {{GEMMA3("{\"full_attention\": {}, \"chunked_attention\": {}}")},
     U,
     "rope_parameters.chunked_attention stands"},
    {{GEMMA3("{\"full_attention\": {}, \"rope_theta\": 10000}")},
     U,
     "rope_parameters.rope_theta stands beside"},
    {{GEMMA3(KINDS("{}", "{\"rope_type\": \"linear\", \"factor\": 2}"))},
     U,
     "sliding_attention.rope_type is \"linear\"; layers with a window"},
    {{GEMMA3(KINDS("{}", "{\"rope_theta\": 0}"))}, F, "sliding_attention.rope_theta is 0"},
    {{GEMMA3(KINDS("{}", "{\"partial_rotary_factor\": 0.5}"))},
     U,
     "sliding_attention.partial_rotary_factor is 0.5"},
    {{GEMMA3(KINDS("{\"rope_type\": \"linear\"}", "{}"))}, F, "full_attention.factor is missing"},
    {{GEMMA3(KINDS("{}", "4"))}, F, "rope_parameters.sliding_attention has a value of the wrong kind"},
    {{GEMMA3(KINDS("{}", "{\"rope_theta\": 5000}")), {"rope_local_base_freq", "6000"}},
     F,
     "sliding_attention.rope_theta is 5000 and config.json: rope_local_base_freq 6000; needed the same"},
    {{{"rope_parameters", "{\"rope_theta\": 20000}"}},
     F,
     "rope_parameters.rope_theta is 20000 and config.json: rope_theta"},
    {{{"rotary_emb_base", "20000"}}, F, "rope_theta is 10000 and config.json: rotary_emb_base 20000"},
    {{{"partial_rotary_factor", "0.5"}, {"rope_pct", "0.25"}},
     F,
     "partial_rotary_factor is 0.5 and config.json: rope_pct"},
    {{{"rope_scaling", "{\"type\": \"linear\", \"factor\": 2}"},
      {"rope_parameters", "{\"rope_type\": \"default\"}"}},
     F,
     "rope_parameters.rope_type and rope_scaling.rope_type differ; remove"},
    {{{"rope_scaling", "{\"type\": \"linear\", \"factor\": 2}"},
      {"rope_parameters", "{\"rope_type\": \"linear\", \"factor\": 4}"}},
     F,
     "rope_parameters.factor and rope_scaling.factor differ"},
    {{{"rope_scaling", "{\"type\": \"linear\", \"rope_type\": \"yarn\", \"factor\": 2}"}},
     F,
     "rope_type is \"yarn\" and type \"linear\""},
    {{{"rope_scaling", "{\"type\": \"dynamic\", \"factor\": 2, \"alpha\": 1000}"}},
     U,
     "rope_scaling.alpha is not supported"},
    {{{"rope_scaling", "{\"type\": \"yarn\", \"factor\": 2, \"attn_factor\": 0.5}"}},
     U,
     "attn_factor is not supported"},
    {{{"rope_scaling", "{\"type\": \"default\", \"mrope_section\": [8, 4, 4]}"}},
     U,
     "mrope_section is not supported"},
    {{{"rope_scaling", "{\"type\": \"linear\", \"factor\": 0.5}"}},
     F,
     "factor is 0.5; needed 1 to 1e+06, or no block"},
    {{{"layer_types", "[" SLIDES "," FULL "," FULL "," SLIDES "]"}}, F, "sliding_window gives them no width"},
    {{{"layer_types", "[" SLIDES "," FULL "," FULL "," FULL "]"},
      {"sliding_window", "8"},
      {"use_sliding_window", "false"}},
     F,
     "sliding_window gives them no width"},
    {{{"rope_parameters", "{\"rope_theta\": 0.5}"}}, F, "rope_parameters.rope_theta is 0.5"},
    {{{"rope_parameters", "[]"}}, F, "rope_parameters has a value of the wrong kind"},
};

static void expect_refusal(sxt_status status, const sxt_error *error, sxt_status expected, const char *word) {
    if (status != expected || !strstr(error->text, word))
        fail_msg("expected %s with \"%s\", got %s: %s", sxt_status_name(expected), word,
                 sxt_status_name(status), status == SXT_OK ? "" : error->text);
    assert_true(mutate_error_is_one_line(error->text));
}

static void test_bad_configs(void **state) {
    (void)state;
    const size_t n = sizeof bad_configs / sizeof bad_configs[0];
    assert_true(n >= 40);
    for (size_t i = 0; i < n; i++) {
        sxt_error error = {.text = ""};
        sxt_hparams h;
        memset(&h, 0x5a, sizeof h);
        sxt_hparams before = h;
        sxt_status status = read_config(bad_configs[i].edits, 1536, 1536, &h, &error);
        expect_refusal(status, &error, bad_configs[i].status, bad_configs[i].word);
        assert_memory_equal(&h, &before, sizeof h);
    }
}

/* More rows than tokens are padding; fewer cannot be. */
static void test_vocabulary_sizes(void **state) {
    (void)state;
    const member none[MAX_EDITS] = {{NULL, NULL}};
    sxt_hparams h;
    sxt_error error;
    assert_int_equal(read_config(none, 1536, 1500, &h, &error), SXT_OK);
    assert_int_equal(h.n_vocab, 1536);
    assert_int_equal(read_config(none, 0, 1536, &h, &error), SXT_OK);
    expect_refusal(read_config(none, 1536, 1537, &h, &error), &error, SXT_E_FORMAT,
                   "vocab_size is 1536; needed at least the tokenizer's 1537 tokens");
}

/* ---- GGUF ---- */

typedef struct value {
    const char *key;
    char kind; /* u f s b, a: an i32 array, -: left out */
    const char *text;
} value;

static const value base_gguf[] = {
    {"general.architecture", 's', "llama"},
    {"general.name", 's', "Tiny"},
    {"llama.block_count", 'u', "4"},
    {"llama.context_length", 'u', "256"},
    {"llama.embedding_length", 'u', "256"},
    {"llama.feed_forward_length", 'u', "768"},
    {"llama.attention.head_count", 'u', "8"},
    {"llama.attention.head_count_kv", 'u', "4"},
    {"llama.attention.layer_norm_rms_epsilon", 'f', "1e-5"},
};
enum { N_BASE_GGUF = sizeof base_gguf / sizeof base_gguf[0] };

static void put_value(sxt_gguf_writer *w, const value *v) {
    int32_t numbers[16];
    uint64_t n = 0;
    switch (v->kind) {
    case 'u': sxt_gguf_writer_u32(w, v->key, (uint32_t)strtoul(v->text, NULL, 10)); break;
    case 'f': sxt_gguf_writer_f32(w, v->key, strtof(v->text, NULL)); break;
    case 's': sxt_gguf_writer_string(w, v->key, v->text, strlen(v->text)); break;
    case 'b': sxt_gguf_writer_bool(w, v->key, v->text[0] == 't'); break;
    case 'a':
        for (const char *at = v->text; *at; at += *at == ',') {
            char *end;
            numbers[n++] = (int32_t)strtol(at, &end, 10);
            at = end;
        }
        sxt_gguf_writer_i32_array(w, v->key, numbers, n);
        break;
    default: break;
    }
}

static const value *find_value(const value *edits, const char *key) {
    for (int i = 0; i < MAX_EDITS && edits[i].key; i++)
        if (strcmp(edits[i].key, key) == 0) return &edits[i];
    return NULL;
}

static void write_gguf(const char *path, const value *edits) {
    sxt_gguf_writer *w;
    sxt_error error;
    assert_int_equal(sxt_gguf_writer_new(path, &w, &error), SXT_OK);
    for (int i = 0; i < N_BASE_GGUF; i++) {
        const value *edit = find_value(edits, base_gguf[i].key);
        put_value(w, edit ? edit : &base_gguf[i]);
    }
    for (int i = 0; i < MAX_EDITS && edits[i].key; i++) {
        bool is_new = true;
        for (int j = 0; j < N_BASE_GGUF; j++) is_new = is_new && strcmp(edits[i].key, base_gguf[j].key) != 0;
        if (is_new) put_value(w, &edits[i]);
    }
    assert_int_equal(sxt_gguf_writer_begin(w, &error), SXT_OK);
    assert_int_equal(sxt_gguf_writer_commit(w, &error), SXT_OK);
}

static sxt_status read_gguf(const value *edits, sxt_hparams *h, sxt_error *error) {
    scratch s;
    scratch_make(&s);
    const char *path = scratch_path(&s, "model.gguf");
    write_gguf(path, edits);
    sxt_source source = {0};
    assert_int_equal(sxt_source_open(path, true, &source, error), SXT_OK);
    sxt_status status = sxt_hparams_read(&source, 1536, h, error);
    sxt_source_close(&source);
    scratch_remove(&s);
    return status;
}

static sxt_hparams good_gguf(const value *edits) {
    sxt_hparams h;
    sxt_error error = {.text = ""};
    if (read_gguf(edits, &h, &error) != SXT_OK) fail_msg("%s", error.text);
    return h;
}

static void test_gguf_is_read(void **state) {
    (void)state;
    sxt_hparams h = good_gguf((value[MAX_EDITS]){{NULL, 0, NULL}});
    assert_int_equal(h.n_layers, 4);
    assert_int_equal(h.n_kv_heads, 4);
    assert_int_equal(h.head_dim, 32);
    assert_int_equal(h.rope.n_rot, 32);
    assert_int_equal(h.n_vocab, 1536);
    assert_true(h.rope.theta == 10000 && h.rope.scaling == SXT_ROPE_NONE && h.rope.interleaved);
    assert_string_equal(h.name, "Tiny");
    h = good_gguf((value[MAX_EDITS]){{"llama.attention.head_count_kv", 'a', "2,2,2,2"},
                                     {"llama.attention.key_length", 'u', "64"},
                                     {"llama.attention.value_length", 'u', "64"}});
    assert_int_equal(h.n_kv_heads, 2);
    assert_int_equal(h.head_dim, 64);
    h = good_gguf((value[MAX_EDITS]){{"llama.rope.dimension_count", 'u', "16"},
                                     {"llama.attention.sliding_window", 'u', "64"},
                                     {"llama.attention.head_count_kv", '-', NULL}});
    assert_int_equal(h.rope.n_rot, 16);
    assert_int_equal(h.sliding_window, 64);
    assert_int_equal(h.n_kv_heads, 8);
}

static void test_gguf_rope_scaling(void **state) {
    (void)state;
    sxt_rope_params r = good_gguf((value[MAX_EDITS]){{"llama.rope.scaling.factor", 'f', "4"}}).rope;
    check_print(&r, "linear:factor=4"); /* no type: linear */
    r = good_gguf((value[MAX_EDITS]){{"llama.rope.scale_linear", 'f', "2"}}).rope;
    check_print(&r, "linear:factor=2");
    r = good_gguf((value[MAX_EDITS]){{"llama.rope.scaling.type", 's', "none"},
                                     {"llama.rope.scaling.factor", 'f', "4"}})
            .rope;
    check_print(&r, "none");
    r = good_gguf((value[MAX_EDITS]){{"llama.rope.scaling.type", 's', "linear"},
                                     {"llama.rope.scaling.factor", 'f', "0"}})
            .rope;
    check_print(&r, "none");
    r = good_gguf((value[MAX_EDITS]){{"llama.rope.scaling.type", 's', "yarn"},
                                     {"llama.rope.scaling.factor", 'f', "4"},
                                     {"llama.rope.scaling.original_context_length", 'u', "64"}})
            .rope;
    assert_true(r.attention_factor <= 0 && r.beta_fast == 32 && r.beta_slow == 1);
    check_print(&r, "yarn:factor=4,original_context=64");
    /* The file's factor multiplies the scale that YaRN has by itself: 0.1 ln 4 + 1 = 1.138629436. */
    r = good_gguf((value[MAX_EDITS]){{"llama.rope.scaling.type", 's', "yarn"},
                                     {"llama.rope.scaling.factor", 'f', "4"},
                                     {"llama.rope.scaling.attn_factor", 'f', "0.5"}})
            .rope;
    assert_true(r.attention_factor > 0.569314717 && r.attention_factor < 0.569314719);
    /* Under other scalings it is the scale. */
    r = good_gguf((value[MAX_EDITS]){{"llama.rope.scaling.attn_factor", 'f', "1.5"}}).rope;
    check_print(&r, "none,attention_factor=1.5");
    r = good_gguf((value[MAX_EDITS]){{"llama.rope.scaling.type", 's', "none"},
                                     {"llama.rope.scaling.dynamic_factor", 'f', "2"},
                                     {"llama.rope.scaling.original_context_length", 'u', "128"}})
            .rope;
    check_print(&r, "dynamic:factor=2,original_context=128");
    r = good_gguf((value[MAX_EDITS]){{"llama.rope.scaling.finetuned", 'b', "t"}}).rope;
    check_print(&r, "none");
}

static const struct {
    value edits[MAX_EDITS];
    sxt_status status;
    const char *word;
} bad_ggufs[] = {
    {{{"general.architecture", '-', NULL}}, F, "general.architecture is missing"},
    {{{"general.architecture", 's', "mamba"}}, U, "general.architecture is \"mamba\""},
    {{{"general.architecture", 'u', "1"}}, F, "general.architecture"},
    {{{"llama.block_count", '-', NULL}}, F, "llama.block_count is missing"},
    {{{"llama.block_count", 'u', "5000"}}, F, "llama.block_count is 5000; needed 1 to 1024"},
    {{{"llama.block_count", 's', "4"}}, F, "llama.block_count"},
    {{{"llama.attention.head_count_kv", 'a', "4,4,2,4"}}, U, "head_count_kv differs between layers (4, then 2"},
    {{{"llama.attention.head_count_kv", 'a', ""}}, F, "head_count_kv"},
    {{{"llama.attention.head_count_kv", 'u', "5"}}, F, "llama.attention.head_count_kv is 5; needed a divisor"},
    {{{"llama.attention.key_length", 'u', "64"}, {"llama.attention.value_length", 'u', "32"}},
     U,
     "value_length"},
    {{{"llama.attention.key_length", 'u', "33"}}, F, "llama.attention.key_length is 33"},
    {{{"llama.rope.dimension_count", 'u', "64"}}, F, "llama.rope.dimension_count is 64; needed 4 to 32"},
    {{{"llama.rope.dimension_count", 'u', "15"}}, F, "rope.dimension_count gives 15"},
    {{{"llama.rope.freq_base", 'f', "nan"}}, F, "llama.rope.freq_base"},
    {{{"llama.rope.freq_base", 'f', "inf"}}, F, "llama.rope.freq_base"},
    {{{"llama.attention.layer_norm_rms_epsilon", '-', NULL}}, F, "layer_norm_rms_epsilon is missing"},
    {{{"llama.attention.layer_norm_rms_epsilon", 'f', "-1"}}, F, "layer_norm_rms_epsilon is -1"},
    {{{"llama.expert_count", 'u', "8"}}, U, "llama.expert_count is 8"},
    {{{"llama.vocab_size", 'u', "1000"}}, F, "llama.vocab_size is 1000; needed at least the tokenizer's"},
    {{{"llama.rope.scaling.type", 's', "longrope"}},
     F,
     "rope_factors_long.weight or rope_factors_short.weight is missing"},
    {{{"llama.rope.scaling.type", 's', "su"}}, U, "llama.rope.scaling.type is \"su\"; supported"},
    {{{"llama.rope.scaling.finetuned", 'u', "1"}}, F, "finetuned"},
    {{{"llama.rope.scaling.type", 's', "none"}, {"llama.rope.scaling.dynamic_factor", 'f', "0"}},
     F,
     "dynamic_factor is 0"},
    {{{"llama.rope.scaling.factor", 'f', "-1"}}, F, "llama.rope.scaling.factor is -1"},
    {{{"llama.rope.scaling.factor", 'f', "0.5"}}, F, "llama.rope.scaling.factor is 0.5; needed 1 to"},
    {{{"llama.rope.scaling.factor", 'f', "nan"}}, F, "'llama.rope.scaling.factor' is not a finite number"},
    {{{"llama.rope.scaling.factor", 'f', "1e-9"}}, F, "llama.rope.scaling.factor is 1e-09"},
    {{{"llama.rope.scaling.attn_factor", 'f', "0"}}, F, "attn_factor is 0"},
    {{{"llama.rope.scaling.yarn_log_multiplier", 'f', "0.1"}}, U, "yarn_log_multiplier is 0.1"},
    {{{"llama.rope.scaling.yarn_ext_factor", 'f', "0.5"}}, U, "yarn_ext_factor is 0.5"},
};

static void test_bad_ggufs(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof bad_ggufs / sizeof bad_ggufs[0]; i++) {
        sxt_error error = {.text = ""};
        sxt_hparams h;
        sxt_status status = read_gguf(bad_ggufs[i].edits, &h, &error);
        expect_refusal(status, &error, bad_ggufs[i].status, bad_ggufs[i].word);
    }
}

/* ---- Damage ---- */

/* Whatever happens to a config.json, it is read with numbers in range or refused in one line. */
static void check_mutations(const member *edits) {
    char *seed = make_config(edits);
    sxt_rng rng = sxt_rng_make(20);
    int n_read = 0, n_refused = 0;
    for (int i = 0; i < 10000; i++) {
        size_t n;
        uint8_t *text = mutate_json(&rng, seed, strlen(seed), &n);
        sxt_error error = {.text = ""};
        sxt_json *document;
        sxt_status status = sxt_json_parse(text, n, &document, &error);
        if (status == SXT_OK) {
            sxt_hparams h;
            status = sxt_hparams_from_json(document, 0, 0, &h, &error);
            sxt_json_free(document);
            if (status == SXT_OK) {
                n_read++;
                assert_true(h.n_layers >= 1 && h.n_layers <= 1024 && h.n_heads % h.n_kv_heads == 0);
                assert_true(h.rope.n_rot >= 2 && h.rope.n_rot <= h.head_dim && h.rope.n_rot % 2 == 0);
                assert_true(h.n_vocab >= 1 && h.n_ctx_train >= 1 && h.sliding_window >= 0);
            }
        }
        if (status != SXT_OK) {
            n_refused++;
            assert_true(mutate_error_is_one_line(error.text));
        }
        free(text);
    }
    assert_true(n_read > 500 && n_refused > 2500); /* both sides are exercised */
    sxt_free(seed);
}

static void test_mutations(void **state) {
    (void)state;
    const member one_block[MAX_EDITS] = {
        {"rope_scaling",
         "{\"rope_type\": \"yarn\", \"factor\": 4.0, \"original_max_position_embeddings\": 64}"},
        {"head_dim", "32"},
        {"sliding_window", "64"}};
    const member kinds[MAX_EDITS] = {
        GEMMA3(KINDS("{\"rope_type\": \"linear\", \"factor\": 8.0}", "{\"rope_theta\": 10000}")),
        {"sliding_window", "64"}};
    check_mutations(one_block);
    check_mutations(kinds);
}

/* Every family has the names that a file may give it, and an error offers it. */
static void test_arch_list_is_complete(void **state) {
    (void)state;
    static const char *const names[][2] = {
        {"llama", "llama"},  {"llama", "mistral"},    {"qwen2", "qwen2"},   {"qwen3", "qwen3"},
        {"phi3", "phi3"},    {"gemma", "gemma"},      {"gemma2", "gemma2"}, {"gemma3", "gemma3_text"},
        {"phi2", "phi"},     {"gptneox", "gpt_neox"}, {"mpt", "mpt"},       {"stablelm", "stablelm"},
        {"falcon", "falcon"}};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const sxt_arch *arch = sxt_arch_by_gguf(names[i][0], strlen(names[i][0]));
        assert_non_null(arch);
        assert_ptr_equal(arch, sxt_arch_by_hf(names[i][1], strlen(names[i][1])));
        assert_non_null(strstr(sxt_arch_list(), arch->gguf_name));
        for (int w = 0; w < arch->n_weights; w++) /* what a table names twice, no model has twice */
            assert_true(arch->weights[w].slot >= 0 && arch->weights[w].slot < SXT_W_COUNT &&
                        arch->weights[w].gguf);
    }
    assert_null(sxt_arch_by_gguf("llama2", 6));
    assert_null(sxt_arch_by_gguf("llam", 4));
    assert_null(sxt_arch_by_gguf("mistral", 7));
    assert_null(sxt_arch_by_hf("gemma3", 6));
}

/* The rows of q, k and v in the order by KV head: 4 heads in 2 groups of width 2. */
static void test_grouped_rows(void **state) {
    (void)state;
    static const int64_t expected[] = {0, 1, 2, 3, 8, 9, 10, 11, /* k */ 4, 5, 12, 13, /* v */ 6, 7, 14, 15};
    const sxt_hparams h = {.n_heads = 4, .n_kv_heads = 2, .head_dim = 2};
    for (int64_t i = 0; i < 16; i++) assert_int_equal(sxt_grouped_qkv_row(&h, i), expected[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_config_is_read),
        cmocka_unit_test(test_config_defaults),
        cmocka_unit_test(test_config_sliding_window),
        cmocka_unit_test(test_config_layers_that_slide),
        cmocka_unit_test(test_config_long_name),
        cmocka_unit_test(test_config_rope_scaling),
        cmocka_unit_test(test_config_length_dependent),
        cmocka_unit_test(test_config_yarn_details),
        cmocka_unit_test(test_config_rope_parameters),
        cmocka_unit_test(test_config_rope_twice),
        cmocka_unit_test(test_config_not_a_number),
        cmocka_unit_test(test_config_rope_for_kinds),
        cmocka_unit_test(test_bad_configs),
        cmocka_unit_test(test_vocabulary_sizes),
        cmocka_unit_test(test_gguf_is_read),
        cmocka_unit_test(test_gguf_rope_scaling),
        cmocka_unit_test(test_bad_ggufs),
        cmocka_unit_test(test_mutations),
        cmocka_unit_test(test_arch_list_is_complete),
        cmocka_unit_test(test_grouped_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
