#include "text/pre_names.h"

#include <string.h>

/* The patterns as the models' own tokenizer.json files write them. */
static const char llama3_pattern[] =
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|"
    "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
static const char qwen2_pattern[] =
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|"
    "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
static const char tekken_pattern[] =
    "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+|"
    "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*|\\p{N}|"
    " ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
static const char line_end_pattern[] = "[\r\n]";
static const char deepseek_ideographs_pattern[] = "[\u4E00-\u9FA5\u0800-\u4E00\uAC00-\uD7FF]+";
static const char deepseek_llm_letters_pattern[] =
    "\\s?["
    "A-Za-z\u00B5\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u01BA\u01BC-\u01BF\u01C4-\u0293"
    "\u0295-\u02AF\u0370-\u0373\u0376\u0377\u037B-\u037D\u037F\u0386\u0388-\u038A\u038C"
    "\u038E-\u03A1\u03A3-\u03F5\u03F7-\u0481\u048A-\u052F\u0531-\u0556\u10A0-\u10C5"
    "\u13A0-\u13F5\u13F8-\u13FD\u1C90-\u1CBA\u1CBD-\u1CBF\u1D00-\u1D2B\u1D6B-\u1D77"
    "\u1D79-\u1D9A\u1E00-\u1F15\u1F18-\u1F1D\u1F20-\u1F45\u1F48-\u1F4D\u1F50-\u1F57\u1F59"
    "\u1F5B\u1F5D\u1F5F-\u1F7D\u1F80-\u1FB4\u1FB6-\u1FBC\u1FBE\u1FC2-\u1FC4\u1FC6-\u1FCC"
    "\u1FD0-\u1FD3\u1FD6-\u1FDB\u1FE0-\u1FEC\u1FF2-\u1FF4\u1FF6-\u1FFC\u2102\u2107"
    "\u210A-\u2113\u2115\u2119-\u211D\u2124\u2126\u2128\u212A-\u212D\u212F-\u2134\u2139"
    "\u213C-\u213F\u2145-\u2149\u214E\u2183\u2184\u2C00-\u2C7B\u2C7E-\u2CE4\u2CEB-\u2CEE"
    "\u2CF2\u2CF3\uA640-\uA66D\uA680-\uA69B\uA722-\uA76F\uA771-\uA787\uA78B-\uA78E"
    "\uAB70-\uABBF\uFB00-\uFB06\uFB13-\uFB17\uFF21-\uFF3A\uFF41-\uFF5A\U00010400-\U0001044F"
    "\U000104B0-\U000104D3\U000104D8-\U000104FB\U00010C80-\U00010CB2\U00010CC0-\U00010CF2"
    "\U000118A0-\U000118DF\U0001E900-\U0001E943"
    "]+";
static const char deepseek_llm_signs_pattern[] =
    "\\s?[!-/:-~\uFF01-\uFF0F\uFF1A-\uFF5E\u2018-\u201F\u3000-\u3002]+";

static sxt_status isolate(sxt_pretokenizer *p, const char *pattern, sxt_error *error) {
    return sxt_pre_add_split(p, pattern, strlen(pattern), SXT_SPLIT_ISOLATED, false, error);
}

static sxt_status gpt2(sxt_pretokenizer *p, sxt_error *error) {
    return sxt_pre_add_byte_level(p, false, true, error);
}

static sxt_status isolate_then_bytes(sxt_pretokenizer *p, const char *pattern, sxt_error *error) {
    SXT_TRY(isolate(p, pattern, error));
    return sxt_pre_add_byte_level(p, false, false, error);
}

static sxt_status llama3(sxt_pretokenizer *p, sxt_error *error) {
    return isolate_then_bytes(p, llama3_pattern, error);
}

static sxt_status qwen2(sxt_pretokenizer *p, sxt_error *error) {
    return isolate_then_bytes(p, qwen2_pattern, error);
}

static sxt_status tekken(sxt_pretokenizer *p, sxt_error *error) {
    return isolate_then_bytes(p, tekken_pattern, error);
}

static sxt_status digits_gpt2(sxt_pretokenizer *p, sxt_error *error) {
    SXT_TRY(sxt_pre_add_digits(p, true, error));
    return gpt2(p, error);
}

static sxt_status falcon(sxt_pretokenizer *p, sxt_error *error) {
    SXT_TRY(sxt_pre_add_punctuation(p, SXT_SPLIT_CONTIGUOUS, error));
    SXT_TRY(gpt2(p, error));
    SXT_TRY(sxt_pre_add_digits(p, false, error));
    return isolate(p, "[0-9][0-9][0-9]", error);
}

