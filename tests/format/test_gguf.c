/* What a right file says is what the reader gives back. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "format/gguf.h"
#include "format/gguf_bytes.h"
#include "shared_path.h"

static sxt_gguf *parse(const gguf_bytes *g) {
    sxt_gguf *gguf = NULL;
    sxt_error error = {0};
    if (sxt_gguf_parse(g->data, g->n, false, &gguf, &error) != SXT_OK) fail_msg("%s", error.text);
    return gguf;
}

static uint64_t bits_of_f32(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static uint64_t bits_of_f64(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* One value of each type. */
static void make_values(gguf_bytes *g) {
    memset(g, 0, sizeof *g);
    put_header(g, 3, 0, 14);
    put_value(g, "u8", 0, 200, 1);
    put_value(g, "i8", 1, 0x80, 1);
    put_value(g, "u16", 2, 60000, 2);
    put_value(g, "i16", 3, 0x8000, 2);
    put_value(g, "u32", 4, 4000000000u, 4);
    put_value(g, "i32", 5, 0x80000000u, 4);
    put_value(g, "f32", 6, bits_of_f32(1e-5f), 4);
    put_value(g, "bool", 7, 1, 1);
    put_text_value(g, "string", "h\xc3\xa9llo");
    put_value(g, "u64", 10, UINT64_MAX, 8);
    put_value(g, "i64", 11, (uint64_t)INT64_MIN, 8);
    put_value(g, "f64", 12, bits_of_f64(500000.25), 8);
    put_value(g, "nan", 6, 0x7fc00000, 4);
    put_array_head(g, "array", 8, 3);
    put_text(g, "a");
    put_text(g, "");
    put_text(g, "bc");
}

static void test_integers(void **state) {
    (void)state;
    static gguf_bytes g;
    static const struct {
        const char *key;
        int64_t value;
    } cases[] = {{"u8", 200},         {"i8", -128},       {"u16", 60000},    {"i16", -32768},
                 {"u32", 4000000000}, {"i32", INT32_MIN}, {"i64", INT64_MIN}};
    make_values(&g);
    sxt_gguf *gguf = parse(&g);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t value = 7;
        double number = 7;
        bool found = false;
        assert_int_equal(sxt_gguf_get_integer(gguf, cases[i].key, &value, &found, NULL), SXT_OK);
        assert_true(found && value == cases[i].value);
        assert_int_equal(sxt_gguf_get_number(gguf, cases[i].key, &number, &found, NULL), SXT_OK);
        assert_true(found && number == (double)cases[i].value);
    }
    sxt_gguf_close(gguf);
}

static void test_other_values(void **state) {
    (void)state;
    static gguf_bytes g;
    make_values(&g);
    sxt_gguf *gguf = parse(&g);
    double number = 0;
    bool truth = false, found;
    const char *text;
    size_t n;
    assert_int_equal(sxt_gguf_n_values(gguf), 14);
    assert_string_equal(sxt_gguf_value_at(gguf, 8)->key, "string");
    assert_null(sxt_gguf_value_at(gguf, 14));
    assert_int_equal(sxt_gguf_get_number(gguf, "f32", &number, &found, NULL), SXT_OK);
    assert_true(number == (double)1e-5f);
    assert_int_equal(sxt_gguf_get_number(gguf, "f64", &number, &found, NULL), SXT_OK);
    assert_true(number == 500000.25);
    assert_int_equal(sxt_gguf_get_bool(gguf, "bool", &truth, &found, NULL), SXT_OK);
    assert_true(truth);
    assert_int_equal(sxt_gguf_get_string(gguf, "string", &text, &n, &found, NULL), SXT_OK);
    assert_int_equal(n, 6);
    assert_memory_equal(text, "h\xc3\xa9llo", 6);
    sxt_gguf_close(gguf);
}

static void test_string_array(void **state) {
    (void)state;
    static gguf_bytes g;
    static const char *const expected[] = {"a", "", "bc"};
    make_values(&g);
    sxt_gguf *gguf = parse(&g);
    const sxt_gguf_value *value;
    assert_int_equal(sxt_gguf_get_array(gguf, "array", SXT_GGUF_STRING, &value, NULL), SXT_OK);
    assert_true(value->is_array && value->type == SXT_GGUF_STRING && value->n == 3);
    assert_int_equal(value->data - g.data, value->offset);
    sxt_reader r = sxt_gguf_strings(value);
    for (size_t i = 0; i < 3; i++) {
        size_t n;
        const char *text = sxt_gguf_next_string(&r, &n);
        assert_int_equal(n, strlen(expected[i]));
        assert_memory_equal(text, expected[i], n);
    }
    assert_false(r.failed);
    assert_int_equal(sxt_reader_left(&r), 0);
    sxt_gguf_close(gguf);
}

