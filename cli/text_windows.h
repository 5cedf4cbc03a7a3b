/* Windows of a text, spread evenly over it, and how well a model predicts their tokens. */
#ifndef SEXTANT_CLI_TEXT_WINDOWS_H
#define SEXTANT_CLI_TEXT_WINDOWS_H

#include "options.h"
#include "position_buckets.h"
#include "prompt.h"
#include "sextant.h"

typedef struct text_windows {
    token_list text; /* the file, without BOS */
    int64_t n_bos;   /* 1 where the model adds BOS, else 0 */
    int32_t bos_id, n_vocab;
    int64_t n_windows, longest;
    int32_t *window; /* (longest) */
} text_windows;

/* Sums over the windows of one length; `late`: of the last quarter. */
typedef struct window_score {
    double nll, late_nll;
    int64_t n, n_late;
    double by_bucket[MOST_POSITION_BUCKETS]; /* the same sum as nll, by position in the window */
} window_score;

/* From -f, --windows and --no-bos; a text too short for `longest` tokens (0: all that it has) is refused. */
int text_windows_open(const option_values *options, const sxt_model *model, int64_t longest,
                      text_windows *windows);
void text_windows_close(text_windows *windows);

/* Adds one score to another. */
void text_windows_add(window_score *sum, const window_score *score);

/* Reads window k, of exactly `length` tokens, and adds its length - 1 predictions to the score. */
sxt_status text_windows_score(const text_windows *windows, sxt_session *session, int64_t length, int64_t k,
                              window_score *score, sxt_error *error);

/* -ln softmax(logits)[target]; logits (n_vocab). */
double text_windows_surprise(const float *logits, int32_t n_vocab, int32_t target);

/* Puts window k, of `length` tokens, into windows->window. Windows begin with BOS where the model adds it. */
void text_windows_fill(const text_windows *windows, int64_t length, int64_t k);

#endif
