/* What the writer writes, the reader gives back; what it cannot write leaves nothing behind. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/file.h"
#include "format/gguf_bytes.h"
#include "format/gguf_writer.h"
#include "format/scratch_folder.h"

#include <errno.h>

static scratch folder;

static const int32_t integers[] = {-1, 0, INT32_MAX};
static const float floats[] = {0.5f, -3.25f};

static void declare_values(sxt_gguf_writer *w) {
    sxt_gguf_writer_string(w, "general.architecture", "llama", 5);
    sxt_gguf_writer_bool(w, "a.bool", true);
    sxt_gguf_writer_u16(w, "a.u16", 65535);
    sxt_gguf_writer_u32(w, "a.u32", 7);
    sxt_gguf_writer_i32(w, "a.i32", -7);
    sxt_gguf_writer_u64(w, "a.u64", 1ull << 40);
    sxt_gguf_writer_i64(w, "a.i64", -(1ll << 40));
    sxt_gguf_writer_f32(w, "a.f32", 0.1f);
    sxt_gguf_writer_f64(w, "a.f64", 0.1);
    sxt_gguf_writer_i32_array(w, "a.i32s", integers, 3);
    sxt_gguf_writer_f32_array(w, "a.f32s", floats, 2);
    sxt_gguf_writer_string_array(w, "a.strings", 2);
    sxt_gguf_writer_next_string(w, "x\0y", 3);
    sxt_gguf_writer_next_string(w, "", 0);
    sxt_gguf_writer_string_array(w, "a.none", 0);
}

static void ramp(uint8_t *bytes, size_t n) {
    for (size_t i = 0; i < n; i++) bytes[i] = (uint8_t)(i * 31 + 5);
}

/* Two tensors whose sizes are no multiple of the alignment, given in uneven pieces. */
static void write_file(const char *path) {
    sxt_gguf_writer *w;
    uint8_t bytes[108];
    ramp(bytes, sizeof bytes);
    assert_int_equal(sxt_gguf_writer_new(path, &w, NULL), SXT_OK);
    declare_values(w);
    sxt_gguf_writer_tensor(w, "matrix", SXT_TYPE_F32, 2, (int64_t[]){5, 2});
    sxt_gguf_writer_tensor(w, "blocks", SXT_TYPE_Q8_0, 3, (int64_t[]){1, 2, 32});
    assert_int_equal(sxt_gguf_writer_begin(w, NULL), SXT_OK);
    assert_int_equal(sxt_gguf_writer_data(w, bytes, 1, NULL), SXT_OK);
    assert_int_equal(sxt_gguf_writer_data(w, NULL, 0, NULL), SXT_OK);
    assert_int_equal(sxt_gguf_writer_data(w, bytes + 1, 39, NULL), SXT_OK);
    assert_int_equal(sxt_gguf_writer_data(w, bytes + 40, 68, NULL), SXT_OK);
    assert_int_equal(sxt_gguf_writer_commit(w, NULL), SXT_OK);
}

static sxt_gguf *open_file(const char *path) {
    sxt_gguf *gguf = NULL;
    sxt_error error = {0};
    if (sxt_gguf_open(path, false, &gguf, &error) != SXT_OK) fail_msg("%s", error.text);
    return gguf;
}

static void check_integer(const sxt_gguf *gguf, const char *key, int64_t expected) {
    int64_t value = 0;
    assert_int_equal(sxt_gguf_get_integer(gguf, key, &value, NULL, NULL), SXT_OK);
    assert_true(value == expected);
}

static void check_values(const sxt_gguf *gguf) {
    const sxt_gguf_value *value;
    bool truth = false;
    double number = 0;
    size_t n;
    check_integer(gguf, "a.u16", 65535);
    check_integer(gguf, "a.u32", 7);
    check_integer(gguf, "a.i32", -7);
    check_integer(gguf, "a.u64", 1ll << 40);
    check_integer(gguf, "a.i64", -(1ll << 40));
    assert_int_equal(sxt_gguf_get_bool(gguf, "a.bool", &truth, NULL, NULL), SXT_OK);
    assert_true(truth);
    assert_int_equal(sxt_gguf_get_number(gguf, "a.f32", &number, NULL, NULL), SXT_OK);
    assert_true(number == (double)0.1f);
    assert_int_equal(sxt_gguf_get_number(gguf, "a.f64", &number, NULL, NULL), SXT_OK);
    assert_true(number == 0.1);
    assert_int_equal(sxt_gguf_get_array(gguf, "a.i32s", SXT_GGUF_I32, &value, NULL), SXT_OK);
    assert_true(value->n == 3 && value->n_bytes == sizeof integers);
    assert_memory_equal(value->data, integers, sizeof integers);
    assert_int_equal(sxt_gguf_get_array(gguf, "a.f32s", SXT_GGUF_F32, &value, NULL), SXT_OK);
    assert_memory_equal(value->data, floats, sizeof floats);
    assert_int_equal(sxt_gguf_get_array(gguf, "a.strings", SXT_GGUF_STRING, &value, NULL), SXT_OK);
    sxt_reader r = sxt_gguf_strings(value);
    assert_memory_equal(sxt_gguf_next_string(&r, &n), "x\0y", 3);
    assert_int_equal(n, 3);
    assert_int_equal(sxt_gguf_get_array(gguf, "a.none", SXT_GGUF_STRING, &value, NULL), SXT_OK);
    assert_int_equal(value->n, 0);
}

