/* The sample model's tokenizer: the ids that its authors' own code gave, from the folder and the GGUF. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/memory.h"
#include "shared_path.h"
#include "text/json_tokenizer.h"

static sxt_tokenizer *open_folder(void) {
    sxt_map json, config;
    sxt_tokenizer *t = NULL;
    sxt_error error;
    assert_int_equal(sxt_map_open("tests/data/tiny/tokenizer.json", &json, NULL), SXT_OK);
    assert_int_equal(sxt_map_open("tests/data/tiny/tokenizer_config.json", &config, NULL), SXT_OK);
    char *text = sxt_copy_text((const char *)config.data, config.size);
    if (tokenizer_from_json((const char *)json.data, json.size, text, &t, &error) != SXT_OK)
        fail_msg("%s", error.text);
    sxt_free(text);
    sxt_map_close(&json);
    sxt_map_close(&config);
    return t;
}

/* The ids of a pass-key prompt are those of its input, BOS in front, and of its target. */
static void check_item(const sxt_tokenizer *t, const sxt_json *item, bool *checked) {
    const sxt_json *want = sxt_json_get(item, "ids");
    const char *text;
    size_t n;
    int32_t *ids = NULL;
    int64_t n_ids = 0, id;
    if (!want) return;
    assert_true(sxt_json_string(sxt_json_get(item, "input"), &text, &n));
    assert_int_equal(sxt_tokenizer_encode(t, text, n, SXT_TOKENIZE_ADD_SPECIAL, &ids, &n_ids, NULL), SXT_OK);
    assert_int_equal(n_ids, sxt_json_size(want));
    for (int64_t i = 0; i < n_ids; i++) {
        assert_true(sxt_json_integer(sxt_json_at(want, (size_t)i), &id));
        assert_int_equal(ids[i], id);
    }
    sxt_free(ids);
    *checked = true;
}

static void test_pass_key_prompts(void **state) {
    sxt_map map;
    bool checked = false;
    (void)state;
    sxt_tokenizer *t = open_folder();
    assert_int_equal(sxt_map_open("models/passkey.jsonl", &map, NULL), SXT_OK);
    const char *at = (const char *)map.data, *end = at + map.size;
    while (at < end) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        sxt_json *item = NULL;
        if (!line_end) line_end = end;
        if (line_end > at) {
            assert_int_equal(sxt_json_parse(at, (size_t)(line_end - at), &item, NULL), SXT_OK);
            check_item(t, item, &checked);
            sxt_json_free(item);
        }
        at = line_end + 1;
    }
    assert_true(checked);
    sxt_map_close(&map);
    sxt_tokenizer_free(t);
}

static void test_facts(void **state) {
    (void)state;
    sxt_tokenizer *t = open_folder();
    assert_int_equal(sxt_tokenizer_n_vocab(t), 1536);
    assert_int_equal(sxt_tokenizer_bos(t), 0);
    assert_int_equal(sxt_tokenizer_eos(t), 1);
    assert_true(sxt_tokenizer_add_bos(t));
    assert_false(sxt_tokenizer_add_eos(t));
    assert_true(sxt_tokenizer_ends(t, 1));
    assert_string_equal(sxt_tokenizer_pre(t), "gpt-2");
    sxt_tokenizer_free(t);
}

static void test_folder_and_gguf_agree(void **state) {
    char gguf[512], book[512];
    sxt_source source = {0};
    sxt_tokenizer *from_gguf = NULL;
    sxt_map map;
    sxt_error error;
    int32_t *a = NULL, *b = NULL;
    int64_t n_a = 0, n_b = 0;
    (void)state;
    if (!shared_path(gguf, sizeof gguf, "models/tiny/tiny-f16.gguf") ||
        !shared_path(book, sizeof book, "data/text/TheMonk.txt"))
        skip();
    sxt_tokenizer *t = open_folder();
    if (sxt_source_open(gguf, true, &source, &error) != SXT_OK) fail_msg("%s", error.text);
    if (sxt_tokenizer_new(&source, &from_gguf, &error) != SXT_OK) fail_msg("%s", error.text);
    sxt_source_close(&source);
    assert_int_equal(sxt_map_open(book, &map, NULL), SXT_OK);
    const char *text = (const char *)map.data;
    assert_int_equal(sxt_tokenizer_encode(t, text, map.size, SXT_TOKENIZE_ADD_SPECIAL, &a, &n_a, NULL), SXT_OK);
    assert_int_equal(sxt_tokenizer_encode(from_gguf, text, map.size, SXT_TOKENIZE_ADD_SPECIAL, &b, &n_b, NULL),
                     SXT_OK);
    assert_int_equal(n_a, n_b);
    assert_memory_equal(a, b, (size_t)n_a * sizeof *a);
    sxt_free(a);
    sxt_free(b);
    sxt_map_close(&map);
    sxt_tokenizer_free(from_gguf);
    sxt_tokenizer_free(t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pass_key_prompts),
        cmocka_unit_test(test_facts),
        cmocka_unit_test(test_folder_and_gguf_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
