/* Trials that are kept in the folder of -o as soon as they are done. Commands that measure the same thing keep
 * it under the same key, so that compare-runs can set them side by side. Without a store nothing is found and
 * nothing is kept. All return an exit code, after a message when not 0 (but for Ctrl-C). */
#ifndef SEXTANT_CLI_KEPT_TRIAL_H
#define SEXTANT_CLI_KEPT_TRIAL_H

#include "output_folder.h"
#include "plan_trial.h"

/* Window k of a text, of `length` tokens, under a plan. */
typedef struct kept_window {
    bool is_done, within_limit;
    window_score score;
} kept_window;

int kept_window_load(result_store *store, const char *plan, int64_t length, int64_t k, kept_window *window);
/* `ran`: the plan that read it. */
int kept_window_put(result_store *store, const char *plan, int64_t length, int64_t k, const window_score *score,
                    const sxt_plan_info *ran);
/* plan_trial_window(), kept. */
int kept_window_measure(plan_trial *trial, result_store *store, const char *plan, const text_windows *windows,
                        int64_t length, int64_t k, kept_window *window);

/* The i-th hidden key under a plan. */
typedef struct kept_passkey {
    bool is_done, right, within_limit;
    char plan[256]; /* what ran */
} kept_passkey;

int kept_passkey_load(result_store *store, const char *plan, const passkey_item *item, int64_t i,
                      kept_passkey *key);
int kept_passkey_put(result_store *store, const char *plan, const passkey_item *item, int64_t i, bool right,
                     const sxt_plan_info *ran, kept_passkey *key);
/* plan_trial_key(), kept. */
int kept_passkey_measure(plan_trial *trial, result_store *store, const char *plan, const passkey_item *item,
                         int64_t i, kept_passkey *key);

/* What the results of windows and of keys depend on besides what their keys say: "windows" and "text", "key
 * prompts". */
typedef struct kept_facts {
    char windows[32], text[32], prompts[32];
} kept_facts;

void kept_facts_of_text(const text_windows *windows, kept_facts *facts);
void kept_facts_of_keys(const passkey_items *items, kept_facts *facts);

#endif
