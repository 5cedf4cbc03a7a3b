/* Small tokenizer.json files: ids worked out by hand, special tokens, and what is refused. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/memory.h"
#include "text/json_tokenizer.h"

static sxt_tokenizer *make(char *json, const char *config) {
    sxt_tokenizer *t = NULL;
    sxt_error error;
    if (tokenizer_from_json(json, strlen(json), config, &t, &error) != SXT_OK) fail_msg("%s", error.text);
    free(json);
    return t;
}

/* `want` is the ids with spaces between them. */
static void check_n(const sxt_tokenizer *t, const char *text, size_t n, uint32_t flags, const char *want) {
    int32_t *ids = NULL;
    int64_t n_ids = 0;
    sxt_buffer out = {0};
    sxt_error error;
    if (sxt_tokenizer_encode(t, text, n, flags, &ids, &n_ids, &error) != SXT_OK) fail_msg("%s", error.text);
    for (int64_t i = 0; i < n_ids; i++) sxt_buffer_print(&out, "%s%d", i ? " " : "", ids[i]);
    sxt_buffer_append(&out, "", 1);
    assert_string_equal(out.data, want);
    sxt_buffer_free(&out);
    sxt_free(ids);
}

static void check(const sxt_tokenizer *t, const char *text, uint32_t flags, const char *want) {
    check_n(t, text, strlen(text), flags, want);
}

static void check_round_trip(const sxt_tokenizer *t, const char *text, size_t n) {
    int32_t *ids = NULL;
    int64_t n_ids = 0;
    char *back = NULL;
    size_t n_back = 0;
    assert_int_equal(sxt_tokenizer_encode(t, text, n, SXT_TOKENIZE_ADD_SPECIAL, &ids, &n_ids, NULL), SXT_OK);
    assert_int_equal(sxt_tokenizer_decode(t, ids, n_ids, 0, &back, &n_back, NULL), SXT_OK);
    assert_int_equal(n_back, n);
    if (n) assert_memory_equal(back, text, n);
    sxt_free(back);
    sxt_free(ids);
}

static const uint32_t parse = SXT_TOKENIZE_PARSE_SPECIAL;

static void test_byte_level(void **state) {
    (void)state;
    sxt_tokenizer *t = make(small_byte_level(), NULL);
    check(t, "", 0, "");
    check(t, "hello", 0, "259");
    check(t, "hell a", 0, "258 260");
    check(t, "h\xFFl", 0, "104 255 108");
    assert_string_equal(sxt_tokenizer_kind(t), "byte-level-bpe");
    assert_string_equal(sxt_tokenizer_pre(t), "gpt-2");
    check_round_trip(t, "hello \xFF\xC3 a\0b", 11);
    sxt_tokenizer_free(t);
}

static void test_special_tokens(void **state) {
    (void)state;
    sxt_tokenizer *t = make(small_byte_level(), NULL);
    check(t, "</s>", 0, "60 47 115 62");
    check(t, "</s>", parse, "301");
    check(t, "he</s>he", parse, "256 301 256");
    check(t, "he<tool>he", 0, "256 304 256"); /* user-defined: always */
    check(t, "<|r|> \n\xE2\x80\x83he", parse, "305 256");
    check(t, "he \t<|l|> a", parse, "256 306 260");
    check(t, "he <|r|>  <|l|>a", parse, "256 32 305 306 97");
    check(t, "word words sword", 0, "307 32 119 111 114 100 115 32 115 119 111 114 100");
    assert_int_equal(sxt_tokenizer_special_id(t, "<tool>"), 304);
    assert_int_equal(sxt_tokenizer_special_id(t, "hello"), -1);
    assert_true(sxt_tokenizer_ends(t, 301) && sxt_tokenizer_ends(t, 303));
    assert_false(sxt_tokenizer_ends(t, 302) || sxt_tokenizer_ends(t, -1) || sxt_tokenizer_ends(t, 1 << 30));
    sxt_tokenizer_free(t);
}