static void test_written_file_is_read_back(void **state) {
    (void)state;
    const char *path = scratch_path(&folder, "out.gguf");
    uint8_t bytes[108];
    ramp(bytes, sizeof bytes);
    write_file(path);
    sxt_gguf *gguf = open_file(path);
    assert_int_equal(sxt_gguf_version(gguf), 3);
    assert_int_equal(sxt_gguf_n_values(gguf), 13);
    check_values(gguf);
    const sxt_tensor *matrix = sxt_gguf_tensor_at(gguf, 0), *blocks = sxt_gguf_tensor_at(gguf, 1);
    assert_true(matrix->n_dims == 2 && matrix->dims[0] == 5 && matrix->dims[1] == 2 && matrix->n_bytes == 40);
    assert_true(blocks->n_dims == 3 && blocks->dims[2] == 32 && blocks->n_bytes == 68);
    assert_memory_equal(matrix->data, bytes, 40);
    assert_memory_equal(blocks->data, bytes + 40, 68);
    assert_int_equal((uintptr_t)blocks->data % 32, 0);
    sxt_gguf_close(gguf);
    assert_int_equal(scratch_empty(&folder), 1);
}

static void test_values_are_copied(void **state) {
    (void)state;
    char first[sizeof folder.path];
    snprintf(first, sizeof first, "%s", scratch_path(&folder, "first.gguf"));
    write_file(first);
    sxt_gguf *gguf = open_file(first);
    const char *path = scratch_path(&folder, "second.gguf");
    sxt_gguf_writer *w;
    assert_int_equal(sxt_gguf_writer_new(path, &w, NULL), SXT_OK);
    for (uint64_t i = 0; i < sxt_gguf_n_values(gguf); i++) sxt_gguf_writer_value(w, sxt_gguf_value_at(gguf, i));
    sxt_gguf_writer_value(w, &(sxt_gguf_value){.key = "general.alignment", .type = SXT_GGUF_U32});
    sxt_gguf_writer_value(w, &(sxt_gguf_value){.key = "split.count", .type = SXT_GGUF_U16});
    assert_int_equal(sxt_gguf_writer_begin(w, NULL), SXT_OK);
    assert_int_equal(sxt_gguf_writer_commit(w, NULL), SXT_OK);
    sxt_gguf_close(gguf);
    gguf = open_file(path);
    assert_int_equal(sxt_gguf_n_values(gguf), 13);
    check_values(gguf);
    sxt_gguf_close(gguf);
    scratch_empty(&folder);
}

/* ---- What cannot be written ------------------------------------------------------------------- */

typedef void (*declare_fn)(sxt_gguf_writer *w);

static void key_twice(sxt_gguf_writer *w) { sxt_gguf_writer_u32(w, "a.u32", 8); }
static void empty_key(sxt_gguf_writer *w) { sxt_gguf_writer_u32(w, "", 8); }
static void string_missing(sxt_gguf_writer *w) { sxt_gguf_writer_string_array(w, "b", 1); }
static void string_too_many(sxt_gguf_writer *w) { sxt_gguf_writer_next_string(w, "b", 1); }

static void key_inside_array(sxt_gguf_writer *w) {
    sxt_gguf_writer_string_array(w, "b", 2);
    sxt_gguf_writer_u32(w, "c", 1);
}

static void tensor_twice(sxt_gguf_writer *w) {
    for (int i = 0; i < 2; i++) sxt_gguf_writer_tensor(w, "t", SXT_TYPE_F32, 1, (int64_t[]){4});
}

static void tensor_without_dims(sxt_gguf_writer *w) { sxt_gguf_writer_tensor(w, "t", SXT_TYPE_F32, 0, NULL); }

static void tensor_of_five_dims(sxt_gguf_writer *w) {
    sxt_gguf_writer_tensor(w, "t", SXT_TYPE_F32, 5, (int64_t[]){1, 1, 1, 1, 1});
}

static void tensor_with_dim_0(sxt_gguf_writer *w) {
    sxt_gguf_writer_tensor(w, "t", SXT_TYPE_F32, 2, (int64_t[]){0, 4});
}