static void test_absent_keys_leave_the_default(void **state) {
    (void)state;
    static gguf_bytes g;
    make_values(&g);
    sxt_gguf *gguf = parse(&g);
    int64_t integer = 42;
    double number = 4.5;
    bool found = true;
    const sxt_gguf_value *value = (const sxt_gguf_value *)&g;
    assert_int_equal(sxt_gguf_get_integer(gguf, "none", &integer, &found, NULL), SXT_OK);
    assert_false(found);
    assert_int_equal(sxt_gguf_get_number(gguf, "none", &number, NULL, NULL), SXT_OK);
    assert_true(integer == 42 && number == 4.5);
    assert_int_equal(sxt_gguf_get_array(gguf, "none", SXT_GGUF_F32, &value, NULL), SXT_OK);
    assert_null(value);
    assert_null(sxt_gguf_find(gguf, ""));
    sxt_gguf_close(gguf);
}

static void assert_refused(sxt_status status, const sxt_error *error, const char *word) {
    assert_int_equal(status, SXT_E_FORMAT);
    if (!strstr(error->text, word)) fail_msg("%s: %s", word, error->text);
    assert_true(error->offset > 24);
}

static void test_wrong_kinds_are_refused(void **state) {
    (void)state;
    static gguf_bytes g;
    make_values(&g);
    sxt_gguf *gguf = parse(&g);
    sxt_error error;
    int64_t integer = 1;
    double number = 2;
    bool truth = true;
    const char *text = "same";
    size_t n = 4;
    const sxt_gguf_value *value = NULL;
    assert_refused(sxt_gguf_get_integer(gguf, "f32", &integer, NULL, &error), &error, "an integer is needed");
    assert_refused(sxt_gguf_get_integer(gguf, "bool", &integer, NULL, &error), &error, "of type bool");
    assert_refused(sxt_gguf_get_integer(gguf, "array", &integer, NULL, &error), &error, "an array of string");
    assert_refused(sxt_gguf_get_integer(gguf, "u64", &integer, NULL, &error), &error, "larger than 2^63");
    assert_refused(sxt_gguf_get_number(gguf, "u64", &number, NULL, &error), &error, "larger than 2^63");
    assert_refused(sxt_gguf_get_number(gguf, "string", &number, NULL, &error), &error, "a number is needed");
    assert_refused(sxt_gguf_get_number(gguf, "nan", &number, NULL, &error), &error, "finite");
    assert_refused(sxt_gguf_get_bool(gguf, "u8", &truth, NULL, &error), &error, "a bool is needed");
    assert_refused(sxt_gguf_get_string(gguf, "array", &text, &n, NULL, &error), &error, "a string is needed");
    assert_refused(sxt_gguf_get_array(gguf, "array", SXT_GGUF_F32, &value, &error), &error, "array of f32");
    assert_refused(sxt_gguf_get_array(gguf, "f32", SXT_GGUF_F32, &value, &error), &error, "of type f32");
    assert_true(integer == 1 && number == 2 && truth && n == 4 && !value);
    assert_string_equal(text, "same");
    sxt_gguf_close(gguf);
}

/* Dimensions turn around; a hole between tensors and a missing padding at the end are allowed. */
static void test_tensors(void **state) {
    (void)state;
    static gguf_bytes g;
    memset(&g, 0, sizeof g);
    put_header(&g, 3, 3, 1);
    put_value(&g, "general.alignment", 4, 8, 4);
    put_tensor(&g, "late", 8, 3, (uint64_t[]){64, 2, 3}, 64);
    put_tensor(&g, "early", 30, 1, (uint64_t[]){7}, 8);
    put_tensor(&g, "four", 0, 4, (uint64_t[]){1, 2, 1, 3}, 64 + 408);
    put_padding(&g, 8);
    size_t start = g.n;
    put_ramp(&g, 64 + 408 + 24);
    sxt_gguf *gguf = parse(&g);
    assert_int_equal(sxt_gguf_n_tensors(gguf), 3);
    const sxt_tensor *late = sxt_gguf_tensor_at(gguf, 0), *early = sxt_gguf_find_tensor(gguf, "early");
    assert_ptr_equal(late, sxt_gguf_find_tensor(gguf, "late"));
    assert_true(late->n_dims == 3 && late->dims[0] == 3 && late->dims[1] == 2 && late->dims[2] == 64);
    assert_true(late->traits->type == SXT_TYPE_Q8_0 && late->n_bytes == 3 * 2 * 2 * 34);
    assert_ptr_equal(late->data, g.data + start + 64);
    assert_true(early->traits->type == SXT_TYPE_BF16 && early->n_bytes == 14 && early->n_dims == 1);
    assert_ptr_equal(early->data, g.data + start + 8);
    assert_true(sxt_gguf_tensor_at(gguf, 2)->dims[0] == 3 && sxt_gguf_tensor_at(gguf, 2)->dims[3] == 1);
    assert_null(sxt_gguf_find_tensor(gguf, "middle"));
    assert_null(sxt_gguf_tensor_at(gguf, 3));
    assert_null(sxt_gguf_tensor_at(gguf, -1));
    sxt_gguf_close(gguf);
}