static void test_sentencepiece(void **state) {
    (void)state;
    sxt_tokenizer *t = make(small_sentencepiece(), NULL);
    check(t, "ab", 0, "261");
    check(t, " ab", 0, "256 261");
    check(t, "a\nb", 0, "259 10 258");
    check(t, "b\xC3\xA9", 0, "256 258 195 169");
    check(t, "ab</s>ab", parse, "261 301 261"); /* a space in front of each stretch */
    assert_string_equal(sxt_tokenizer_kind(t), "sentencepiece-bpe");
    check_round_trip(t, " ab  b\n\xFF\xE2\x96 a", 13);
    check_round_trip(t, "", 0);
    sxt_tokenizer_free(t);
}

static void test_decode(void **state) {
    (void)state;
    sxt_tokenizer *t = make(small_sentencepiece(), NULL);
    static const int32_t ids[] = {300, 261, 302, 261};
    char *text = NULL;
    size_t n = 0;
    sxt_error error;
    assert_int_equal(sxt_tokenizer_decode(t, ids, 4, 0, &text, &n, NULL), SXT_OK);
    assert_string_equal(text, "ab ab");
    sxt_free(text);
    assert_int_equal(sxt_tokenizer_decode(t, ids, 4, SXT_DETOKENIZE_SPECIAL, &text, &n, NULL), SXT_OK);
    assert_string_equal(text, "<s>ab<|im_start|> ab");
    sxt_free(text);
    const char *piece;
    assert_int_equal(sxt_tokenizer_piece(t, 261, &piece, &n, NULL), SXT_OK);
    assert_int_equal(n, 3);
    assert_memory_equal(piece, " ab", 3);
    assert_int_equal(sxt_tokenizer_piece(t, 10, &piece, &n, NULL), SXT_OK);
    assert_memory_equal(piece, "\n", 1);
    assert_int_equal(sxt_tokenizer_piece(t, 302, &piece, &n, NULL), SXT_OK);
    assert_memory_equal(piece, "<|im_start|>", n);
    assert_int_equal(sxt_tokenizer_piece(t, 9999, &piece, &n, &error), SXT_E_ARGUMENT);
    assert_int_equal(sxt_tokenizer_decode(t, (const int32_t[]){-1}, 1, 0, &text, &n, &error), SXT_E_ARGUMENT);
    sxt_tokenizer_free(t);
}

#define BOS_EOS                                                                                                \
    "\"post_processor\":{\"type\":\"TemplateProcessing\",\"single\":[{\"SpecialToken\":{\"id\":\"<s>\"}},"     \
    "{\"Sequence\":{\"id\":\"A\"}},{\"SpecialToken\":{\"id\":\"</s>\"}}],\"special_tokens\":{"                 \
    "\"<s>\":{\"id\":\"<s>\",\"ids\":[300]},\"</s>\":{\"id\":\"</s>\",\"ids\":[301]}}},"

static void test_bos_and_eos(void **state) {
    (void)state;
    const uint32_t add = SXT_TOKENIZE_ADD_SPECIAL;
    sxt_tokenizer *t = make(json_tokenizer(true, "\"he\":256", "\"h e\"", "",
                                           SPECIALS BOS_EOS "\"pre_tokenizer\":{\"type\":\"ByteLevel\"},"),
                            NULL);
    assert_true(sxt_tokenizer_add_bos(t) && sxt_tokenizer_add_eos(t));
    check(t, " he", add, "300 32 256 301");
    check(t, " he", 0, "32 256");
    sxt_tokenizer_free(t);
    t = make(small_byte_level(),
             "{\"bos_token\":\"<s>\",\"eos_token\":{\"content\":\"</s>\"},\"add_bos_token\":true,"
             "\"chat_template\":[{\"name\":\"tool_use\",\"template\":\"x\"},"
             "{\"name\":\"default\",\"template\":\"<|im_start|><|im_end|>\"}]}");
    check(t, "he", add, "300 256");
    assert_int_equal(sxt_tokenizer_bos(t), 300);
    assert_int_equal(sxt_tokenizer_eos(t), 301);
    assert_string_equal(sxt_tokenizer_template(t), "<|im_start|><|im_end|>");
    sxt_tokenizer_free(t);
}

