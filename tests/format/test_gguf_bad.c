/* Files made wrong by hand: each is refused with its status, a telling word and the byte where it is wrong. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "format/gguf.h"
#include "format/gguf_bytes.h"

enum {
    START,
    VERSION,
    N_TENSORS,
    N_VALUES,
    KEY_SIZE,
    KEY,
    KEY_END,
    TYPE,
    STRING_SIZE,
    STRING,
    ALIGN_TYPE,
    ALIGN,
    BOOL,
    ARRAY_TYPE,
    ARRAY_ELEMENT,
    ARRAY_COUNT,
    ARRAY,
    BOOLS,
    BOOLS_LAST,
    STRINGS_COUNT,
    STRINGS,
    STRINGS_SECOND,
    LAST_KEY_END,
    LAST_VALUE,
    NAME_SIZE,
    NAME,
    N_DIMS,
    DIM_0,
    DIM_1,
    TENSOR_TYPE,
    OFFSET,
    OTHER_RECORD,
    OTHER_NAME_END,
    OTHER_DIM_0,
    OTHER_TYPE,
    OTHER_OFFSET,
    END
};

/* A small right file with one of everything. */
static void make_good(gguf_bytes *g, uint32_t version) {
    memset(g, 0, sizeof *g);
    put_header(g, version, 2, 7);
    g->marks[VERSION] = 4;
    g->marks[N_TENSORS] = 8;
    g->marks[N_VALUES] = 16;
    mark(g, KEY_SIZE);
    g->marks[KEY] = g->n + 8;
    put_text(g, "general.architecture");
    mark(g, KEY_END);
    mark(g, TYPE);
    put_number(g, 8, 4);
    mark(g, STRING_SIZE);
    g->marks[STRING] = g->n + 8;
    put_text(g, "llama");
    put_text(g, "general.alignment");
    mark(g, ALIGN_TYPE);
    put_number(g, 4, 4);
    mark(g, ALIGN);
    put_number(g, 32, 4);
    put_value(g, "a.bool", 7, 1, 1);
    g->marks[BOOL] = g->n - 1;
    put_text(g, "a.array");
    mark(g, ARRAY_TYPE);
    put_number(g, 9, 4);
    mark(g, ARRAY_ELEMENT);
    put_number(g, 5, 4);
    mark(g, ARRAY_COUNT);
    put_number(g, 3, 8);
    mark(g, ARRAY);
    put_ramp(g, 12);
    put_array_head(g, "a.bools", 7, 3);
    mark(g, BOOLS);
    put_raw(g, "\1\0\1", 3);
    g->marks[BOOLS_LAST] = g->n - 1;
    put_array_head(g, "a.strings", 8, 2);
    g->marks[STRINGS_COUNT] = g->n - 8;
    mark(g, STRINGS);
    put_text(g, "one");
    mark(g, STRINGS_SECOND);
    put_text(g, "two");
    put_value(g, "a.boom", 7, 0, 1); /* one letter from a.bool */
    g->marks[LAST_VALUE] = g->n - 1;
    g->marks[LAST_KEY_END] = g->n - 6;
    mark(g, NAME_SIZE);
    g->marks[NAME] = g->n + 8;
    put_text(g, "first");
    mark(g, N_DIMS);
    put_number(g, 2, 4);
    mark(g, DIM_0);
    put_number(g, 4, 8);
    mark(g, DIM_1);
    put_number(g, 3, 8);
    mark(g, TENSOR_TYPE);
    put_number(g, 0, 4);
    mark(g, OFFSET);
    put_number(g, 0, 8);
    mark(g, OTHER_RECORD);
    put_text(g, "firsu");
    mark(g, OTHER_NAME_END);
    put_number(g, 2, 4);
    mark(g, OTHER_DIM_0);
    put_number(g, 32, 8);
    put_number(g, 2, 8);
    mark(g, OTHER_TYPE);
    put_number(g, 8, 4);
    mark(g, OTHER_OFFSET);
    put_number(g, 64, 8);
    put_padding(g, 32);
    put_ramp(g, 48);
    put_padding(g, 32);
    put_ramp(g, 68);
    mark(g, END);
}

typedef struct patch {
    int mark;
    int before; /* bytes before the mark */
    size_t width;
    uint64_t value;
} patch;

typedef struct bad_file {
    const char *name;
    patch patches[2];
    sxt_status status;
    const char *word;
    int at; /* mark of the expected offset */
} bad_file;

#define TWO_TO(n) (UINT64_C(1) << (n))

