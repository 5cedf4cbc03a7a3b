#include "text/regex.h"

#include "base/memory.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

/* Limits against patterns that explode: steps (a base, and some for each byte: a run of a million letters
 * is honest), KiB of backtracking memory, bytes of pattern. */
#define STEPS_BASE 10000000u
#define STEPS_PER_BYTE 32u
#define HEAP_KIB (256u << 10)
#define MAX_PATTERN_BYTES (64u << 10)
#define JIT_STACK_START (32u << 10)
#define JIT_STACK_MOST (8u << 20)

struct sxt_regex {
    pcre2_code *code;
    bool compiled_to_machine_code; /* else the interpreter runs it; the matches are the same */
};

struct sxt_matcher {
    pcre2_match_data *match;
    pcre2_match_context *limits;
    pcre2_jit_stack *stack; /* NULL where there is no JIT */
};

static void *take(PCRE2_SIZE n, void *user) {
    (void)user;
    return sxt_alloc(n, 1);
}

static void give(void *memory, void *user) {
    (void)user;
    sxt_free(memory);
}

static sxt_status fail_compile(int code, size_t offset, sxt_error *error) {
    PCRE2_UCHAR reason[160] = {0};
    if (code == PCRE2_ERROR_NOMEMORY || code == PCRE2_ERROR_HEAP_FAILED)
        return sxt_fail_memory(error, "a pre-tokenizer pattern", MAX_PATTERN_BYTES);
    pcre2_get_error_message(code, reason, sizeof reason);
    return sxt_fail(
        error, SXT_E_UNSUPPORTED,
        "the tokenizer's regular expression cannot be used: %s at its byte %zu; use a tokenizer.json "
        "whose pattern PCRE2 accepts",
        (const char *)reason, offset);
}

static sxt_status compile(const char *pattern, size_t n, pcre2_general_context *memory, pcre2_code **code,
                          sxt_error *error) {
    int reason = 0;
    PCRE2_SIZE at = 0;
    pcre2_compile_context *context = pcre2_compile_context_create(memory);
    if (!context) return sxt_fail_memory(error, "a pre-tokenizer pattern", n);
    pcre2_set_newline(context, PCRE2_NEWLINE_LF);
    pcre2_set_max_pattern_length(context, MAX_PATTERN_BYTES);
    /* Oniguruma's Ruby syntax: ^ and $ stand at lines. \C would cut characters. */
    *code =
        pcre2_compile((PCRE2_SPTR)pattern, n, PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C,
                      &reason, &at, context);
    pcre2_compile_context_free(context);
    return *code ? SXT_OK : fail_compile(reason, at, error);
}

sxt_status sxt_regex_new(const char *pattern, size_t n, sxt_regex **regex, sxt_error *error) {
    sxt_status status = SXT_OK;
    sxt_regex *made = sxt_alloc(1, sizeof *made);
    pcre2_general_context *memory = pcre2_general_context_create(take, give, NULL);
    if (!made || !memory) {
        status = sxt_fail_memory(error, "a pre-tokenizer pattern", n);
        goto done;
    }
    SXT_TRY_DONE(compile(pattern, n, memory, &made->code, error));
    made->compiled_to_machine_code = pcre2_jit_compile(made->code, PCRE2_JIT_COMPLETE) == 0;
    *regex = made;
    made = NULL;
done:
    sxt_regex_free(made);
    pcre2_general_context_free(memory);
    return status;
}

void sxt_regex_free(sxt_regex *regex) {
    if (!regex) return;
    pcre2_code_free(regex->code);
    sxt_free(regex);
}

sxt_status sxt_matcher_new(sxt_matcher **matcher, sxt_error *error) {
    uint32_t has_jit = 0;
    sxt_matcher *made = sxt_alloc(1, sizeof *made);
    pcre2_general_context *memory = pcre2_general_context_create(take, give, NULL);
    if (made && memory) {
        made->match = pcre2_match_data_create(1, memory);
        made->limits = pcre2_match_context_create(memory);
        pcre2_config(PCRE2_CONFIG_JIT, &has_jit);
        if (has_jit) made->stack = pcre2_jit_stack_create(JIT_STACK_START, JIT_STACK_MOST, memory);
    }
    pcre2_general_context_free(memory);
    if (!made || !made->match || !made->limits || (has_jit && !made->stack)) {
        sxt_matcher_free(made);
        return sxt_fail_memory(error, "the pre-tokenizer", JIT_STACK_START);
    }
    pcre2_set_heap_limit(made->limits, HEAP_KIB);
    if (made->stack) pcre2_jit_stack_assign(made->limits, NULL, made->stack);
    *matcher = made;
    return SXT_OK;
}

void sxt_matcher_free(sxt_matcher *matcher) {
    if (!matcher) return;
    pcre2_match_data_free(matcher->match);
    pcre2_match_context_free(matcher->limits);
    pcre2_jit_stack_free(matcher->stack);
    sxt_free(matcher);
}

static sxt_status fail_match(int code, size_t n, sxt_error *error) {
    PCRE2_UCHAR reason[160] = {0};
    if (code == PCRE2_ERROR_NOMEMORY) return sxt_fail_memory(error, "the pre-tokenizer", n);
    pcre2_get_error_message(code, reason, sizeof reason);
    return sxt_fail(error, SXT_E_UNSUPPORTED,
                    "the tokenizer's regular expression gives up on a text of %zu bytes (%s); its pattern in "
                    "the model's files is not usable on such text",
                    n, (const char *)reason);
}

sxt_status sxt_regex_find(const sxt_regex *regex, sxt_matcher *matcher, const char *text, size_t n, size_t from,
                          bool *found, size_t *start, size_t *end, sxt_error *error) {
    uint64_t steps = STEPS_BASE + (uint64_t)STEPS_PER_BYTE * n;
    pcre2_set_match_limit(matcher->limits, steps < UINT32_MAX ? (uint32_t)steps : UINT32_MAX);
    int count = PCRE2_ERROR_JIT_STACKLIMIT;
    if (regex->compiled_to_machine_code)
        count = pcre2_match(regex->code, (PCRE2_SPTR)text, n, from, PCRE2_NO_UTF_CHECK, matcher->match,
                            matcher->limits);
    if (count == PCRE2_ERROR_JIT_STACKLIMIT)
        count = pcre2_match(regex->code, (PCRE2_SPTR)text, n, from, PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT,
                            matcher->match, matcher->limits);
    if (count < 0 && count != PCRE2_ERROR_NOMATCH) return fail_match(count, n, error);
    *found = count >= 0;
    if (!*found) return SXT_OK;
    const PCRE2_SIZE *ends = pcre2_get_ovector_pointer(matcher->match);
    if (ends[0] < from || ends[1] < ends[0] || ends[1] > n) /* \K can do that */
        return sxt_fail(error, SXT_E_UNSUPPORTED,
                        "the tokenizer's regular expression moves its own start back (\\K); use a pattern "
                        "without it");
    *start = ends[0];
    *end = ends[1];
    return SXT_OK;
}
