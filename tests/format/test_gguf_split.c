/* Models in several files: any part opens all, and parts that do not belong together are refused. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "format/gguf_bytes.h"
#include "format/gguf_split.h"
#include "format/gguf_writer.h"
#include "format/scratch_folder.h"

static scratch folder;

typedef struct part {
    const char *file;
    int no, count, n_tensors; /* what its keys say; count -1: no split keys */
    const char *tensors[3];   /* one row of 4 floats each */
} part;

static void write_part(const part *p) {
    sxt_gguf_writer *w;
    assert_int_equal(sxt_gguf_writer_new(scratch_path(&folder, p->file), &w, NULL), SXT_OK);
    if (p->no == 0) sxt_gguf_writer_string(w, "general.name", "in parts", 8);
    if (p->count >= 0) {
        sxt_gguf_writer_u16(w, "split.no", (uint16_t)p->no);
        sxt_gguf_writer_u16(w, "split.count", (uint16_t)p->count);
        sxt_gguf_writer_i32(w, "split.tensors.count", p->n_tensors);
    }
    for (int i = 0; i < 3 && p->tensors[i]; i++)
        sxt_gguf_writer_tensor(w, p->tensors[i], SXT_TYPE_F32, 1, (int64_t[]){4});
    assert_int_equal(sxt_gguf_writer_begin(w, NULL), SXT_OK);
    for (int i = 0; i < 3 && p->tensors[i]; i++) {
        float row[4] = {(float)p->no, (float)i, 2, 3};
        assert_int_equal(sxt_gguf_writer_data(w, row, sizeof row, NULL), SXT_OK);
    }
    assert_int_equal(sxt_gguf_writer_commit(w, NULL), SXT_OK);
}

static const part right[] = {
    {"m-00001-of-00003.gguf", 0, 3, 5, {"a", "b"}},
    {"m-00002-of-00003.gguf", 1, 3, 5, {"c"}},
    {"m-00003-of-00003.gguf", 2, 3, 5, {"d", "e"}},
};

static void write_right(void) {
    scratch_empty(&folder);
    for (int i = 0; i < 3; i++) write_part(&right[i]);
}

static void check_opened(const char *file) {
    static const char *const names[] = {"a", "b", "c", "d", "e"};
    sxt_gguf *gguf = NULL;
    sxt_error error = {0};
    if (sxt_gguf_open(scratch_path(&folder, file), false, &gguf, &error) != SXT_OK) fail_msg("%s", error.text);
    assert_int_equal(sxt_gguf_n_tensors(gguf), 5);
    for (int i = 0; i < 5; i++) {
        const sxt_tensor *t = sxt_gguf_tensor_at(gguf, i);
        assert_string_equal(t->name, names[i]);
        assert_ptr_equal(sxt_gguf_find_tensor(gguf, names[i]), t);
    }
    float row[4];
    memcpy(row, sxt_gguf_find_tensor(gguf, "e")->data, sizeof row);
    assert_true(row[0] == 2 && row[1] == 1);
    const char *text;
    size_t n = 0;
    assert_int_equal(sxt_gguf_get_string(gguf, "general.name", &text, &n, NULL, NULL), SXT_OK);
    assert_int_equal(n, 8);
    sxt_gguf_close(gguf);
}

static void test_any_part_opens_all(void **state) {
    (void)state;
    write_right();
    for (int i = 0; i < 3; i++) check_opened(right[i].file);
}

static void test_vocabulary_needs_the_first_part_alone(void **state) {
    (void)state;
    write_right();
    unlink(scratch_path(&folder, right[2].file));
    sxt_gguf *gguf = NULL;
    bool found = false;
    const char *text;
    size_t n;
    assert_int_equal(sxt_gguf_open(scratch_path(&folder, right[1].file), true, &gguf, NULL), SXT_OK);
    assert_int_equal(sxt_gguf_get_string(gguf, "general.name", &text, &n, &found, NULL), SXT_OK);
    assert_true(found);
    sxt_gguf_close(gguf);
}

static void assert_refused(const char *file, sxt_status status, const char *word, const char *also) {
    sxt_gguf *gguf = NULL;
    sxt_error error = {0};
    assert_int_equal(sxt_gguf_open(scratch_path(&folder, file), false, &gguf, &error), status);
    assert_null(gguf);
    if (!strstr(error.text, word) || !strstr(error.text, also)) fail_msg("%s, %s: %s", word, also, error.text);
    assert_true(mutate_error_is_one_line(error.text));
}

static void test_missing_part_is_named(void **state) {
    (void)state;
    for (int i = 1; i < 3; i++) {
        write_right();
        unlink(scratch_path(&folder, right[i].file));
        assert_refused(right[0].file, SXT_E_IO, right[i].file, "is missing");
    }
    write_right();
    unlink(scratch_path(&folder, right[0].file));
    assert_refused(right[2].file, SXT_E_IO, right[0].file, "part 1 of 3");
}

