/* GGUF vocabularies: defaults, typed arrays, byte tokens, and what is refused. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/memory.h"
#include "format/gguf_bytes.h"
#include "text/tokenizer.h"

enum { U32 = 4, I32 = 5, F32 = 6, BOOL = 7, STRING = 8 };

/* What of the small SentencePiece file is to be different. */
typedef struct change {
    const char *model, *byte_token;
    uint32_t score_type, kind_type;
    uint64_t n_scores;
    uint32_t nan_score;
    int64_t bos;
    int32_t kind;
} change;

static const change none = {.model = "llama",
                            .byte_token = "<0x0A>",
                            .score_type = F32,
                            .kind_type = I32,
                            .n_scores = 6,
                            .bos = 1,
                            .kind = 6};

static void make(const change *c, gguf_bytes *g) {
    static const char *const tokens[] = {"<unk>", "<s>", "</s>", NULL, "\u2581", "a"};
    static const float scores[] = {0, 0, 0, 0, -1, -2, 0, 0};
    memset(g, 0, sizeof *g);
    put_header(g, 3, 0, 5);
    put_text_value(g, "tokenizer.ggml.model", c->model);
    put_array_head(g, "tokenizer.ggml.tokens", STRING, 6);
    for (int i = 0; i < 6; i++) put_text(g, tokens[i] ? tokens[i] : c->byte_token);
    put_array_head(g, "tokenizer.ggml.scores", c->score_type, c->n_scores);
    for (uint64_t i = 0; i < c->n_scores; i++) {
        uint32_t bits;
        memcpy(&bits, &scores[i], 4);
        put_number(g, c->nan_score && i == 5 ? c->nan_score : bits, 4);
    }
    put_array_head(g, "tokenizer.ggml.token_type", c->kind_type, 6);
    for (int i = 0; i < 6; i++)
        put_number(g, i == 0 ? 2 : i < 3 ? 3 : i == 3 ? (uint64_t)(uint32_t)c->kind : 1, 4);
    put_value(g, "tokenizer.ggml.bos_token_id", I32, (uint64_t)(uint32_t)(int32_t)c->bos, 4);
}

static sxt_status open_bytes(const gguf_bytes *g, sxt_tokenizer **t, sxt_error *error) {
    sxt_source source = {0};
    sxt_status status;
    SXT_TRY_DONE(sxt_gguf_parse(g->data, g->n, true, &source.gguf, error));
    SXT_TRY_DONE(sxt_tokenizer_new(&source, t, error));
done:
    sxt_source_close(&source);
    return status;
}

static void test_defaults(void **state) {
    static gguf_bytes g;
    sxt_tokenizer *t = NULL;
    sxt_error error;
    int32_t *ids;
    int64_t n;
    (void)state;
    make(&none, &g);
    if (open_bytes(&g, &t, &error) != SXT_OK) fail_msg("%s", error.text);
    assert_true(sxt_tokenizer_add_bos(t));
    assert_false(sxt_tokenizer_add_eos(t));
    assert_int_equal(sxt_tokenizer_bos(t), 1);
    assert_int_equal(sxt_tokenizer_eos(t), 2);
    assert_true(sxt_tokenizer_ends(t, 2));
    assert_int_equal(sxt_tokenizer_encode(t, "a\nbb", 4, SXT_TOKENIZE_ADD_SPECIAL, &ids, &n, NULL), SXT_OK);
    static const int32_t want[] = {1, 4, 5, 3, 0}; /* no token for b: unknown, once */
    assert_int_equal(n, 5);
    assert_memory_equal(ids, want, sizeof want);
    sxt_free(ids);
    sxt_tokenizer_free(t);
}

static void refuse(const change *c, sxt_status status, const char *says) {
    static gguf_bytes g;
    sxt_tokenizer *t = NULL;
    sxt_error error = {0};
    make(c, &g);
    sxt_status got = open_bytes(&g, &t, &error);
    if (got != status || !strstr(error.text, says) || t) fail_msg("%s: %s", sxt_status_name(got), error.text);
}

