/* The scaling of rotary frequencies as people read it. */
#include "model/hparams.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

typedef struct line {
    char *text;
    size_t n, used;
} line;

static void add(line *to, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(line *to, const char *format, ...) {
    va_list arguments;
    if (to->used + 1 >= to->n) return;
    va_start(arguments, format);
    int n = vsnprintf(to->text + to->used, to->n - to->used, format, arguments);
    va_end(arguments);
    if (n > 0) to->used += (size_t)n;
}

static void add_yarn(line *to, const sxt_rope_params *rope) {
    add(to, "yarn:factor=%.9g,original_context=%.0f", rope->factor, rope->original_context);
    if (rope->beta_fast != 32) add(to, ",beta_fast=%.9g", rope->beta_fast);
    if (rope->beta_slow != 1) add(to, ",beta_slow=%.9g", rope->beta_slow);
    if (rope->exact_ramp) add(to, ",truncate=false");
}

void sxt_rope_scaling_print(const sxt_rope_params *rope, char *text, size_t n) {
    line to = {text, n, 0};
    if (n > 0) text[0] = '\0';
    switch (rope->scaling) {
    case SXT_ROPE_STILL: add(&to, "none"); break;
    case SXT_ROPE_NONE: add(&to, rope->freq_factors ? "factors" : "none"); break;
    case SXT_ROPE_LINEAR: add(&to, "linear:factor=%.9g", rope->factor); break;
    case SXT_ROPE_YARN: add_yarn(&to, rope); break;
    case SXT_ROPE_LLAMA3:
        add(&to, "llama3:factor=%.9g,low=%.9g,high=%.9g,original_context=%.0f", rope->factor,
            rope->low_freq_factor, rope->high_freq_factor, rope->original_context);
        break;
    case SXT_ROPE_DYNAMIC:
        add(&to, "dynamic:factor=%.9g,original_context=%.0f", rope->factor, rope->original_context);
        break;
    case SXT_ROPE_LONGROPE:
        add(&to, "longrope:factor=%.9g,original_context=%.0f", rope->factor, rope->original_context);
        break;
    case SXT_ROPE_NTK_MIXED: add(&to, "ntk-mixed:factor=%.9g,power=%.9g", rope->factor, rope->power); break;
    }
    if (rope->scaling != SXT_ROPE_NONE && rope->freq_factors) add(&to, ",factors");
    if (rope->attention_factor > 0) add(&to, ",attention_factor=%.9g", rope->attention_factor);
}
