/* perplexity --picture and --by-position: how well a text is predicted, over lengths, along a stream, or over
 * the positions in a window; a line for each plan. Without SXT_WITH_EVAL there are no such options, and these
 * do nothing. */
#ifndef SEXTANT_CLI_PERPLEXITY_PICTURE_H
#define SEXTANT_CLI_PERPLEXITY_PICTURE_H

#include "options.h"
#include "sextant.h"
#include "text_windows.h"

typedef struct perplexity_picture perplexity_picture;

#ifdef SXT_WITH_EVAL
struct canvas;

/* Refuses files that no picture can be written to. Returns an exit code. */
int perplexity_picture_check(const option_values *options);

/* NULL when no picture is asked for; then the rest does nothing. */
perplexity_picture *perplexity_picture_begin(const option_values *options, const sxt_model *model);

/* The same, whether or not files are asked for. */
perplexity_picture *perplexity_picture_new(const option_values *options, const sxt_model *model);

/* The lines of `plans` (n_plans), over lengths and over positions; NULL with one line in `problem` (n_problem).
 */
struct canvas *perplexity_picture_draw(const perplexity_picture *picture, const char *const *plans, int n_plans,
                                       char *problem, size_t n_problem);
struct canvas *perplexity_picture_draw_positions(const perplexity_picture *picture, const char *const *plans,
                                                 int n_plans, char *problem, size_t n_problem);

/* One row under the i-th plan: the perplexity `ppl` at x, a length or a place in the text. */
void perplexity_picture_add(perplexity_picture *picture, int plan, double x, double ppl, bool within_limit);

/* The score of windows of `length` tokens under the i-th plan; replaces that of shorter ones. `limit` is the
 * plan's, in tokens. */
void perplexity_picture_set_positions(perplexity_picture *picture, int plan, const window_score *score,
                                      int64_t length, int64_t limit);

/* Writes the files, those in the folder of -o too; `plans` (n_plans) names the lines. Returns an exit code. */
int perplexity_picture_save(const perplexity_picture *picture, const char *const *plans, int n_plans);
void perplexity_picture_free(perplexity_picture *picture);
#else
static inline int perplexity_picture_check(const option_values *options) { return (void)options, 0; }
static inline perplexity_picture *perplexity_picture_begin(const option_values *options,
                                                           const sxt_model *model) {
    return (void)options, (void)model, NULL;
}
static inline void perplexity_picture_add(perplexity_picture *picture, int plan, double x, double ppl,
                                          bool within_limit) {
    (void)picture, (void)plan, (void)x, (void)ppl, (void)within_limit;
}
static inline void perplexity_picture_set_positions(perplexity_picture *picture, int plan,
                                                    const window_score *score, int64_t length, int64_t limit) {
    (void)picture, (void)plan, (void)score, (void)length, (void)limit;
}
static inline int perplexity_picture_save(const perplexity_picture *picture, const char *const *plans,
                                          int n_plans) {
    return (void)picture, (void)plans, (void)n_plans, 0;
}
static inline void perplexity_picture_free(perplexity_picture *picture) { (void)picture; }
#endif

#endif
