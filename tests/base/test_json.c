/* JSON: every kind of value, absent nodes, and documents that must be refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/memory.h"

#include <string.h>

static sxt_json *parse(const char *text) {
    sxt_json *document = NULL;
    sxt_error error;
    if (sxt_json_parse(text, strlen(text), &document, &error) != SXT_OK) fail_msg("%s: %s", text, error.text);
    return document;
}

static void values_of_every_kind(void **state) {
    (void)state;
    sxt_json *document =
        parse("{\"s\":\"a\\u0000\\u00fc\",\"i\":-9223372036854775808,\"r\":1.5e3,\"t\":true,\"f\":false,"
              "\"n\":null,\"a\":[1,2.5],\"o\":{}}");
    const char *text = NULL;
    size_t n = 0;
    int64_t integer = 0;
    double number = 0;
    bool flag = false;
    assert_true(sxt_json_string(sxt_json_get(document, "s"), &text, &n));
    assert_int_equal(n, 4);
    assert_memory_equal(text, "a\0\xc3\xbc", 4);
    assert_true(sxt_json_integer(sxt_json_get(document, "i"), &integer) && integer == INT64_MIN);
    assert_true(sxt_json_number(sxt_json_get(document, "r"), &number) && number == 1500.0);
    assert_true(sxt_json_number(sxt_json_get(document, "i"), &number) && number == -9223372036854775808.0);
    assert_true(sxt_json_bool(sxt_json_get(document, "t"), &flag) && flag);
    assert_true(sxt_json_bool(sxt_json_get(document, "f"), &flag) && !flag);
    static const struct {
        const char *key;
        sxt_json_kind kind;
    } kinds[] = {{"s", SXT_JSON_STRING}, {"i", SXT_JSON_INTEGER}, {"r", SXT_JSON_REAL},
                 {"t", SXT_JSON_BOOL},   {"f", SXT_JSON_BOOL},    {"n", SXT_JSON_NULL},
                 {"a", SXT_JSON_ARRAY},  {"o", SXT_JSON_OBJECT},  {"x", SXT_JSON_ABSENT}};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        assert_int_equal(sxt_json_kind_of(sxt_json_get(document, kinds[i].key)), kinds[i].kind);
    assert_true(sxt_json_is_none(sxt_json_get(document, "n")) && sxt_json_is_none(sxt_json_get(document, "x")));
    assert_false(sxt_json_is_none(sxt_json_get(document, "f")));
    assert_int_equal(sxt_json_size(document), 8);
    assert_int_equal(sxt_json_size(sxt_json_get(document, "a")), 2);
    assert_true(sxt_json_number(sxt_json_at(sxt_json_get(document, "a"), 1), &number) && number == 2.5);
    assert_null(sxt_json_at(sxt_json_get(document, "a"), 2));
    sxt_json_free(document);
}

/* A value of the wrong kind is never converted, and the output stays as it was. */
static void kinds_are_not_converted(void **state) {
    (void)state;
    sxt_json *document = parse("{\"i\":1,\"r\":1.0,\"s\":\"1\",\"t\":true}");
    static const char *const keys[] = {"i", "r", "s", "t", "absent"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const sxt_json *node = sxt_json_get(document, keys[i]);
        const char *text = NULL;
        size_t n = 77;
        int64_t integer = 77;
        double number = 77;
        bool flag = false;
        assert_int_equal(sxt_json_integer(node, &integer), i == 0);
        assert_int_equal(sxt_json_number(node, &number), i <= 1);
        assert_int_equal(sxt_json_string(node, &text, &n), i == 2);
        assert_int_equal(sxt_json_bool(node, &flag), i == 3);
        assert_true(i == 0 || integer == 77);
        assert_true(i <= 1 || number == 77);
        assert_true(i == 2 || (n == 77 && !text));
    }
    sxt_json_free(document);
}

