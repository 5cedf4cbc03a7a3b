/* The rules of Hugging Face's reader, and the attacks that its repository keeps. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "format/safetensors.h"
#include "mutate.h"
#include "shared_path.h"

/* Length, header, n_data bytes that count up. Exact size; free(). */
static uint8_t *make_file(const char *header, size_t n_data, size_t *n) {
    uint64_t n_header = strlen(header);
    *n = 8 + n_header + n_data;
    uint8_t *bytes = malloc(*n);
    memcpy(bytes, &n_header, 8);
    memcpy(bytes + 8, header, n_header);
    for (size_t i = 0; i < n_data; i++) bytes[8 + n_header + i] = (uint8_t)i;
    return bytes;
}

static void test_tensors_are_read(void **state) {
    (void)state;
    size_t n;
    uint8_t *bytes =
        make_file("{\"__metadata__\":{\"format\":\"pt\"},"
                  "\"b\":{\"dtype\":\"BF16\",\"shape\":[2,3],\"data_offsets\":[4,16]},"
                  "\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]},"
                  "\"c\":{\"dtype\":\"F16\",\"shape\":[1,1,1,2],\"data_offsets\":[16,20],\"x\":1}}   ",
                  20, &n);
    sxt_safetensors *file = NULL;
    sxt_error error = {0};
    if (sxt_safetensors_parse(bytes, n, &file, &error) != SXT_OK) fail_msg("%s", error.text);
    assert_int_equal(sxt_safetensors_n(file), 3);
    const sxt_tensor *a = &sxt_safetensors_at(file, 0)->tensor, *b = &sxt_safetensors_at(file, 1)->tensor;
    assert_string_equal(a->name, "a");
    assert_true(a->n_dims == 0 && a->n_bytes == 4 && a->traits->type == SXT_TYPE_F32);
    assert_ptr_equal(a->data, bytes + n - 20);
    assert_string_equal(b->name, "b");
    assert_true(b->n_dims == 2 && b->dims[0] == 2 && b->dims[1] == 3 && b->traits->type == SXT_TYPE_BF16);
    assert_ptr_equal(b->data, bytes + n - 16);
    assert_int_equal(sxt_safetensors_at(file, 2)->tensor.n_dims, 4);
    assert_null(sxt_safetensors_at(file, 3));
    sxt_safetensors_close(file);
    free(bytes);
}

/* Well-formed tensors that are of no use stay in the list and say why. */
static void test_unusable_tensors_say_why(void **state) {
    (void)state;
    static const struct {
        const char *tensor;
        size_t n_data;
        const char *why;
    } cases[] = {
        {"{\"dtype\":\"I64\",\"shape\":[2],\"data_offsets\":[0,16]}", 16, "is stored as I64"},
        {"{\"dtype\":\"F8_E4M3\",\"shape\":[2],\"data_offsets\":[0,2]}", 2, "is stored as F8_E4M3"},
        {"{\"dtype\":\"F4\",\"shape\":[2,3],\"data_offsets\":[0,3]}", 3, "is stored as F4"},
        {"{\"dtype\":\"F32\",\"shape\":[1,1,1,1,2],\"data_offsets\":[0,8]}", 8, "more than four dimensions"},
        {"{\"dtype\":\"F32\",\"shape\":[4,0],\"data_offsets\":[0,0]}", 0, "has no elements"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char header[256];
        size_t n;
        snprintf(header, sizeof header, "{\"t\":%s}", cases[i].tensor);
        uint8_t *bytes = make_file(header, cases[i].n_data, &n);
        sxt_safetensors *file = NULL;
        sxt_error error = {0};
        if (sxt_safetensors_parse(bytes, n, &file, &error) != SXT_OK) fail_msg("%s", error.text);
        assert_null(sxt_safetensors_at(file, 0)->tensor.traits);
        assert_non_null(strstr(sxt_safetensors_at(file, 0)->why_not, cases[i].why));
        sxt_safetensors_close(file);
        free(bytes);
    }
}

static sxt_status parse(const uint8_t *bytes, size_t n, sxt_error *error) {
    sxt_safetensors *file = NULL;
    sxt_status status = sxt_safetensors_parse(bytes, n, &file, error);
    if (status != SXT_OK) assert_null(file);
    sxt_safetensors_close(file);
    return status;
}

#define T(dtype, shape, begin, end)                                                                            \
    "{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":[" begin "," end "]}"