static void test_ignore_merges_and_unknown(void **state) {
    (void)state;
    const char *root = "\"pre_tokenizer\":{\"type\":\"ByteLevel\",\"add_prefix_space\":false},";
    sxt_tokenizer *t =
        make(json_tokenizer(true, "\"he\":256,\"xyz\":257", "\"h e\"", "\"ignore_merges\":true,", root), NULL);
    check(t, "xyz he", 0, "257 32 256");
    sxt_tokenizer_free(t);
    t = make(json_tokenizer(true, "\"he\":256,\"xyz\":257", "\"h e\"", "", root), NULL);
    check(t, "xyz he", 0, "120 121 122 32 256");
    sxt_tokenizer_free(t);

    const char *bare = "{%s\"model\":{\"type\":\"BPE\",%s\"vocab\":{\"a\":0,\"?\":1},\"merges\":[]}}";
    char json[256];
    snprintf(json, sizeof json, bare, "", "\"unk_token\":\"?\",\"fuse_unk\":true,");
    t = make(strdup(json), NULL);
    check(t, "abca", 0, "0 1 0");
    sxt_tokenizer_free(t);
    snprintf(json, sizeof json, bare, "", "");
    t = make(strdup(json), NULL);
    int32_t *ids;
    int64_t n;
    sxt_error error;
    assert_int_equal(sxt_tokenizer_encode(t, "ab", 2, 0, &ids, &n, &error), SXT_E_UNSUPPORTED);
    assert_non_null(strstr(error.text, "0x62"));
    sxt_tokenizer_free(t);
}

/* What the converter writes for the small SentencePiece vocabulary. */
static void test_gguf_fields(void **state) {
    (void)state;
    sxt_vocab vocab;
    sxt_error error;
    sxt_tokenizer *t = make(small_sentencepiece(), NULL);
    assert_int_equal(sxt_tokenizer_vocab(t, &vocab, NULL), SXT_OK);
    assert_string_equal(vocab.model, "llama");
    assert_int_equal(vocab.n_tokens, 308);
    assert_true(vocab.add_space_prefix);
    assert_true(vocab.scores[259] > vocab.scores[260] && vocab.scores[260] > vocab.scores[261]);
    assert_true(vocab.scores[257] < vocab.scores[261]);
    assert_int_equal(vocab.types[10], 6);
    assert_int_equal(vocab.types[262], 2);
    assert_int_equal(vocab.types[300], 3);
    assert_int_equal(vocab.types[304], 4);
    assert_int_equal(vocab.types[299], 5);
    assert_string_equal(vocab.tokens[299], "[PAD299]");
    assert_int_equal(vocab.unknown, 262);
    sxt_tokenizer_free(t);

    t = make(small_byte_level(), NULL);
    assert_int_equal(sxt_tokenizer_vocab(t, &vocab, NULL), SXT_OK);
    assert_string_equal(vocab.model, "gpt2");
    assert_string_equal(vocab.pre, "gpt-2");
    assert_int_equal(vocab.n_merges, 5);
    assert_string_equal(vocab.merges[2], "he ll");
    assert_null(vocab.scores);
    sxt_tokenizer_free(t);

    t = make(json_tokenizer(true, "\"he\":256", "\"h e\"", "", "\"pre_tokenizer\":{\"type\":\"ByteLevel\"},"),
             NULL);
    assert_int_equal(sxt_tokenizer_vocab(t, &vocab, &error), SXT_E_UNSUPPORTED);
    assert_non_null(strstr(error.text, "pre_tokenizer"));
    sxt_tokenizer_free(t);
}

