/* Every allocation fails in turn, for a byte-level and a SentencePiece tokenizer: SXT_E_MEMORY each time,
 * nothing leaks (the sanitizers watch), and the first try in which none fails succeeds. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "failing_memory.h"
#include "text/chat.h"
#include "text/json_tokenizer.h"

typedef sxt_status (*action_fn)(void *what, sxt_error *error);

static void fail_from(action_fn action, void *what, bool for_good) {
    for (int64_t n = 0; n < 20000; n++) {
        countdown c = {n, for_good, false};
        sxt_error error = {0};
        sxt_set_alloc_hook(count_down, &c);
        sxt_status status = action(what, &error);
        sxt_set_alloc_hook(NULL, NULL);
        if (!c.hit) {
            assert_int_equal(status, SXT_OK);
            assert_true(n > 0);
            return;
        }
        /* A pattern that cannot be compiled to machine code is interpreted; matches are the same. */
        if (status != SXT_E_MEMORY && status != SXT_OK)
            fail_msg("allocation %d: %s: %s", (int)n, sxt_status_name(status), error.text);
        if (status == SXT_E_MEMORY) assert_non_null(strstr(error.text, "memory"));
    }
    fail_msg("never ends");
}

static void fail_each_allocation(action_fn action, void *what) {
    fail_from(action, what, true);
    fail_from(action, what, false);
}

static sxt_status build(void *json, sxt_error *error) {
    sxt_tokenizer *t = NULL;
    sxt_status status = tokenizer_from_json(json, strlen(json), "{\"chat_template\":\"x\"}", &t, error);
    sxt_tokenizer_free(t);
    return status;
}

static sxt_status encode_and_decode(void *tokenizer, sxt_error *error) {
    const char *text =
        "hello \xFF a 12</s>  e\u0301\u0323 ab ab<tool> word and more words to fill a page of them";
    int32_t *ids = NULL;
    int64_t n = 0;
    char *back = NULL;
    size_t n_back;
    sxt_status status;
    SXT_TRY_DONE(
        sxt_tokenizer_encode(tokenizer, text, strlen(text), SXT_TOKENIZE_PARSE_SPECIAL, &ids, &n, error));
    SXT_TRY_DONE(sxt_tokenizer_decode(tokenizer, ids, n, SXT_DETOKENIZE_SPECIAL, &back, &n_back, error));
done:
    sxt_free(ids);
    sxt_free(back);
    return status;
}

static sxt_status chat(void *tokenizer, sxt_error *error) {
    const sxt_message messages[] = {{"system", "be kind", 7}, {"user", "hello </s>", 10}};
    int32_t *ids = NULL;
    int64_t n;
    sxt_status status = sxt_chat_encode(tokenizer, "llama2", messages, 2, true, &ids, &n, error);
    sxt_free(ids);
    return status;
}

static void check(char *json) {
    sxt_tokenizer *t = NULL;
    fail_each_allocation(build, json);
    assert_int_equal(tokenizer_from_json(json, strlen(json), NULL, &t, NULL), SXT_OK);
    fail_each_allocation(encode_and_decode, t);
    fail_each_allocation(chat, t);
    sxt_tokenizer_free(t);
    free(json);
}

static void test_byte_level(void **state) {
    (void)state;
    check(json_tokenizer(true, "\"he\":256,\"ll\":257", "\"h e\",\"l l\"", "\"ignore_merges\":true,",
                         SPECIALS
                         "\"normalizer\":{\"type\":\"NFC\"},\"pre_tokenizer\":{\"type\":\"Sequence\","
                         "\"pretokenizers\":[{\"type\":\"Digits\"},{\"type\":\"ByteLevel\"},"
                         "{\"type\":\"Split\",\"pattern\":{\"String\":\"l\"},\"behavior\":\"Isolated\"}]},"));
}

static void test_sentencepiece(void **state) {
    (void)state;
    check(small_sentencepiece());
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_byte_level),
        cmocka_unit_test(test_sentencepiece),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