/* The comment is the name that Hugging Face's reader gives the error. */
static const struct {
    const char *name, *header;
    size_t n_data;
    sxt_status status;
    const char *word;
} bad_files[] = {
    /* InvalidHeaderStart, InvalidHeaderDeserialization */
    {"space before the header", " {}", 0, SXT_E_FORMAT, "does not begin with '{'"},
    {"header is an array", "[]", 0, SXT_E_FORMAT, "does not begin with '{'"},
    {"header is cut off", "{\"a\":", 0, SXT_E_FORMAT, "not valid JSON"},
    {"something after the header", "{} x", 0, SXT_E_FORMAT, "not valid JSON"},
    {"header is not UTF-8", "{\"\xff\":1}", 0, SXT_E_FORMAT, "not valid JSON"},
    {"name twice", "{\"a\":" T("F32", "[1]", "0", "4") ",\"a\":" T("F32", "[1]", "0", "4") "}", 4, SXT_E_FORMAT,
     "not valid JSON"},
    {"metadata is not strings", "{\"__metadata__\":{\"a\":1}}", 0, SXT_E_FORMAT, "__metadata__"},
    {"metadata is a list", "{\"__metadata__\":[]}", 0, SXT_E_FORMAT, "__metadata__"},
    {"entry is a number", "{\"a\":1}", 0, SXT_E_FORMAT, "'a': its entry is not an object"},
    {"no dtype", "{\"a\":{\"shape\":[1],\"data_offsets\":[0,4]}}", 4, SXT_E_FORMAT, "'dtype'"},
    {"dtype is a number", "{\"a\":{\"dtype\":1,\"shape\":[1],\"data_offsets\":[0,4]}}", 4, SXT_E_FORMAT,
     "'dtype'"},
    {"unknown dtype", "{\"a\":" T("F31", "[1]", "0", "4") "}", 4, SXT_E_UNSUPPORTED, "'F31'"},
    {"dtype in lower case", "{\"a\":" T("f32", "[1]", "0", "4") "}", 4, SXT_E_UNSUPPORTED, "'f32'"},
    {"dtype with a NUL", "{\"a\":" T("F32\\u0000", "[1]", "0", "4") "}", 4, SXT_E_UNSUPPORTED, "dtype"},
    {"no shape", "{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", 4, SXT_E_FORMAT, "'shape'"},
    {"shape is a number", "{\"a\":" T("F32", "1", "0", "4") "}", 4, SXT_E_FORMAT, "'shape'"},
    {"shape of -1", "{\"a\":" T("F32", "[-1]", "0", "4") "}", 4, SXT_E_FORMAT, "'shape' is not made of sizes"},
    {"shape of 1.0", "{\"a\":" T("F32", "[1.0]", "0", "4") "}", 4, SXT_E_FORMAT,
     "'shape' is not made of sizes"},
    {"shape of text", "{\"a\":" T("F32", "[\"1\"]", "0", "4") "}", 4, SXT_E_FORMAT, "'shape'"},
    {"no offsets", "{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, SXT_E_FORMAT, "'data_offsets'"},
    {"one offset", "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4]}}", 4, SXT_E_FORMAT, "pair"},
    {"three offsets", "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4,8]}}", 4, SXT_E_FORMAT,
     "pair"},
    {"offset of -1", "{\"a\":" T("F32", "[1]", "0", "-1") "}", 4, SXT_E_FORMAT, "pair of sizes"},
    {"offset of 2^64-1", "{\"a\":" T("F32", "[1]", "0", "18446744073709551615") "}", 4, SXT_E_FORMAT, "JSON"},
    /* InvalidOffset */
    {"offsets run backwards", "{\"a\":" T("F32", "[1]", "4", "0") "}", 4, SXT_E_FORMAT, "backwards"},
    {"first byte is not used", "{\"a\":" T("F32", "[1]", "4", "8") "}", 8, SXT_E_FORMAT, "belong to no tensor"},
    {"hole", "{\"a\":" T("F32", "[1]", "0", "4") ",\"b\":" T("F32", "[1]", "8", "12") "}", 12, SXT_E_FORMAT,
     "'b': bytes before it"},
    {"overlap", "{\"a\":" T("F32", "[2]", "0", "8") ",\"b\":" T("F32", "[2]", "4", "12") "}", 12, SXT_E_FORMAT,
     "'b': it overlaps"},
    {"one place for two", "{\"a\":" T("F32", "[1]", "0", "4") ",\"b\":" T("F32", "[1]", "0", "4") "}", 4,
     SXT_E_FORMAT, "overlaps"},
    /* TensorInvalidInfo */
    {"shape larger than bytes", "{\"a\":" T("F32", "[4000000]", "0", "16") "}", 16, SXT_E_FORMAT,
     "need 16000000"},
    {"shape smaller than bytes", "{\"a\":" T("F32", "[1]", "0", "16") "}", 16, SXT_E_FORMAT, "need 4"},
    {"no elements but bytes", "{\"a\":" T("F32", "[0]", "0", "4") "}", 4, SXT_E_FORMAT, "need 0"},
    /* ValidationOverflow */
    {"shape that wraps", "{\"a\":" T("F32", "[4294967296,4294967296]", "0", "0") "}", 0, SXT_E_FORMAT,
     "too large"},
    {"bits that wrap", "{\"a\":" T("F32", "[1152921504606846976]", "0", "0") "}", 0, SXT_E_FORMAT, "too large"},
    {"shape that wraps to one", "{\"a\":" T("F32", "[9223372036854775807,3]", "0", "4") "}", 4, SXT_E_FORMAT,
     "too large"},
    /* MisalignedSlice */
    {"half a byte", "{\"a\":" T("F4", "[3]", "0", "2") "}", 2, SXT_E_FORMAT, "whole bytes"},
    /* MetadataIncompleteBuffer */
    {"data is missing", "{\"a\":" T("F32", "[4]", "0", "16") "}", 12, SXT_E_FORMAT, "ends at byte 16"},
    {"data is left over", "{\"a\":" T("F32", "[4]", "0", "16") "}", 17, SXT_E_FORMAT, "1 bytes at the end"},
    {"data without tensors", "{}", 4, SXT_E_FORMAT, "4 bytes at the end"},
};

static void test_bad_files(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof bad_files / sizeof bad_files[0]; i++) {
        size_t n;
        uint8_t *bytes = make_file(bad_files[i].header, bad_files[i].n_data, &n);
        sxt_error error = {0};
        sxt_status status = parse(bytes, n, &error);
        if (status != bad_files[i].status || !strstr(error.text, bad_files[i].word))
            fail_msg("%s: %s: %s", bad_files[i].name, sxt_status_name(status), error.text);
        assert_true(mutate_error_is_one_line(error.text));
        free(bytes);
    }
}