static void tensor_of_odd_rows(sxt_gguf_writer *w) {
    sxt_gguf_writer_tensor(w, "t", SXT_TYPE_Q8_0, 2, (int64_t[]){4, 33});
}

static void tensor_of_unknown_type(sxt_gguf_writer *w) {
    sxt_gguf_writer_tensor(w, "t", (sxt_type)17, 1, (int64_t[]){256});
}

static void tensor_with_a_long_name(sxt_gguf_writer *w) {
    sxt_gguf_writer_tensor(w, "0123456789012345678901234567890123456789012345678901234567890123X", SXT_TYPE_F32,
                           1, (int64_t[]){4});
}

static void test_faults_are_told_at_begin(void **state) {
    (void)state;
    static const struct {
        declare_fn declare;
        const char *word;
    } faults[] = {
        {key_twice, "key 'a.u32' was given twice"},
        {empty_key, "has 0 bytes"},
        {string_missing, "lacks 1 strings"},
        {string_too_many, "complete"},
        {key_inside_array, "before 'c' lacks 2"},
        {tensor_twice, "tensor 't' was given twice"},
        {tensor_without_dims, "shape"},
        {tensor_of_five_dims, "shape"},
        {tensor_with_dim_0, "shape"},
        {tensor_of_odd_rows, "shape"},
        {tensor_of_unknown_type, "type"},
        {tensor_with_a_long_name, "65 bytes"},
    };
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        sxt_gguf_writer *w;
        sxt_error error = {0};
        assert_int_equal(sxt_gguf_writer_new(scratch_path(&folder, "bad.gguf"), &w, NULL), SXT_OK);
        declare_values(w);
        faults[i].declare(w);
        assert_int_equal(sxt_gguf_writer_begin(w, &error), SXT_E_ARGUMENT);
        if (!strstr(error.text, faults[i].word)) fail_msg("%s: %s", faults[i].word, error.text);
        sxt_gguf_writer_abort(w);
        assert_int_equal(scratch_empty(&folder), 0);
    }
}

static void test_bytes_must_fit_the_tensors(void **state) {
    (void)state;
    sxt_gguf_writer *w;
    sxt_error error;
    uint8_t bytes[20] = {0};
    assert_int_equal(sxt_gguf_writer_new(scratch_path(&folder, "bad.gguf"), &w, NULL), SXT_OK);
    sxt_gguf_writer_tensor(w, "t", SXT_TYPE_F32, 1, (int64_t[]){4});
    assert_int_equal(sxt_gguf_writer_data(w, bytes, 16, &error), SXT_E_ARGUMENT); /* not begun */
    assert_int_equal(sxt_gguf_writer_begin(w, &error), SXT_OK);
    assert_int_equal(sxt_gguf_writer_data(w, bytes, 17, &error), SXT_E_ARGUMENT);
    assert_int_equal(sxt_gguf_writer_data(w, bytes, 12, &error), SXT_OK);
    assert_int_equal(sxt_gguf_writer_commit(w, &error), SXT_E_ARGUMENT);
    assert_non_null(strstr(error.text, "0 of 1 tensors"));
    assert_int_equal(scratch_empty(&folder), 0);
}

static ssize_t full_disk(int fd, const void *bytes, size_t n) {
    (void)fd, (void)bytes, (void)n;
    errno = ENOSPC;
    return -1;
}

static void test_full_disk_leaves_the_old_file(void **state) {
    (void)state;
    const sxt_file_hooks hooks = {full_disk, fsync, rename};
    scratch_text(&folder, "out.gguf", "old");
    sxt_gguf_writer *w;
    sxt_error error;
    assert_int_equal(sxt_gguf_writer_new(scratch_path(&folder, "out.gguf"), &w, NULL), SXT_OK);
    declare_values(w);
    assert_int_equal(sxt_gguf_writer_begin(w, &error), SXT_OK);
    sxt_set_file_hooks(&hooks);
    assert_int_equal(sxt_gguf_writer_commit(w, &error), SXT_E_IO);
    sxt_set_file_hooks(NULL);
    assert_non_null(strstr(error.text, "No space left"));
    FILE *f = fopen(scratch_path(&folder, "out.gguf"), "rb");
    char text[8] = "";
    assert_int_equal(fread(text, 1, sizeof text - 1, f), 3);
    fclose(f);
    assert_string_equal(text, "old");
    assert_int_equal(scratch_empty(&folder), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_written_file_is_read_back),     cmocka_unit_test(test_values_are_copied),
        cmocka_unit_test(test_faults_are_told_at_begin),      cmocka_unit_test(test_bytes_must_fit_the_tensors),
        cmocka_unit_test(test_full_disk_leaves_the_old_file),
    };
    scratch_make(&folder);
    int n_failed = cmocka_run_group_tests(tests, NULL, NULL);
    scratch_remove(&folder);
    return n_failed;
}