static const bad_file bad_files[] = {
    {"magic", {{START, 0, 1, 'X'}}, SXT_E_FORMAT, "not a GGUF file", START},
    {"magic in lower case", {{START, 0, 4, 0x66756767}}, SXT_E_FORMAT, "not a GGUF file", START},
    {"magic of a big-endian machine", {{START, 0, 4, 0x47475546}}, SXT_E_FORMAT, "big-endian", START},
    {"version 0", {{VERSION, 0, 4, 0}}, SXT_E_FORMAT, "version 0", VERSION},
    {"version 1", {{VERSION, 0, 4, 1}}, SXT_E_UNSUPPORTED, "version 1", VERSION},
    {"version 4", {{VERSION, 0, 4, 4}}, SXT_E_UNSUPPORTED, "version 4", VERSION},
    {"version 2^32-1", {{VERSION, 0, 4, 0xffffffff}}, SXT_E_UNSUPPORTED, "update", VERSION},
    {"big-endian version 3", {{VERSION, 0, 4, 0x03000000}}, SXT_E_UNSUPPORTED, "big-endian", VERSION},
    {"big-endian version 2", {{VERSION, 0, 4, 0x02000000}}, SXT_E_UNSUPPORTED, "little-endian", VERSION},

    {"more tensors than bytes", {{N_TENSORS, 0, 8, 60000}}, SXT_E_FORMAT, "60000 tensors", N_TENSORS},
    {"more tensors than allowed", {{N_TENSORS, 0, 8, 65537}}, SXT_E_FORMAT, "at most 65536", N_TENSORS},
    {"2^61 tensors", {{N_TENSORS, 0, 8, TWO_TO(61)}}, SXT_E_FORMAT, "at most", N_TENSORS},
    {"-1 tensors", {{N_TENSORS, 0, 8, UINT64_MAX}}, SXT_E_FORMAT, "at most", N_TENSORS},
    {"more keys than bytes", {{N_VALUES, 0, 8, 60000}}, SXT_E_FORMAT, "60000 keys", N_VALUES},
    {"more keys than allowed", {{N_VALUES, 0, 8, 65537}}, SXT_E_FORMAT, "at most 65536", N_VALUES},
    {"2^61 keys", {{N_VALUES, 0, 8, TWO_TO(61)}}, SXT_E_FORMAT, "at most", N_VALUES},
    {"-1 keys", {{N_VALUES, 0, 8, UINT64_MAX}}, SXT_E_FORMAT, "at most", N_VALUES},

    {"empty key", {{KEY_SIZE, 0, 8, 0}}, SXT_E_FORMAT, "empty", KEY_SIZE},
    {"key longer than the file", {{KEY_SIZE, 0, 8, 60000}}, SXT_E_FORMAT, "ends inside a key", KEY},
    {"key longer than allowed", {{KEY_SIZE, 0, 8, 65536}}, SXT_E_FORMAT, "at most 65535", KEY_SIZE},
    {"key of 2^63 bytes", {{KEY_SIZE, 0, 8, TWO_TO(63)}}, SXT_E_FORMAT, "at most", KEY_SIZE},
    {"key of -1 bytes", {{KEY_SIZE, 0, 8, UINT64_MAX}}, SXT_E_FORMAT, "at most", KEY_SIZE},
    {"key that holds a NUL", {{KEY, 0, 1, 0}}, SXT_E_FORMAT, "NUL", KEY_SIZE},
    {"key twice", {{LAST_KEY_END, 0, 1, 'l'}}, SXT_E_FORMAT, "'a.bool' stands twice", LAST_VALUE},

    {"value type 13", {{TYPE, 0, 4, 13}}, SXT_E_FORMAT, "value type 13", TYPE},
    {"value type 2^32-1", {{TYPE, 0, 4, 0xffffffff}}, SXT_E_FORMAT, "value type 4294967295", TYPE},
    {"string longer than the file", {{STRING_SIZE, 0, 8, 60000}}, SXT_E_FORMAT, "ends inside", STRING},
    {"string longer than allowed", {{STRING_SIZE, 0, 8, TWO_TO(40)}}, SXT_E_FORMAT, "at most", STRING_SIZE},
    {"string of -1 bytes", {{STRING_SIZE, 0, 8, UINT64_MAX}}, SXT_E_FORMAT, "at most", STRING_SIZE},
    {"bool of 2", {{BOOL, 0, 1, 2}}, SXT_E_FORMAT, "bool is 2", BOOL},
    {"bool of 255 in an array", {{BOOLS_LAST, 0, 1, 255}}, SXT_E_FORMAT, "bool is 255", BOOLS_LAST},

    {"alignment 0", {{ALIGN, 0, 4, 0}}, SXT_E_FORMAT, "power of two", ALIGN},
    {"alignment 1", {{ALIGN, 0, 4, 1}}, SXT_E_FORMAT, "'general.alignment' is 1;", ALIGN},
    {"alignment 3", {{ALIGN, 0, 4, 3}}, SXT_E_FORMAT, "power of two", ALIGN},
    {"alignment 4", {{ALIGN, 0, 4, 4}}, SXT_E_FORMAT, "power of two", ALIGN},
    {"alignment 48", {{ALIGN, 0, 4, 48}}, SXT_E_FORMAT, "power of two", ALIGN},
    {"alignment 2^17", {{ALIGN, 0, 4, TWO_TO(17)}}, SXT_E_FORMAT, "65536", ALIGN},
    {"alignment 2^31", {{ALIGN, 0, 4, TWO_TO(31)}}, SXT_E_FORMAT, "65536", ALIGN},
    {"alignment -32", {{ALIGN_TYPE, 0, 4, 5}, {ALIGN, 0, 4, 0xffffffe0}}, SXT_E_FORMAT, "is -32", ALIGN},
    {"alignment as a float", {{ALIGN_TYPE, 0, 4, 6}}, SXT_E_FORMAT, "an integer is needed", ALIGN},

    {"array of type 13", {{ARRAY_ELEMENT, 0, 4, 13}}, SXT_E_FORMAT, "value type 13", ARRAY_ELEMENT},
    {"array of arrays", {{ARRAY_ELEMENT, 0, 4, 9}}, SXT_E_UNSUPPORTED, "array of arrays", ARRAY_ELEMENT},
    {"array longer than the file", {{ARRAY_COUNT, 0, 8, 60000}}, SXT_E_FORMAT, "60000 elements", ARRAY_COUNT},
    {"array whose bytes wrap", {{ARRAY_COUNT, 0, 8, TWO_TO(62)}}, SXT_E_FORMAT, "elements needs", ARRAY_COUNT},
    {"array of -1 elements", {{ARRAY_COUNT, 0, 8, UINT64_MAX}}, SXT_E_FORMAT, "elements needs", ARRAY_COUNT},
    {"strings, 2^61 of them", {{STRINGS_COUNT, 0, 8, TWO_TO(61)}}, SXT_E_FORMAT, "needs", STRINGS_COUNT},
    {"strings, -1 of them", {{STRINGS_COUNT, 0, 8, UINT64_MAX}}, SXT_E_FORMAT, "needs", STRINGS_COUNT},
    {"first string of -8 bytes", {{STRINGS, 0, 8, UINT64_MAX - 7}}, SXT_E_FORMAT, "at most", STRINGS},
    {"second string of 2^63 bytes",
     {{STRINGS_SECOND, 0, 8, TWO_TO(63)}},
     SXT_E_FORMAT,
     "at most",
     STRINGS_SECOND},

    {"empty tensor name", {{NAME_SIZE, 0, 8, 0}}, SXT_E_FORMAT, "name is empty", NAME_SIZE},
    {"tensor name of 65 bytes", {{NAME_SIZE, 0, 8, 65}}, SXT_E_FORMAT, "at most 64", NAME_SIZE},
    {"tensor name of -1 bytes", {{NAME_SIZE, 0, 8, UINT64_MAX}}, SXT_E_FORMAT, "at most 64", NAME_SIZE},
    {"tensor name that holds a NUL", {{NAME, 0, 1, 0}}, SXT_E_FORMAT, "NUL", NAME_SIZE},
    {"tensor name twice", {{OTHER_NAME_END, 1, 1, 't'}}, SXT_E_FORMAT, "'first' stands twice", OTHER_RECORD},
    {"no dimensions", {{N_DIMS, 0, 4, 0}}, SXT_E_FORMAT, "0 dimensions", N_DIMS},
    {"five dimensions", {{N_DIMS, 0, 4, 5}}, SXT_E_FORMAT, "5 dimensions", N_DIMS},
    {"2^32-1 dimensions", {{N_DIMS, 0, 4, 0xffffffff}}, SXT_E_FORMAT, "4294967295 dimensions", N_DIMS},
    {"first dimension 0", {{DIM_0, 0, 8, 0}}, SXT_E_FORMAT, "dimension of 0", DIM_0},
    {"second dimension 0", {{DIM_1, 0, 8, 0}}, SXT_E_FORMAT, "dimension of 0", DIM_1},
    {"dimension above 2^31", {{DIM_0, 0, 8, TWO_TO(31) + 1}}, SXT_E_FORMAT, "2147483649", DIM_0},
    {"dimension of 2^63", {{DIM_1, 0, 8, TWO_TO(63)}}, SXT_E_FORMAT, "2^31", DIM_1},
    {"dimension of -1", {{DIM_1, 0, 8, UINT64_MAX}}, SXT_E_FORMAT, "2^31", DIM_1},
    {"product above 2^40", {{DIM_0, 0, 8, TWO_TO(31)}, {DIM_1, 0, 8, 513}}, SXT_E_FORMAT, "2^40", DIM_1},
    {"product that wraps", {{DIM_0, 0, 8, TWO_TO(31)}, {DIM_1, 0, 8, TWO_TO(31)}}, SXT_E_FORMAT, "2^40", DIM_1},

    {"type IQ2_XS", {{TENSOR_TYPE, 0, 4, 17}}, SXT_E_UNSUPPORTED, "type IQ2_XS (number 17)", TENSOR_TYPE},
    {"type Q8_1", {{OTHER_TYPE, 0, 4, 9}}, SXT_E_UNSUPPORTED, "Q8_1", OTHER_TYPE},
    {"type I32", {{TENSOR_TYPE, 0, 4, 26}}, SXT_E_UNSUPPORTED, "I32", TENSOR_TYPE},
    {"type 4, withdrawn", {{TENSOR_TYPE, 0, 4, 4}}, SXT_E_UNSUPPORTED, "unknown (number 4)", TENSOR_TYPE},
    {"type 33", {{TENSOR_TYPE, 0, 4, 33}}, SXT_E_UNSUPPORTED, "number 33", TENSOR_TYPE},
    {"type 40", {{TENSOR_TYPE, 0, 4, 40}}, SXT_E_UNSUPPORTED, "number 40", TENSOR_TYPE},
    {"type 2^32-1", {{TENSOR_TYPE, 0, 4, 0xffffffff}}, SXT_E_UNSUPPORTED, "Q4_K", TENSOR_TYPE},
    {"row not whole Q8_0 blocks", {{TENSOR_TYPE, 0, 4, 8}}, SXT_E_FORMAT, "multiple of 32", TENSOR_TYPE},
    {"row not whole Q4_K blocks", {{OTHER_TYPE, 0, 4, 12}}, SXT_E_FORMAT, "multiple of 256", OTHER_TYPE},

    {"offset of 1", {{OFFSET, 0, 8, 1}}, SXT_E_FORMAT, "alignment 32", OFFSET},
    {"offset of 16", {{OTHER_OFFSET, 0, 8, 80}}, SXT_E_FORMAT, "alignment 32", OTHER_OFFSET},
    {"offset at the next block",
     {{OTHER_OFFSET, 0, 8, 96}},
     SXT_E_FORMAT,
     "needs 68 bytes at 96",
     OTHER_OFFSET},
    {"offset past the file", {{OTHER_OFFSET, 0, 8, 1 << 20}}, SXT_E_FORMAT, "cut off", OTHER_OFFSET},
    {"offset of 2^63", {{OFFSET, 0, 8, TWO_TO(63)}}, SXT_E_FORMAT, "cut off", OFFSET},
    {"offset that wraps", {{OFFSET, 0, 8, UINT64_MAX - 31}}, SXT_E_FORMAT, "cut off", OFFSET},
    {"tensor larger than the file", {{OTHER_DIM_0, 0, 8, 64}}, SXT_E_FORMAT, "needs 136 bytes", OTHER_OFFSET},
    {"tensor of a terabyte", {{OTHER_DIM_0, 0, 8, TWO_TO(31)}}, SXT_E_FORMAT, "'firsu' needs", OTHER_OFFSET},
    {"two tensors at one place", {{OTHER_OFFSET, 0, 8, 0}}, SXT_E_FORMAT, "overlap", OTHER_OFFSET},
    {"tensors that overlap",
     {{OTHER_OFFSET, 0, 8, 32}},
     SXT_E_FORMAT,
     "'first' and 'firsu' overlap",
     OTHER_OFFSET},
};
enum { N_BAD = sizeof bad_files / sizeof bad_files[0] };

