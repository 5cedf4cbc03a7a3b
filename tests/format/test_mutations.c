/* Ten thousand repeatable mutants of each kind of file: each is loaded or refused with one line. What is loaded
 * is walked to its last byte, so that the sanitizers see a wrong bound. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/num.h"
#include "format/gguf.h"
#include "format/gguf_bytes.h"
#include "format/hf_folder.h"
#include "format/model_index.h"
#include "format/safetensors.h"

enum { N_MUTANTS = 10000 };

typedef struct tally {
    int n_loaded, n_refused;
} tally;

static void settle(tally *t, int i, sxt_status status, const sxt_error *error) {
    if (status == SXT_OK) {
        t->n_loaded++;
        return;
    }
    t->n_refused++;
    if (!mutate_error_is_one_line(error->text) || error->status != status)
        fail_msg("mutant %d: %s: %s", i, sxt_status_name(status), error->text);
}

/* Both outcomes must be common, or the mutants test nothing. */
static void finish(const char *what, const tally *t) {
    print_message("%s: %d loaded, %d refused\n", what, t->n_loaded, t->n_refused);
    assert_int_equal(t->n_loaded + t->n_refused, N_MUTANTS);
    assert_true(t->n_loaded > N_MUTANTS / 100);
    assert_true(t->n_refused > N_MUTANTS / 10);
}

/* ---- GGUF ------------------------------------------------------------------------------------- */