static void test_damaged_part_is_named(void **state) {
    (void)state;
    write_right();
    scratch_text(&folder, right[1].file, "GGUF");
    assert_refused(right[0].file, SXT_E_FORMAT, right[1].file, "ends inside");
}

static void test_parts_that_disagree(void **state) {
    (void)state;
    static const struct {
        part part;
        const char *word, *also;
    } cases[] = {
        {{"m-00002-of-00003.gguf", 2, 3, 5, {"c"}}, "m-00002-of-00003.gguf", "by its keys part 3 of 3"},
        {{"m-00002-of-00003.gguf", 1, 4, 5, {"c"}}, "m-00002-of-00003.gguf", "by its keys part 2 of 4"},
        {{"m-00002-of-00003.gguf", 1, -1, 5, {"c"}}, "m-00002-of-00003.gguf", "part 1 of 1"},
        {{"m-00002-of-00003.gguf", 1, 3, 5, {"c", "c2"}}, "split.tensors.count' is 5", "hold 6 tensors"},
        {{"m-00002-of-00003.gguf", 1, 3, 5, {NULL}}, "split.tensors.count' is 5", "hold 4 tensors"},
        {{"m-00002-of-00003.gguf", 1, 3, 5, {"d"}}, "tensor 'd'", "two parts"},
        {{"m-00002-of-00003.gguf", 3, 3, 5, {"c"}}, "'split.no' is 3", "m-00002"},
        {{"m-00001-of-00003.gguf", 0, 5, 5, {"a"}}, "m-00001-of-00003.gguf", "-00001-of-00005.gguf"},
        {{"m-00001-of-00003.gguf", 0, 1025, 5, {"a"}}, "'split.count' is 1025", "1024"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        write_right();
        write_part(&cases[i].part);
        assert_refused(right[0].file, SXT_E_FORMAT, cases[i].word, cases[i].also);
    }
}

static void test_renamed_part_is_refused(void **state) {
    (void)state;
    scratch_empty(&folder);
    const part renamed = {"model.gguf", 0, 3, 5, {"a"}};
    write_part(&renamed);
    assert_refused("model.gguf", SXT_E_FORMAT, "part 1 of 3", "original names");
}

/* Names alone make no split: the keys decide. */
static void test_single_file_may_look_like_a_part(void **state) {
    (void)state;
    static const part singles[] = {
        {"m-00001-of-00002.gguf", 0, -1, 0, {"a"}},
        {"m-00001-of-00001.gguf", 0, 1, 1, {"a"}},
        {"merged.gguf", 0, 0, 1, {"a"}}, /* what merging leaves */
    };
    for (size_t i = 0; i < sizeof singles / sizeof singles[0]; i++) {
        scratch_empty(&folder);
        write_part(&singles[i]);
        sxt_gguf *gguf = NULL;
        assert_int_equal(sxt_gguf_open(scratch_path(&folder, singles[i].file), false, &gguf, NULL), SXT_OK);
        assert_int_equal(sxt_gguf_n_tensors(gguf), 1);
        sxt_gguf_close(gguf);
    }
}

static void test_names(void **state) {
    (void)state;
    static const char *const wrong[] = {"",
                                        "m.gguf",
                                        "00001-of-00002.gguf",
                                        "m-0001-of-0002.gguf",
                                        "m-00003-of-00002.gguf",
                                        "m-00000-of-00002.gguf",
                                        "m-00001-of-00002.bin",
                                        "m-0000x-of-00002.gguf",
                                        "m-00001-to-00002.gguf"};
    sxt_split_name name;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_false(sxt_split_name_parse(wrong[i], &name));
    assert_true(sxt_split_name_parse("a/b-00007-of-00012.gguf", &name));
    assert_true(name.n_prefix == 3 && name.no == 7 && name.count == 12);
    char *path = sxt_split_name_of("a/b-00007-of-00012.gguf", &name, 3);
    assert_string_equal(path, "a/b-00003-of-00012.gguf");
    sxt_free(path);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_part_opens_all),
        cmocka_unit_test(test_vocabulary_needs_the_first_part_alone),
        cmocka_unit_test(test_missing_part_is_named),
        cmocka_unit_test(test_damaged_part_is_named),
        cmocka_unit_test(test_parts_that_disagree),
        cmocka_unit_test(test_renamed_part_is_refused),
        cmocka_unit_test(test_single_file_may_look_like_a_part),
        cmocka_unit_test(test_names),
    };
    scratch_make(&folder);
    int n_failed = cmocka_run_group_tests(tests, NULL, NULL);
    scratch_remove(&folder);
    return n_failed;
}
