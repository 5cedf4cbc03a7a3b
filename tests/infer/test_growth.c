/* A conversation grows from half to six times the trained window, turn by turn, under `auto`; a key from
 * its first turn is still found at the end, with what was cached kept and with it reread. */
#include "infer/session.h"

#include "base/file.h"
#include "base/memory.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

enum { WINDOW = 256, N_KEYS = 5, LAST = 6 * WINDOW, N_CTX = LAST + 256, TURN = 120 };

static sxt_model *model;
static sxt_map book;

static int open_files(void **state) {
    (void)state;
    sxt_model_params params = {.keep_window = true};
    if (sxt_model_load("models/tiny-f16.gguf", &params, &model, NULL) != SXT_OK) return -1;
    return sxt_map_open("models/PrideAndPrejudice.txt", &book, NULL) == SXT_OK ? 0 : -1;
}

static int close_files(void **state) {
    (void)state;
    sxt_map_close(&book);
    sxt_model_unload(model);
    return 0;
}

typedef struct history {
    int32_t tokens[N_CTX];
    int64_t n;
} history;

/* Appends at most `most` tokens of the text. */
static void append(history *h, const char *text, size_t n_bytes, int64_t most) {
    int32_t *ids;
    int64_t n;
    uint32_t flags = h->n == 0 ? SXT_TOKENIZE_ADD_SPECIAL : 0;
    assert_int_equal(sxt_tokenizer_encode(model->tokenizer, text, n_bytes, flags, &ids, &n, NULL), SXT_OK);
    for (int64_t i = 0; i < n && i < most; i++) h->tokens[h->n++] = ids[i];
    sxt_free(ids);
}

static void read_history(sxt_session *s, const history *h) {
    sxt_error error;
    if (sxt_session_sync(s, h->tokens, h->n, 16, &error) != SXT_OK) fail_msg("%s", error.text);
}

/* Asks for the key, then forgets question and answer. */
static bool finds_key(sxt_session *s, const history *h, const char *key) {
    static const char question[] = "\nWhat is the pass key? The pass key is";
    history asked = *h;
    append(&asked, question, strlen(question), N_CTX);
    read_history(s, &asked);
    char answer[256] = "";
    for (int i = 0; i < 12; i++) {
        int32_t token;
        const char *piece;
        size_t n;
        assert_int_equal(sxt_session_next(s, &token, NULL), SXT_OK);
        assert_int_equal(sxt_tokenizer_piece(model->tokenizer, token, &piece, &n, NULL), SXT_OK);
        strncat(answer, piece, n < 16 ? n : 16);
    }
    return strncmp(answer + strspn(answer, " \n"), key, 5) == 0;
}

static int count_found(bool reread) {
    int found = 0;
    for (int k = 0; k < N_KEYS; k++) {
        char key[8], first[512];
        snprintf(key, sizeof key, "%05d", 13579 + 17071 * k);
        snprintf(first, sizeof first,
                 "There is an important info hidden inside a lot of irrelevant text. Find it and memorize it. "
                 "I will "
                 "quiz you about the important information there.\n\nThe pass key is %s. Remember it. %s is "
                 "the pass "
                 "key.\n",
                 key, key);
        sxt_session_params params = sxt_session_params_default();
        params.n_ctx = N_CTX;
        params.reread = reread;
        sxt_session *s;
        assert_int_equal(sxt_session_new(model, &params, &s, NULL), SXT_OK);
        history h = {.n = 0};
        append(&h, first, strlen(first), N_CTX);
        size_t at = 20000 + 30000 * (size_t)k;
        append(&h, (const char *)book.data + at, 2000, WINDOW / 2 - h.n);
        assert_int_equal(h.n, WINDOW / 2);
        read_history(s, &h);
        assert_string_equal(s->plan.method->name, "none");
        while (h.n + TURN <= LAST) {
            at += 2000;
            append(&h, (const char *)book.data + at, 2000, TURN);
            read_history(s, &h);
        }
        assert_string_equal(s->plan.method->name, "self-extend");
        found += finds_key(s, &h, key);
        sxt_session_free(s);
    }
    return found;
}

static void the_key_is_found_with_the_cache_kept(void **state) {
    (void)state;
    int found = count_found(false);
    print_message("kept: %d of %d keys\n", found, (int)N_KEYS);
    assert_true(found >= N_KEYS - 1);
}

static void the_key_is_found_after_rereading(void **state) {
    (void)state;
    int found = count_found(true);
    print_message("reread: %d of %d keys\n", found, (int)N_KEYS);
    assert_true(found >= N_KEYS - 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_key_is_found_with_the_cache_kept),
        cmocka_unit_test(the_key_is_found_after_rereading),
    };
    return cmocka_run_group_tests(tests, open_files, close_files);
}