static void test_refusals(void **state) {
    static const struct {
        const char *json, *config, *says;
        sxt_status status;
    } rows[] = {
        {"{}", NULL, "(none)", SXT_E_UNSUPPORTED},
        {"{\"model\":{\"type\":\"Unigram\",\"vocab\":[]}}", NULL, "\"Unigram\"", SXT_E_UNSUPPORTED},
        {"{\"model\":{\"type\":\"WordPiece\"}}", NULL, "\"WordPiece\"", SXT_E_UNSUPPORTED},
        {"{\"model\":{\"type\":\"BPE\",\"vocab\":{},\"merges\":[]}}", NULL, "model.vocab", SXT_E_FORMAT},
        {"{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":-1},\"merges\":[]}}", NULL, "\"a\"", SXT_E_FORMAT},
        {"{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":4194304},\"merges\":[]}}", NULL, "\"a\"", SXT_E_FORMAT},
        {"{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":1.5},\"merges\":[]}}", NULL, "\"a\"", SXT_E_FORMAT},
        {"{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0,\"b\":0},\"merges\":[]}}", NULL, "twice",
         SXT_E_FORMAT},
        {"{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":4000000},\"merges\":[]}}", NULL, "tokens",
         SXT_E_FORMAT},
        {"{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0}}}", NULL, "model.merges", SXT_E_FORMAT},
        {"{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[\"a\"]}}", NULL, "a space",
         SXT_E_FORMAT},
        {"{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[\"a b\"]}}", NULL, "the second",
         SXT_E_FORMAT},
        {"{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[[\"a\",\"a\"]]}}", NULL, "union",
         SXT_E_FORMAT},
        {"{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[[\"a\"]]}}", NULL, "model.merges",
         SXT_E_FORMAT},
        {"{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[],\"end_of_word_suffix\":\"</w>\"}}",
         NULL, "end_of_word_suffix", SXT_E_UNSUPPORTED},
        {"{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[],\"byte_fallback\":1}}", NULL,
         "byte_fallback", SXT_E_FORMAT},
        {"{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[],\"unk_token\":\"u\"}}", NULL,
         "unk_token", SXT_E_FORMAT},
        {"{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[]},\"added_tokens\":[{\"id\":0,"
         "\"content\":\"x\"}]}",
         NULL, "another token", SXT_E_FORMAT},
        {"{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[]},\"added_tokens\":[{\"id\":1}]}", NULL,
         "content", SXT_E_FORMAT},
        {"{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[]},\"normalizer\":{\"type\":\"NFKC\"}}",
         NULL, "\"NFKC\"", SXT_E_UNSUPPORTED},
        {"{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[]},\"post_processor\":{\"type\":"
         "\"BertProcessing\"}}",
         NULL, "\"BertProcessing\"", SXT_E_UNSUPPORTED},
        {"{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[]}}", "{\"bos_token\":\"<s>\"}",
         "bos_token", SXT_E_FORMAT},
        {"{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[]}}", "{\"add_bos_token\":3}",
         "add_bos_token", SXT_E_FORMAT},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        sxt_tokenizer *t = NULL;
        sxt_error error = {0};
        sxt_status status = tokenizer_from_json(rows[i].json, strlen(rows[i].json), rows[i].config, &t, &error);
        if (status != rows[i].status || !strstr(error.text, rows[i].says) || t)
            fail_msg("%s: %s: %s", rows[i].json, sxt_status_name(status), error.text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_byte_level),    cmocka_unit_test(test_special_tokens),
        cmocka_unit_test(test_sentencepiece), cmocka_unit_test(test_decode),
        cmocka_unit_test(test_bos_and_eos),   cmocka_unit_test(test_ignore_merges_and_unknown),
        cmocka_unit_test(test_gguf_fields),   cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