/* Parses an exact-size copy, so that a read past the end is seen. */
static sxt_status parse_copy(const void *data, size_t n, bool vocab_only, sxt_error *error) {
    uint8_t *copy = malloc(n ? n : 1);
    sxt_gguf *gguf = NULL;
    if (n) memcpy(copy, data, n);
    sxt_status status = sxt_gguf_parse(copy, n, vocab_only, &gguf, error);
    if (status != SXT_OK) assert_null(gguf);
    sxt_gguf_close(gguf);
    free(copy);
    return status;
}

static void test_good_file_is_read(void **state) {
    (void)state;
    static gguf_bytes g;
    sxt_error error;
    for (uint32_t version = 2; version <= 3; version++) {
        make_good(&g, version);
        assert_int_equal(parse_copy(g.data, g.n, false, &error), SXT_OK);
    }
}

static void test_bad_files(void **state) {
    (void)state;
    static gguf_bytes g;
    assert_true(N_BAD >= 60);
    for (size_t i = 0; i < N_BAD; i++) {
        const bad_file *bad = &bad_files[i];
        make_good(&g, 3);
        for (size_t k = 0; k < 2 && bad->patches[k].width; k++) {
            const patch *p = &bad->patches[k];
            memcpy(g.data + g.marks[p->mark] - p->before, &p->value, p->width);
        }
        sxt_error error = {0};
        sxt_status status = parse_copy(g.data, g.n, false, &error);
        if (status != bad->status || !strstr(error.text, bad->word) || error.offset != g.marks[bad->at])
            fail_msg("%s: %s at %llu (expected %zu): %s", bad->name, sxt_status_name(status),
                     (unsigned long long)error.offset, g.marks[bad->at], error.text);
        assert_int_equal(error.status, status);
        assert_true(mutate_error_is_one_line(error.text));
    }
}