/* What llama.cpp does with files that name no pre-tokenizer. */
static sxt_status default_steps(sxt_pretokenizer *p, sxt_error *error) {
    SXT_TRY(isolate(p, "[\\p{P}\\$\\+<=>\\^~\\|]+", error));
    SXT_TRY(isolate(p, sxt_gpt2_pattern, error));
    SXT_TRY(isolate(p, "\\p{N}+", error));
    return isolate_then_bytes(p, "[0-9][0-9][0-9]", error);
}

static sxt_status deepseek_llm(sxt_pretokenizer *p, sxt_error *error) {
    SXT_TRY(isolate(p, line_end_pattern, error));
    SXT_TRY(isolate(p, deepseek_llm_letters_pattern, error));
    SXT_TRY(isolate(p, deepseek_llm_signs_pattern, error));
    SXT_TRY(isolate(p, "\\s+$", error));
    SXT_TRY(isolate(p, deepseek_ideographs_pattern, error));
    SXT_TRY(sxt_pre_add_digits(p, true, error));
    return sxt_pre_add_byte_level(p, false, false, error);
}

static sxt_status deepseek_coder(sxt_pretokenizer *p, sxt_error *error) {
    SXT_TRY(isolate(p, line_end_pattern, error));
    SXT_TRY(isolate(p, "\\s?\\p{L}+", error));
    SXT_TRY(isolate(p, "\\s?\\p{P}+", error));
    SXT_TRY(isolate(p, deepseek_ideographs_pattern, error));
    SXT_TRY(sxt_pre_add_digits(p, true, error));
    return sxt_pre_add_byte_level(p, false, false, error);
}

/* Of names with the same steps, the first is the one the converter writes. */
static const struct pre_row {
    const char *name;
    sxt_status (*build)(sxt_pretokenizer *p, sxt_error *error);
    sxt_pre_traits traits;
} rows[] = {
    {"gpt-2", gpt2, {false, false}},
    {"phi-2", gpt2, {false, false}},
    {"mpt", gpt2, {false, false}},
    {"olmo", gpt2, {false, false}},
    {"llama-bpe", llama3, {true, true}},
    {"llama3", llama3, {true, true}},
    {"llama-v3", llama3, {true, true}},
    {"dbrx", llama3, {false, false}},
    {"smaug-bpe", llama3, {false, false}},
    {"qwen2", qwen2, {false, false}},
    {"stablelm2", qwen2, {false, false}},
    {"starcoder", digits_gpt2, {false, false}},
    {"refact", digits_gpt2, {false, false}},
    {"command-r", digits_gpt2, {false, false}},
    {"smollm", digits_gpt2, {false, false}},
    {"falcon", falcon, {false, false}},
    {"tekken", tekken, {true, true}},
    {"deepseek-llm", deepseek_llm, {false, false}},
    {"deepseek-coder", deepseek_coder, {false, false}},
    {"default", default_steps, {false, false}},
};

#define N_ROWS (sizeof rows / sizeof rows[0])

static sxt_status build(const struct pre_row *row, sxt_pretokenizer *p, sxt_error *error) {
    SXT_TRY(row->build(p, error));
    sxt_pre_finish(p);
    return SXT_OK;
}

static sxt_status fail_unknown(const char *name, size_t n, sxt_error *error) {
    sxt_buffer names = {0};
    for (size_t i = 0; i < N_ROWS; i++) sxt_buffer_print(&names, "%s%s", i ? ", " : "", rows[i].name);
    sxt_buffer_append(&names, "", 1);
    sxt_status status =
        sxt_fail(error, SXT_E_UNSUPPORTED,
                 "tokenizer.ggml.pre is \"%.*s\", which this version does not know; known are %s",
                 n < 64 ? (int)n : 64, name, names.failed ? "(no memory)" : names.data);
    sxt_buffer_free(&names);
    return status;
}

sxt_status sxt_pre_from_name(const char *name, size_t n, sxt_pretokenizer *p, sxt_pre_traits *traits,
                             sxt_error *error) {
    for (size_t i = 0; i < N_ROWS; i++) {
        if (strlen(rows[i].name) != n || memcmp(rows[i].name, name, n) != 0) continue;
        *traits = rows[i].traits;
        return build(&rows[i], p, error);
    }
    return fail_unknown(name, n, error);
}

sxt_status sxt_pre_find_name(const sxt_pretokenizer *p, bool ignore_merges, const char **name,
                             sxt_error *error) {
    *name = NULL;
    for (size_t i = 0; i < N_ROWS && !*name; i++) {
        sxt_pretokenizer known = {0};
        sxt_status status = build(&rows[i], &known, error);
        if (status == SXT_OK && rows[i].traits.ignore_merges == ignore_merges &&
            sxt_pretokenizer_equal(p, &known))
            *name = rows[i].name;
        sxt_pretokenizer_free(&known);
        SXT_TRY(status);
    }
    return SXT_OK;
}
