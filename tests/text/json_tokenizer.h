/* Tokenizers from JSON text, for tests. */
#ifndef SXT_TESTS_TEXT_JSON_TOKENIZER_H
#define SXT_TESTS_TEXT_JSON_TOKENIZER_H

#include "base/buffer.h"
#include "base/utf8.h"
#include "text/byte_alphabet.h"
#include "text/vocab_hf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* `config` is tokenizer_config.json, NULL: none. */
static inline sxt_status tokenizer_from_json(const char *text, size_t n, const char *config,
                                             sxt_tokenizer **out, sxt_error *error) {
    sxt_json *root = NULL, *settings = NULL;
    sxt_tokenizer *t = NULL;
    sxt_status status;
    SXT_TRY_DONE(sxt_json_parse(text, n, &root, error));
    if (config) SXT_TRY_DONE(sxt_json_parse(config, strlen(config), &settings, error));
    t = sxt_tokenizer_make();
    if (!t) {
        status = sxt_fail(error, SXT_E_MEMORY, "not enough memory for the tokenizer");
        goto done;
    }
    sxt_hf_vocab_files files = {.tokenizer = root, .tokenizer_config = settings};
    SXT_TRY_DONE(sxt_vocab_from_hf(&files, t, error));
    SXT_TRY_DONE(sxt_tokenizer_finish(t, error));
    *out = t;
    t = NULL;
done:
    sxt_tokenizer_free(t);
    sxt_json_free(settings);
    sxt_json_free(root);
    return status;
}

/* The 256 characters of the byte alphabet (or the tokens <0x00> ...) as JSON members with ids from 0. */
static inline void json_bytes(sxt_buffer *out, bool alphabet) {
    for (unsigned b = 0; b < 256; b++) {
        char text[4];
        size_t n = sxt_utf8_encode(sxt_byte_to_character((unsigned char)b), text);
        if (!alphabet) {
            sxt_buffer_print(out, "\"<0x%02X>\":%u,", b, b);
        } else if (text[0] == '"' || text[0] == '\\') {
            sxt_buffer_print(out, "\"\\%c\":%u,", text[0], b);
        } else {
            sxt_buffer_print(out, "\"%.*s\":%u,", (int)n, text, b);
        }
    }
}

/* A whole tokenizer.json: bytes 0..255, then `vocab` ("\"ab\":256,..."), `merges`, further members of the
 * model and of the root (each "\"key\":value," or ""). Free with free(). */
static inline char *json_tokenizer(bool alphabet, const char *vocab, const char *merges, const char *model,
                                   const char *root) {
    sxt_buffer out = {0};
    sxt_buffer_print(&out, "{%s\"model\":{\"type\":\"BPE\",%s\"vocab\":{", root, model);
    json_bytes(&out, alphabet);
    sxt_buffer_print(&out, "%s},\"merges\":[%s]}}", vocab, merges);
    char *text = sxt_buffer_take(&out);
    if (!text) abort();
    return text;
}

#define SPECIALS                                                                                               \
    "\"added_tokens\":["                                                                                       \
    "{\"id\":300,\"content\":\"<s>\",\"special\":true,\"normalized\":false},"                                  \
    "{\"id\":301,\"content\":\"</s>\",\"special\":true,\"normalized\":false},"                                 \
    "{\"id\":302,\"content\":\"<|im_start|>\",\"special\":true,\"normalized\":false},"                         \
    "{\"id\":303,\"content\":\"<|im_end|>\",\"special\":true,\"normalized\":false},"                           \
    "{\"id\":304,\"content\":\"<tool>\",\"special\":false,\"normalized\":false},"                              \
    "{\"id\":305,\"content\":\"<|r|>\",\"special\":true,\"rstrip\":true},"                                     \
    "{\"id\":306,\"content\":\"<|l|>\",\"special\":true,\"lstrip\":true},"                                     \
    "{\"id\":307,\"content\":\"word\",\"special\":false,\"single_word\":true}],"

/* Byte-level: "he", "ll", "hell", "hello", " h"-less. */
static inline char *small_byte_level(void) {
    return json_tokenizer(true, "\"he\":256,\"ll\":257,\"hell\":258,\"hello\":259,\"\u0120a\":260",
                          "\"h e\",\"l l\",[\"he\",\"ll\"],\"hell o\",\"\u0120 a\"", "",
                          SPECIALS "\"pre_tokenizer\":{\"type\":\"ByteLevel\",\"add_prefix_space\":false},");
}

/* SentencePiece style: visible spaces, byte fallback. */
static inline char *small_sentencepiece(void) {
    return json_tokenizer(
        false, "\"\u2581\":256,\"a\":257,\"b\":258,\"\u2581a\":259,\"ab\":260,\"\u2581ab\":261,\"<unk>\":262",
        "\"\u2581 a\",\"a b\",\"\u2581a b\"",
        "\"byte_fallback\":true,\"unk_token\":\"<unk>\",\"fuse_unk\":true,",
        SPECIALS
        "\"normalizer\":{\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"Prepend\",\"prepend\":\"\u2581\"},"
        "{\"type\":\"Replace\",\"pattern\":{\"String\":\" \"},\"content\":\"\u2581\"}]},");
}

#endif