static void test_missing_file_is_named(void **state) {
    (void)state;
    sxt_gguf *gguf = NULL;
    sxt_error error;
    assert_int_equal(sxt_gguf_open("no/such/model.gguf", false, &gguf, &error), SXT_E_IO);
    assert_non_null(strstr(error.text, "no/such/model.gguf: cannot open"));
    assert_null(gguf);
}

/* A real file, against the figures of its own documentation. */
static void test_tiny_model(void **state) {
    (void)state;
    char path[512];
    if (!shared_path(path, sizeof path, "models/tiny/tiny-f16.gguf")) skip();
    sxt_gguf *gguf = NULL;
    sxt_error error = {0};
    if (sxt_gguf_open(path, false, &gguf, &error) != SXT_OK) fail_msg("%s", error.text);
    const char *text;
    size_t n;
    int64_t layers = 0;
    assert_int_equal(sxt_gguf_version(gguf), 3);
    assert_int_equal(sxt_gguf_get_string(gguf, "general.architecture", &text, &n, NULL, NULL), SXT_OK);
    assert_true(n == 5 && memcmp(text, "llama", 5) == 0);
    assert_int_equal(sxt_gguf_get_integer(gguf, "llama.block_count", &layers, NULL, NULL), SXT_OK);
    int64_t width = 0, n_vocab = 0;
    assert_int_equal(sxt_gguf_get_integer(gguf, "llama.embedding_length", &width, NULL, NULL), SXT_OK);
    const sxt_gguf_value *tokens;
    assert_int_equal(sxt_gguf_get_array(gguf, "tokenizer.ggml.tokens", SXT_GGUF_STRING, &tokens, NULL), SXT_OK);
    n_vocab = (int64_t)tokens->n;
    const sxt_tensor *embed = sxt_gguf_find_tensor(gguf, "token_embd.weight");
    assert_true(embed && embed->n_dims == 2 && embed->dims[0] == n_vocab && embed->dims[1] == width);
    char last[64];
    snprintf(last, sizeof last, "blk.%lld.ffn_down.weight", (long long)layers - 1);
    assert_non_null(sxt_gguf_find_tensor(gguf, last));
    sxt_gguf_close(gguf);
}

/* Vocabularies of many models, some of architectures that only their tokenizer is read of. */
static void test_vocabularies(void **state) {
    (void)state;
    static const char *const names[] = {"deepseek-coder", "gpt-2",     "gpt-neox",
                                        "llama-bpe",      "llama-spm", "phi-3"};
    size_t n_read = 0;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char name[64], path[512];
        snprintf(name, sizeof name, "data/vocab/%s.gguf", names[i]);
        if (!shared_path(path, sizeof path, name)) continue;
        sxt_gguf *gguf = NULL;
        sxt_error error = {0};
        if (sxt_gguf_open(path, true, &gguf, &error) != SXT_OK) fail_msg("%s", error.text);
        const sxt_gguf_value *tokens = NULL;
        assert_int_equal(sxt_gguf_get_array(gguf, "tokenizer.ggml.tokens", SXT_GGUF_STRING, &tokens, NULL),
                         SXT_OK);
        assert_true(tokens && tokens->n > 30000);
        assert_int_equal(sxt_gguf_n_tensors(gguf), 0);
        sxt_gguf_close(gguf);
        n_read++;
    }
    if (n_read == 0) skip();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_integers),
        cmocka_unit_test(test_other_values),
        cmocka_unit_test(test_string_array),
        cmocka_unit_test(test_absent_keys_leave_the_default),
        cmocka_unit_test(test_wrong_kinds_are_refused),
        cmocka_unit_test(test_tensors),
        cmocka_unit_test(test_missing_file_is_named),
        cmocka_unit_test(test_tiny_model),
        cmocka_unit_test(test_vocabularies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
