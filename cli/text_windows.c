#include "text_windows.h"

#include "exit_code.h"
#include "interrupt.h"
#include "message.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

double text_windows_surprise(const float *logits, int32_t n_vocab, int32_t target) {
    double largest = logits[0], sum = 0;
    for (int32_t i = 1; i < n_vocab; i++)
        if (logits[i] > largest) largest = logits[i];
    for (int32_t i = 0; i < n_vocab; i++) sum += exp(logits[i] - largest);
    return log(sum) + largest - logits[target];
}

/* What the predictions of one window go to. */
typedef struct tally {
    const text_windows *windows;
    int64_t length;
    window_score *score;
} tally;

static bool add_prediction(void *user, int64_t pos, const float *logits) {
    const tally *t = user;
    int64_t target = pos + 1;
    if (target >= t->length) return !interrupted();
    double nll = text_windows_surprise(logits, t->windows->n_vocab, t->windows->window[target]);
    t->score->nll += nll;
    t->score->n++;
    t->score->by_bucket[position_bucket_of(target)] += nll;
    if (target >= 3 * t->length / 4) {
        t->score->late_nll += nll;
        t->score->n_late++;
    }
    return !interrupted();
}

/* Window k of K: BOS where the model adds it, then tokens from floor(k * (n - (T - b)) / max(1, K - 1)). */
void text_windows_fill(const text_windows *w, int64_t length, int64_t k) {
    int64_t n_text = length - w->n_bos, last_start = w->text.n - n_text;
    int64_t start = k * last_start / (w->n_windows > 1 ? w->n_windows - 1 : 1);
    if (w->n_bos == 1) w->window[0] = w->bos_id;
    memcpy(w->window + w->n_bos, w->text.ids + start, (size_t)n_text * sizeof *w->window);
}

void text_windows_add(window_score *sum, const window_score *score) {
    sum->nll += score->nll;
    sum->n += score->n;
    sum->late_nll += score->late_nll;
    sum->n_late += score->n_late;
    for (int i = 0; i < MOST_POSITION_BUCKETS; i++) sum->by_bucket[i] += score->by_bucket[i];
}

sxt_status text_windows_score(const text_windows *w, sxt_session *session, int64_t length, int64_t k,
                              window_score *score, sxt_error *error) {
    tally t = {w, length, score};
    text_windows_fill(w, length, k);
    return sxt_session_scan(session, w->window, length, 0, add_prediction, &t, error);
}

static int read_text(const option_values *options, const sxt_model *model, token_list *tokens) {
    text_buffer text = {0};
    int code = prompt_text(options, &text);
    if (code == EXIT_CODE_OK) code = prompt_tokens(model, text.bytes, text.n_bytes, true, false, tokens);
    text_buffer_free(&text);
    return code;
}

int text_windows_open(const option_values *options, const sxt_model *model, int64_t longest, text_windows *w) {
    sxt_model_info info;
    sxt_model_describe(model, &info);
    *w = (text_windows){.n_windows = options->windows, .bos_id = info.bos_id, .n_vocab = info.n_vocab};
    w->n_bos = info.add_bos && info.bos_id >= 0 && !options->no_bos ? 1 : 0;
    int code = read_text(options, model, &w->text);
    if (code != EXIT_CODE_OK) return code;
    w->longest = longest > 0 ? longest : w->text.n + w->n_bos;
    if (longest - w->n_bos > w->text.n)
        return message_error(
            EXIT_CODE_USAGE,
            "-f %s has %lld tokens; a window of %lld needs %lld: give a shorter --%s or a longer file",
            options->file, (long long)w->text.n, (long long)longest, (long long)(longest - w->n_bos),
            options->target > 0 ? "target" : "lengths");
    w->window = must_allocate((size_t)w->longest * sizeof *w->window);
    return EXIT_CODE_OK;
}

void text_windows_close(text_windows *w) {
    free(w->window);
    sxt_free(w->text.ids);
    *w = (text_windows){0};
}