static void test_refusals(void **state) {
    change c;
    (void)state;
    c = none, c.model = "t5", refuse(&c, SXT_E_UNSUPPORTED, "\"t5\"");
    c = none, c.score_type = U32, refuse(&c, SXT_E_FORMAT, "tokenizer.ggml.scores");
    c = none, c.kind_type = U32, refuse(&c, SXT_E_FORMAT, "tokenizer.ggml.token_type");
    c = none, c.n_scores = 5, refuse(&c, SXT_E_FORMAT, "tokenizer.ggml.scores");
    c = none, c.n_scores = 8, refuse(&c, SXT_E_FORMAT, "tokenizer.ggml.scores");
    c = none, c.nan_score = 0x7FC00000, refuse(&c, SXT_E_FORMAT, "finite");
    c = none, c.byte_token = "<0x-1>", refuse(&c, SXT_E_FORMAT, "<0x-1>");
    c = none, c.byte_token = "<0xA>", refuse(&c, SXT_E_FORMAT, "<0xA>");
    c = none, c.byte_token = "<0xFFF>", refuse(&c, SXT_E_FORMAT, "<0xFFF>");
    c = none, c.bos = 6, refuse(&c, SXT_E_FORMAT, "tokenizer.ggml.bos_token_id");
    c = none, c.bos = -2, refuse(&c, SXT_E_FORMAT, "tokenizer.ggml.bos_token_id");
    c = none, c.kind = 7, refuse(&c, SXT_E_FORMAT, "token_type");
    c = none, c.kind = -1, refuse(&c, SXT_E_FORMAT, "token_type");
    c = none, c.model = "gpt2", refuse(&c, SXT_E_FORMAT, "tokenizer.ggml.merges");
}

/* A byte-level file; `pre` NULL: the key is absent; add_bos -1: likewise. */
static sxt_status byte_level(const char *pre, int add_bos, const char *merge, sxt_tokenizer **t,
                             sxt_error *error) {
    static gguf_bytes g;
    memset(&g, 0, sizeof g);
    put_header(&g, 3, 0, 4 + (pre ? 1 : 0) + (add_bos >= 0 ? 1 : 0));
    put_text_value(&g, "tokenizer.ggml.model", "gpt2");
    put_array_head(&g, "tokenizer.ggml.tokens", STRING, 4);
    put_text(&g, "a");
    put_text(&g, "b");
    put_text(&g, "ab");
    put_text(&g, "<s>");
    put_array_head(&g, "tokenizer.ggml.merges", STRING, 1);
    put_text(&g, merge);
    put_value(&g, "tokenizer.ggml.bos_token_id", U32, 3, 4);
    if (pre) put_text_value(&g, "tokenizer.ggml.pre", pre);
    if (add_bos >= 0) put_value(&g, "tokenizer.ggml.add_bos_token", BOOL, (uint64_t)add_bos, 1);
    return open_bytes(&g, t, error);
}

static void check_byte_level(const char *pre, int add_bos, const char *pre_name, bool adds) {
    sxt_tokenizer *t = NULL;
    sxt_error error;
    if (byte_level(pre, add_bos, "a b", &t, &error) != SXT_OK) fail_msg("%s", error.text);
    assert_string_equal(sxt_tokenizer_pre(t), pre_name);
    assert_int_equal(sxt_tokenizer_add_bos(t), adds);
    sxt_tokenizer_free(t);
}

static void test_byte_level(void **state) {
    sxt_tokenizer *t = NULL;
    sxt_error error;
    (void)state;
    check_byte_level(NULL, -1, "default", false);
    check_byte_level("gpt-2", -1, "gpt-2", false);
    check_byte_level("gpt-2", 1, "gpt-2", true);
    check_byte_level("llama-bpe", -1, "llama-bpe", true);
    check_byte_level("llama-bpe", 0, "llama-bpe", false);
    check_byte_level("tekken", -1, "tekken", true);
    assert_int_equal(byte_level("nonsense", -1, "a b", &t, &error), SXT_E_UNSUPPORTED);
    assert_non_null(strstr(error.text, "nonsense"));
    assert_int_equal(byte_level("gpt-2", -1, "ab", &t, &error), SXT_E_FORMAT);
    assert_int_equal(byte_level("gpt-2", -1, " b", &t, &error), SXT_E_FORMAT);
    assert_int_equal(byte_level("gpt-2", -1, "b a", &t, &error), SXT_E_FORMAT);
    assert_non_null(strstr(error.text, "union"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_byte_level),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
