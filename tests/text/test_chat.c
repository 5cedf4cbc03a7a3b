/* Chat renderers against Jinja (tests/golden/chat.json, written by tools/chat_vectors.py), and the wall
 * between template and content. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/memory.h"
#include "text/chat.h"
#include "text/chat_render.h"
#include "text/json_tokenizer.h"

enum { MOST_MESSAGES = 8 };

static const char *text_at(const sxt_json *object, const char *key, size_t *n) {
    const char *text = NULL;
    assert_true(sxt_json_string(sxt_json_get(object, key), &text, n));
    return text;
}

static int64_t read_messages(const sxt_json *list, sxt_message *messages) {
    int64_t n = (int64_t)sxt_json_size(list);
    assert_in_range(n, 1, MOST_MESSAGES);
    for (int64_t i = 0; i < n; i++) {
        const sxt_json *node = sxt_json_at(list, (size_t)i);
        size_t unused;
        messages[i].role = text_at(node, "role", &unused);
        messages[i].content = text_at(node, "content", &messages[i].n_bytes);
    }
    return n;
}

static void check_case(const char *name, const sxt_chat_style *style, const sxt_json *node) {
    sxt_message messages[MOST_MESSAGES];
    sxt_pieces out = {0};
    size_t n;
    sxt_chat_job job = {
        .style = style, .messages = messages, .add_assistant = true, .bos = "<s>", .eos = "</s>"};
    job.n = read_messages(sxt_json_get(node, "messages"), messages);
    const char *want = text_at(node, "text", &n);
    sxt_chat_render(&job, &out);
    sxt_buffer_append(&out.text, "", 1);
    if (strcmp(out.text.data, want) != 0) fail_msg("%s:\n%s\n--- wanted:\n%s", name, out.text.data, want);
    sxt_pieces_free(&out);
}

static void test_against_jinja(void **state) {
    sxt_map map = {0};
    sxt_json *root = NULL;
    int n_cases = 0;
    (void)state;
    assert_int_equal(sxt_map_open("tests/golden/chat.json", &map, NULL), SXT_OK);
    assert_int_equal(sxt_json_parse(map.data, map.size, &root, NULL), SXT_OK);
    for (size_t i = 0; i < sxt_json_size(root); i++) {
        const sxt_json *row = sxt_json_at(root, i), *cases = sxt_json_get(row, "cases");
        size_t n;
        sxt_chat_style style;
        const char *name = text_at(row, "name", &n);
        if (!sxt_chat_style_detect(text_at(row, "template", &n), &style))
            fail_msg("%s is not recognised", name);
        assert_string_equal(sxt_chat_kind_name(style.kind), text_at(row, "kind", &n));
        for (size_t k = 0; k < sxt_json_size(cases); k++, n_cases++)
            check_case(name, &style, sxt_json_at(cases, k));
    }
    assert_true(n_cases >= 60);
    sxt_json_free(root);
    sxt_map_close(&map);
}

static void test_unrecognised(void **state) {
    static const char *const texts[] = {"", "{{ messages }}", "[SYSTEM_PROMPT]x[/SYSTEM_PROMPT][INST]",
                                        "<|user|>"};
    sxt_chat_style style;
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_false(sxt_chat_style_detect(texts[i], &style));
}

static sxt_tokenizer *make(const char *config) {
    char *json = small_byte_level();
    sxt_tokenizer *t = NULL;
    assert_int_equal(tokenizer_from_json(json, strlen(json), config, &t, NULL), SXT_OK);
    free(json);
    return t;
}

static void check_ids(const sxt_tokenizer *t, const char *name, const sxt_message *messages, int64_t n,
                      const char *want) {
    int32_t *ids = NULL;
    int64_t n_ids = 0;
    sxt_buffer out = {0};
    sxt_error error;
    if (sxt_chat_encode(t, name, messages, n, false, &ids, &n_ids, &error) != SXT_OK)
        fail_msg("%s", error.text);
    for (int64_t i = 0; i < n_ids; i++) sxt_buffer_print(&out, "%s%d", i ? " " : "", ids[i]);
    sxt_buffer_append(&out, "", 1);
    assert_string_equal(out.data, want);
    sxt_buffer_free(&out);
    sxt_free(ids);
}

/* The template's markers are tokens; the same text in a message, whole or completed by it, is text. */
static void test_content_is_never_parsed(void **state) {
    (void)state;
    sxt_tokenizer *t = make("{\"chat_template\":\"<|im_start|><|im_end|>\"}");
    const sxt_message whole = {"user", "</s>", 4}, half = {"user", "he<|im_end", 10};
    check_ids(t, NULL, &whole, 1, "302 117 115 101 114 10 60 47 115 62 303 10");
    check_ids(t, NULL, &half, 1, "302 117 115 101 114 10 256 60 124 105 109 95 101 110 100 303 10");
    assert_string_equal(sxt_chat_template_name(t), "chatml");
    sxt_tokenizer_free(t);
}

static void test_bos_by_name(void **state) {
    (void)state;
    const sxt_message message = {"user", "he", 2};
    sxt_tokenizer *t = make("{\"bos_token\":\"<s>\",\"eos_token\":\"</s>\"}");
    check_ids(t, "llama2", &message, 1, "300 91 73 78 83 84 93 32 256 32 91 47 73 78 83 84 93");
    check_ids(t, "chatml", &message, 1, "302 117 115 101 114 10 256 303 10");
    assert_string_equal(sxt_chat_template_name(t), "");
    sxt_tokenizer_free(t);
}

static void refuse(const sxt_tokenizer *t, const char *name, const sxt_message *messages, int64_t n,
                   sxt_status want, const char *says) {
    int32_t *ids;
    int64_t n_ids;
    sxt_error error = {0};
    assert_int_equal(sxt_chat_encode(t, name, messages, n, true, &ids, &n_ids, &error), want);
    if (!strstr(error.text, says)) fail_msg("%s", error.text);
}

static void test_refusals(void **state) {
    const sxt_message user = {"user", "x", 1}, tool = {"tool", "x", 1}, none = {NULL, "x", 1};
    const sxt_message late[] = {{"user", "x", 1}, {"system", "x", 1}}, alone = {"system", "x", 1};
    (void)state;
    sxt_tokenizer *t = make(NULL);
    refuse(t, NULL, &user, 1, SXT_E_UNSUPPORTED, "--chat-template");
    refuse(t, "vicuna", &user, 1, SXT_E_UNSUPPORTED, "zephyr");
    refuse(t, "chatml", &user, 0, SXT_E_ARGUMENT, "message");
    refuse(t, "chatml", &tool, 1, SXT_E_ARGUMENT, "\"tool\"");
    refuse(t, "chatml", &none, 1, SXT_E_ARGUMENT, "(none)");
    refuse(t, "llama2", late, 2, SXT_E_ARGUMENT, "system");
    refuse(t, "gemma", &alone, 1, SXT_E_ARGUMENT, "system");
    sxt_tokenizer_free(t);
    t = make("{\"chat_template\":\"{{ messages }}\"}");
    assert_string_equal(sxt_chat_template_name(t), "unknown");
    refuse(t, NULL, &user, 1, SXT_E_UNSUPPORTED, "--chat-template");
    sxt_tokenizer_free(t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_jinja),
        cmocka_unit_test(test_unrecognised),
        cmocka_unit_test(test_content_is_never_parsed),
        cmocka_unit_test(test_bos_by_name),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
