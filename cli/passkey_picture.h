/* passkey --picture: which keys were found, over lengths and depths, for each plan. Without SXT_WITH_EVAL there
 * is no such option, and these do nothing. */
#ifndef SEXTANT_CLI_PASSKEY_PICTURE_H
#define SEXTANT_CLI_PASSKEY_PICTURE_H

#include "options.h"
#include "passkey_prompts.h"

typedef struct passkey_picture passkey_picture;

#ifdef SXT_WITH_EVAL
struct canvas;

/* Refuses files that no picture can be written to. Returns an exit code. */
int passkey_picture_check(const option_values *options);

/* The grid of what will be asked; NULL without --picture and -o, and when the prompts make no grid: then
 * `code`, which is kept when it is not 0 already, is an exit code after a message if --picture asks for it. */
passkey_picture *passkey_picture_begin(const option_values *options, const passkey_items *items, int *code);

/* The same, whether or not files are asked for; NULL with one line in `problem` (n_problem). */
passkey_picture *passkey_picture_new(const option_values *options, const passkey_items *items, char *problem,
                                     size_t n_problem);

/* The grids of n_plans plans from the first on; NULL with one line in `problem` (n_problem). */
struct canvas *passkey_picture_draw(const passkey_picture *picture, const option_values *options,
                                    const sxt_model *model, int first_plan, int n_plans, char *problem,
                                    size_t n_problem);

/* One answer under the i-th plan. `picture` may be NULL in these. */
void passkey_picture_add(passkey_picture *picture, int plan, const passkey_item *item, bool right,
                         bool within_limit);

/* Writes the files; what was not asked is drawn as not run. Returns an exit code. */
int passkey_picture_save(const passkey_picture *picture, const option_values *options, const sxt_model *model);
void passkey_picture_free(passkey_picture *picture);
#else
static inline int passkey_picture_check(const option_values *options) { return (void)options, 0; }
static inline passkey_picture *passkey_picture_begin(const option_values *options, const passkey_items *items,
                                                     int *code) {
    return (void)options, (void)items, (void)code, NULL;
}
static inline void passkey_picture_add(passkey_picture *picture, int plan, const passkey_item *item, bool right,
                                       bool within_limit) {
    (void)picture, (void)plan, (void)item, (void)right, (void)within_limit;
}
static inline int passkey_picture_save(const passkey_picture *picture, const option_values *options,
                                       const sxt_model *model) {
    return (void)picture, (void)options, (void)model, 0;
}
static inline void passkey_picture_free(passkey_picture *picture) { (void)picture; }
#endif

#endif