/* Other things that people take for a model. */
static void test_foreign_files(void **state) {
    (void)state;
    static const struct {
        const char *bytes, *word;
        size_t n;
    } files[] = {
        {"", "empty", 0},
        {"GGU", "not a GGUF file", 3},
        {"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull", 55},
        {"<!DOCTYPE html><html></html>", "web page", 28},
        {"<html><body>404</body></html>", "web page", 29},
        {"PK\3\4 archive/data.pkl", "zip", 21},
        {"\x80\x02}q\x01.", "pickle", 6},
        {"tjgg\3\0\0\0", "before GGUF", 8},
        {"\x02\0\0\0\0\0\0\0{}", "safetensors", 10},
        {"{\"architectures\": []}", "Hugging Face folder", 21},
    };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        sxt_error error = {0};
        assert_int_equal(parse_copy(files[i].bytes, files[i].n, false, &error), SXT_E_FORMAT);
        if (!strstr(error.text, files[i].word)) fail_msg("%s: %s", files[i].word, error.text);
    }
}

static void test_truncated_at_every_byte(void **state) {
    (void)state;
    static gguf_bytes g;
    make_good(&g, 3);
    for (size_t n = 0; n < g.n; n++) {
        sxt_error error = {0};
        if (parse_copy(g.data, n, false, &error) != SXT_E_FORMAT) fail_msg("%zu of %zu bytes", n, g.n);
        assert_true(error.offset <= n);
        assert_true(mutate_error_is_one_line(error.text));
        /* The vocabulary needs no tensors: it is whole as soon as the last value is. */
        sxt_status expected = n > g.marks[LAST_VALUE] && n >= 24 + 2 * 33 ? SXT_OK : SXT_E_FORMAT;
        assert_int_equal(parse_copy(g.data, n, true, &error), expected);
    }
}

static void test_vocab_only_ignores_tensors(void **state) {
    (void)state;
    static gguf_bytes g;
    sxt_error error;
    make_good(&g, 3);
    memcpy(g.data + g.marks[TENSOR_TYPE], &(uint32_t){17}, 4);
    assert_int_equal(parse_copy(g.data, g.n, false, &error), SXT_E_UNSUPPORTED);
    assert_int_equal(parse_copy(g.data, g.n, true, &error), SXT_OK);
}

static void test_errors_may_be_ignored(void **state) {
    (void)state;
    assert_int_equal(parse_copy("GGUF", 4, false, NULL), SXT_E_FORMAT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_file_is_read),
        cmocka_unit_test(test_bad_files),
        cmocka_unit_test(test_foreign_files),
        cmocka_unit_test(test_truncated_at_every_byte),
        cmocka_unit_test(test_vocab_only_ignores_tensors),
        cmocka_unit_test(test_errors_may_be_ignored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