/* One value of each type, one array of most, one tensor of each storage type. */
static void make_gguf(gguf_bytes *g) {
    static const uint8_t widths[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
    static const struct {
        uint32_t type;
        uint64_t columns, bytes; /* bytes of two rows */
    } tensors[] = {{0, 8, 64},  {1, 8, 32},     {30, 8, 32},   {8, 32, 68},
                   {2, 32, 36}, {12, 256, 288}, {14, 256, 420}};
    uint64_t offset = 0;
    memset(g, 0, sizeof *g);
    put_header(g, 3, 7, 16);
    put_text_value(g, "general.architecture", "llama");
    put_value(g, "general.alignment", 4, 32, 4);
    for (uint32_t type = 0; type < 13; type++) {
        char key[16];
        snprintf(key, sizeof key, "value.%u", type);
        if (widths[type]) put_value(g, key, type, 1, widths[type]);
    }
    put_array_head(g, "tokenizer.ggml.tokens", 8, 3);
    put_text(g, "a");
    put_text(g, "");
    put_text(g, "<0x0A>");
    put_array_head(g, "tokenizer.ggml.scores", 6, 3);
    put_ramp(g, 12);
    put_array_head(g, "bools", 7, 2);
    put_raw(g, "\0\1", 2);
    for (size_t i = 0; i < sizeof tensors / sizeof tensors[0]; i++) {
        char name[32];
        snprintf(name, sizeof name, "blk.%zu.weight", i);
        put_tensor(g, name, tensors[i].type, 2, (uint64_t[]){tensors[i].columns, 2}, offset);
        offset = sxt_round_up(offset + tensors[i].bytes, 32);
    }
    put_padding(g, 32);
    put_ramp(g, offset);
}

static void walk_gguf(const sxt_gguf *gguf) {
    for (uint64_t i = 0; i < sxt_gguf_n_values(gguf); i++) {
        const sxt_gguf_value *v = sxt_gguf_value_at(gguf, i);
        int64_t integer = 0;
        double number = 0;
        assert_ptr_equal(sxt_gguf_find(gguf, v->key), v);
        mutate_touch(v->data, v->n_bytes);
        sxt_gguf_get_integer(gguf, v->key, &integer, NULL, NULL);
        sxt_gguf_get_number(gguf, v->key, &number, NULL, NULL);
        sxt_reader r = sxt_gguf_strings(v);
        for (uint64_t k = 0; v->type == SXT_GGUF_STRING && k < v->n; k++) {
            size_t n;
            const char *text = sxt_gguf_next_string(&r, &n);
            mutate_touch(text, n);
        }
        assert_false(r.failed);
    }
    for (int64_t i = 0; i < sxt_gguf_n_tensors(gguf); i++) {
        const sxt_tensor *t = sxt_gguf_tensor_at(gguf, i);
        assert_ptr_equal(sxt_gguf_find_tensor(gguf, t->name), t);
        assert_true(sxt_tensor_elements(t) > 0);
        mutate_touch(t->data, t->n_bytes);
    }
}

static void test_gguf(void **state) {
    (void)state;
    static gguf_bytes g;
    sxt_rng rng = sxt_rng_make(1);
    tally t = {0};
    make_gguf(&g);
    for (int i = 0; i < N_MUTANTS; i++) {
        size_t n;
        uint8_t *bytes = mutate_binary(&rng, g.data, g.n, g.fields, g.n_fields, &n);
        sxt_gguf *gguf = NULL;
        sxt_error error = {0};
        sxt_status status = sxt_gguf_parse(bytes, n, i % 8 == 0, &gguf, &error);
        settle(&t, i, status, &error);
        if (status == SXT_OK) walk_gguf(gguf);
        sxt_gguf_close(gguf);
        free(bytes);
    }
    finish("GGUF", &t);
}

/* ---- safetensors ------------------------------------------------------------------------------ */

static const char header[] =
    "{\"__metadata__\":{\"format\":\"pt\"},"
    "\"model.embed_tokens.weight\":{\"dtype\":\"F32\",\"shape\":[4,2],\"data_offsets\":[0,32]},"
    "\"model.norm.weight\":{\"dtype\":\"BF16\",\"shape\":[2],\"data_offsets\":[32,36]},"
    "\"lm_head.weight\":{\"dtype\":\"F16\",\"shape\":[4,2],\"data_offsets\":[36,52]},"
    "\"ids\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[52,60]}}";
enum { N_HEADER = sizeof header - 1, N_DATA = 60 };

/* Half of the mutants are of the header's JSON with a length that fits, half of any byte. */
static uint8_t *mutate_safetensors(sxt_rng *rng, bool json, size_t *n) {
    uint8_t whole[8 + N_HEADER + N_DATA] = {0};
    const mutate_field length = {0, 8};
    uint64_t n_header = N_HEADER;
    memcpy(whole, &n_header, 8);
    memcpy(whole + 8, header, N_HEADER);
    if (!json) return mutate_binary(rng, whole, sizeof whole, &length, 1, n);
    size_t n_text;
    uint8_t *text = mutate_json(rng, header, N_HEADER, &n_text);
    uint8_t *bytes = calloc(1, 8 + n_text + N_DATA);
    if (!bytes) abort();
    n_header = n_text;
    memcpy(bytes, &n_header, 8);
    memcpy(bytes + 8, text, n_text);
    free(text);
    *n = 8 + n_text + N_DATA;
    return bytes;
}

static void walk_safetensors(const sxt_safetensors *file) {
    for (uint64_t i = 0; i < sxt_safetensors_n(file); i++) {
        const sxt_safetensors_entry *entry = sxt_safetensors_at(file, i);
        assert_true(entry->tensor.traits || entry->why_not[0]);
        mutate_touch(entry->tensor.data, entry->tensor.n_bytes);
        mutate_touch(entry->tensor.name, strlen(entry->tensor.name) + 1);
    }
}

static void test_safetensors(void **state) {
    (void)state;
    sxt_rng rng = sxt_rng_make(2);
    tally t = {0};
    for (int i = 0; i < N_MUTANTS; i++) {
        size_t n;
        uint8_t *bytes = mutate_safetensors(&rng, i % 2 == 0, &n);
        sxt_safetensors *file = NULL;
        sxt_error error = {0};
        sxt_status status = sxt_safetensors_parse(bytes, n, &file, &error);
        settle(&t, i, status, &error);
        if (status == SXT_OK) walk_safetensors(file);
        sxt_safetensors_close(file);
        free(bytes);
    }
    finish("safetensors", &t);
}

/* ---- JSON ------------------------------------------------------------------------------------- */

static const char config[] =
    "{\"architectures\":[\"LlamaForCausalLM\"],\"model_type\":\"llama\",\"hidden_size\":64,"
    "\"intermediate_size\":128,\"num_hidden_layers\":2,\"num_attention_heads\":4,\"num_key_value_heads\":2,"
    "\"vocab_size\":512,\"max_position_embeddings\":256,\"rms_norm_eps\":1e-05,\"rope_theta\":10000.0,"
    "\"rope_scaling\":{\"rope_type\":\"llama3\",\"factor\":8.0,\"low_freq_factor\":1.0},"
    "\"tie_word_embeddings\":true,\"eos_token_id\":[1,2],\"sliding_window\":null}";

static void walk_json(const sxt_json *node, int depth) {
    const char *text;
    size_t n;
    assert_true(depth < 4096);
    if (sxt_json_string(node, &text, &n)) mutate_touch(text, n + 1);
    if (sxt_json_kind_of(node) == SXT_JSON_ARRAY)
        for (size_t i = 0; i < sxt_json_size(node); i++) walk_json(sxt_json_at(node, i), depth + 1);
    if (sxt_json_kind_of(node) == SXT_JSON_OBJECT)
        for (void *i = sxt_json_next(node, NULL); i; i = sxt_json_next(node, i))
            walk_json(sxt_json_value(i), depth + 1);
}

static void test_config(void **state) {
    (void)state;
    sxt_rng rng = sxt_rng_make(3);
    tally t = {0};
    for (int i = 0; i < N_MUTANTS; i++) {
        size_t n;
        uint8_t *bytes = mutate_json(&rng, config, sizeof config - 1, &n);
        sxt_hf_folder *folder = NULL;
        sxt_error error = {0};
        sxt_status status = sxt_hf_folder_parse(bytes, n, NULL, 0, &folder, &error);
        settle(&t, i, status, &error);
        if (status == SXT_OK) walk_json(sxt_hf_config(folder), 0);
        sxt_hf_folder_close(folder);
        free(bytes);
    }
    finish("config.json", &t);
}

static const char index_text[] = "{\"metadata\":{\"total_size\":52},\"weight_map\":{"
                                 "\"lm_head.weight\":\"model-00002-of-00002.safetensors\","
                                 "\"model.embed_tokens.weight\":\"model-00001-of-00002.safetensors\","
                                 "\"model.norm.weight\":\"model-00002-of-00002.safetensors\"}}";

static sxt_status read_index(const uint8_t *bytes, size_t n, sxt_error *error) {
    sxt_json *document = NULL;
    sxt_model_index index = {0};
    SXT_TRY(sxt_json_parse(bytes, n, &document, error));
    sxt_status status = sxt_model_index_read(document, &index, error);
    for (uint64_t i = 0; i < index.n_shards; i++)
        if (strchr(index.shards[i], '/') || strstr(index.shards[i], "..")) fail_msg("%s", index.shards[i]);
    sxt_model_index_free(&index);
    sxt_json_free(document);
    return status;
}

static void test_index(void **state) {
    (void)state;
    sxt_rng rng = sxt_rng_make(4);
    tally t = {0};
    for (int i = 0; i < N_MUTANTS; i++) {
        size_t n;
        uint8_t *bytes = mutate_json(&rng, index_text, sizeof index_text - 1, &n);
        sxt_error error = {0};
        sxt_status status = read_index(bytes, n, &error);
        settle(&t, i, status, &error);
        free(bytes);
    }
    finish("model.safetensors.index.json", &t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gguf),
        cmocka_unit_test(test_safetensors),
        cmocka_unit_test(test_config),
        cmocka_unit_test(test_index),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