/* HeaderTooSmall, HeaderTooLarge, InvalidHeaderLength. */
static void test_bad_lengths(void **state) {
    (void)state;
    static const struct {
        uint64_t n_header;
        const char *word;
    } lengths[] = {{0, "empty"},
                   {3, "only 2 are left"},
                   {100000000, "only 2 are left"},
                   {100000001, "at most 100000000"},
                   {UINT64_MAX, "at most"},
                   {UINT64_MAX - 7, "at most"}};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        size_t n;
        uint8_t *bytes = make_file("{}", 0, &n);
        sxt_error error = {0};
        memcpy(bytes, &lengths[i].n_header, 8);
        assert_int_equal(parse(bytes, n, &error), SXT_E_FORMAT);
        if (!strstr(error.text, lengths[i].word)) fail_msg("%s: %s", lengths[i].word, error.text);
        assert_int_equal(error.offset, 0);
        free(bytes);
    }
}

static void test_truncated_at_every_byte(void **state) {
    (void)state;
    size_t n;
    uint8_t *bytes =
        make_file("{\"a\":" T("F32", "[2,2]", "0", "16") ",\"b\":" T("F16", "[3]", "16", "22") "}", 22, &n);
    assert_int_equal(parse(bytes, n, NULL), SXT_OK);
    for (size_t cut = 0; cut < n; cut++) {
        uint8_t *copy = malloc(cut ? cut : 1);
        sxt_error error = {0};
        memcpy(copy, bytes, cut);
        assert_int_equal(parse(copy, cut, &error), SXT_E_FORMAT);
        assert_true(mutate_error_is_one_line(error.text));
        free(copy);
    }
    free(bytes);
}

static void test_tiny_model(void **state) {
    (void)state;
    char path[512];
    if (!shared_path(path, sizeof path, "models/tiny/model.safetensors")) skip();
    sxt_safetensors *file = NULL;
    sxt_error error = {0};
    if (sxt_safetensors_open(path, &file, &error) != SXT_OK) fail_msg("%s", error.text);
    assert_true(sxt_safetensors_n(file) > 10);
    bool found = false;
    for (uint64_t i = 0; i < sxt_safetensors_n(file); i++) {
        const sxt_tensor *t = &sxt_safetensors_at(file, i)->tensor;
        assert_non_null(t->traits);
        if (strcmp(t->name, "model.embed_tokens.weight") == 0) found = t->n_dims == 2;
    }
    assert_true(found);
    sxt_safetensors_close(file);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tensors_are_read),
        cmocka_unit_test(test_unusable_tensors_say_why),
        cmocka_unit_test(test_bad_files),
        cmocka_unit_test(test_bad_lengths),
        cmocka_unit_test(test_truncated_at_every_byte),
        cmocka_unit_test(test_tiny_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