static void absent_nodes_are_accepted_everywhere(void **state) {
    (void)state;
    sxt_json *document = parse("[1]"); /* an array has no members, a number no elements */
    assert_null(sxt_json_get(document, "key"));
    assert_null(sxt_json_get(NULL, "key"));
    assert_null(sxt_json_get(sxt_json_at(document, 0), "key"));
    assert_null(sxt_json_at(NULL, 0));
    assert_null(sxt_json_at(sxt_json_at(document, 0), 0));
    assert_null(sxt_json_next(NULL, NULL));
    assert_null(sxt_json_next(document, NULL));
    assert_int_equal(sxt_json_size(NULL), 0);
    assert_int_equal(sxt_json_size(sxt_json_at(document, 0)), 0);
    assert_int_equal(sxt_json_kind_of(NULL), SXT_JSON_ABSENT);
    sxt_json_free(document);
    sxt_json_free(NULL);
}

static void walks_an_object_in_its_order(void **state) {
    (void)state;
    sxt_json *document = parse("{\"b\":0,\"a\":1,\"\\u00fc\":2,\"\":3}");
    static const char *const keys[] = {"b", "a", "\xc3\xbc", ""};
    int64_t i = 0;
    for (void *it = sxt_json_next(document, NULL); it; it = sxt_json_next(document, it), i++) {
        int64_t value = -1;
        assert_string_equal(sxt_json_key(it), keys[i]);
        assert_int_equal(sxt_json_key_size(it), strlen(keys[i]));
        assert_true(sxt_json_integer(sxt_json_value(it), &value) && value == i);
    }
    assert_int_equal(i, 4);
    sxt_json_free(document);
}

static void bad_documents_are_refused(void **state) {
    (void)state;
    static const char *const texts[] = {
        "",
        " ",
        "{",
        "[1,]",
        "{\"a\":1,}",
        "{\"a\":1,\"a\":2}",
        "{'a':1}",
        "[01]",
        "[+1]",
        "[.5]",
        "[NaN]",
        "[Infinity]",
        "[1e999]",
        "[99999999999999999999]",
        "\"\\ud800\"",
        "\"\xff\"",
        "\"\xc0\xaf\"",
        "[1] 2",
        "\"a\nb\"",
        "nul",
        "{1:2}",
        "[1}",
        "\"\\x\"",
        "// no\n[]",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        sxt_json *document = NULL;
        sxt_error error = {0};
        if (sxt_json_parse(texts[i], strlen(texts[i]), &document, &error) != SXT_E_FORMAT)
            fail_msg("accepted: %s", texts[i]);
        assert_null(document);
        assert_non_null(strstr(error.text, "not valid JSON"));
        assert_null(strchr(error.text, '\n'));
    }
}

/* The parser sees n bytes, not a C string. */
static void only_n_bytes_are_read(void **state) {
    (void)state;
    char *bytes = sxt_alloc(3, 1); /* no NUL after it */
    memcpy(bytes, "[1]", 3);
    sxt_json *document = NULL;
    sxt_error error;
    assert_int_equal(sxt_json_parse(bytes, 3, &document, &error), SXT_OK);
    sxt_json_free(document);
    assert_int_equal(sxt_json_parse(bytes, 2, &document, &error), SXT_E_FORMAT);
    assert_int_equal(sxt_json_parse("[1]\0[2]", 7, &document, &error), SXT_E_FORMAT);
    sxt_free(bytes);
}

static void endless_nesting_is_refused(void **state) {
    (void)state;
    enum { DEPTH = 2000000 };
    char *text = sxt_alloc(DEPTH, 1);
    memset(text, '[', DEPTH);
    sxt_json *document = NULL;
    sxt_error error;
    assert_int_equal(sxt_json_parse(text, DEPTH, &document, &error), SXT_E_FORMAT);
    sxt_free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_of_every_kind),
        cmocka_unit_test(kinds_are_not_converted),
        cmocka_unit_test(absent_nodes_are_accepted_everywhere),
        cmocka_unit_test(walks_an_object_in_its_order),
        cmocka_unit_test(bad_documents_are_refused),
        cmocka_unit_test(only_n_bytes_are_read),
        cmocka_unit_test(endless_nesting_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
