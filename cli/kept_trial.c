#include "kept_trial.h"

#include "exit_code.h"
#include "message.h"
#include "token_hash.h"

#include <inttypes.h>
#include <string.h>

enum { N_KEY = 512 };

/* ---- Windows --------------------------------------------------------------------------------------------- */

/* Numbers have as many digits as the longest, so that cells lie in order. */
static void name_window(char name[N_KEY], const char *plan, int64_t length, int64_t k) {
    snprintf(name, N_KEY, "perplexity|%s|%010lld|%06lld", plan, (long long)length, (long long)k);
}

int kept_window_load(result_store *store, const char *plan, int64_t length, int64_t k, kept_window *w) {
    char name[N_KEY];
    json_document *value;
    int64_t within = 0;
    window_score *s = &w->score;
    name_window(name, plan, length, k);
    int code = output_folder_get(store, name, &value);
    w->is_done = false;
    if (code != EXIT_CODE_OK || value == NULL) return code;
    w->is_done = document_get_real(value, "nll", &s->nll) && document_get_integer(value, "n", &s->n) &&
                 document_get_real(value, "late_nll", &s->late_nll) &&
                 document_get_integer(value, "n_late", &s->n_late) &&
                 document_get_reals(value, "by_position", s->by_bucket, MOST_POSITION_BUCKETS) &&
                 document_get_integer(value, "within_limit", &within) && s->n > 0 && s->n_late > 0;
    w->within_limit = within != 0;
    document_free(value);
    return w->is_done ? EXIT_CODE_OK : output_folder_damaged(store, name);
}

int kept_window_put(result_store *store, const char *plan, int64_t length, int64_t k, const window_score *score,
                    const sxt_plan_info *ran) {
    char name[N_KEY];
    json_document *value = document_object();
    name_window(name, plan, length, k);
    document_put_real(value, "score", score->nll / (double)score->n);
    document_put_real(value, "nll", score->nll);
    document_put_integer(value, "n", score->n);
    document_put_real(value, "late_nll", score->late_nll);
    document_put_integer(value, "n_late", score->n_late);
    document_put(value, "by_position", document_reals(score->by_bucket, position_bucket_of(length - 1) + 1));
    document_put_integer(value, "within_limit", ran->within_limit);
    document_put_text(value, "plan", ran->plan);
    return output_folder_put(store, name, value);
}

int kept_window_measure(plan_trial *trial, result_store *store, const char *plan, const text_windows *windows,
                        int64_t length, int64_t k, kept_window *w) {
    sxt_plan_info ran;
    sxt_error error;
    *w = (kept_window){0};
    sxt_status status = plan_trial_window(trial, plan, windows, length, k, &w->score, &ran, &error);
    if (status == SXT_E_CANCELLED) return EXIT_CODE_INTERRUPTED;
    if (status != SXT_OK) {
        progress_end(&trial->line);
        return message_library_error(&error);
    }
    w->is_done = true;
    w->within_limit = ran.within_limit;
    return kept_window_put(store, plan, length, k, &w->score, &ran);
}

void kept_facts_of_text(const text_windows *windows, kept_facts *facts) {
    uint64_t hash = token_hash_add(token_hash_begin(), &windows->text);
    hash = token_hash_bytes(hash, &windows->n_bos, sizeof windows->n_bos);
    snprintf(facts->windows, sizeof facts->windows, "%lld", (long long)windows->n_windows);
    snprintf(facts->text, sizeof facts->text, "%016" PRIx64, hash);
}

/* ---- Hidden keys ----------------------------------------------------------------------------------------- */

static void name_passkey(char name[N_KEY], const char *plan, const passkey_item *item, int64_t i) {
    snprintf(name, N_KEY, "passkey|%s|%010lld|%06.2f|%06lld", plan, (long long)item->length, 100 * item->depth,
             (long long)i);
}

int kept_passkey_load(result_store *store, const char *plan, const passkey_item *item, int64_t i,
                      kept_passkey *key) {
    char name[N_KEY];
    json_document *value;
    int64_t right = 0, within = 0;
    size_t n = 0;
    name_passkey(name, plan, item, i);
    int code = output_folder_get(store, name, &value);
    key->is_done = false;
    if (code != EXIT_CODE_OK || value == NULL) return code;
    const char *ran = document_get_text(value, "plan", &n);
    key->is_done = document_get_integer(value, "right", &right) &&
                   document_get_integer(value, "within_limit", &within) && ran != NULL;
    key->right = right != 0;
    key->within_limit = within != 0;
    snprintf(key->plan, sizeof key->plan, "%s", ran != NULL ? ran : "");
    document_free(value);
    return key->is_done ? EXIT_CODE_OK : output_folder_damaged(store, name);
}

int kept_passkey_put(result_store *store, const char *plan, const passkey_item *item, int64_t i, bool right,
                     const sxt_plan_info *ran, kept_passkey *key) {
    char name[N_KEY];
    json_document *value = document_object();
    *key = (kept_passkey){.is_done = true, .right = right, .within_limit = ran->within_limit};
    snprintf(key->plan, sizeof key->plan, "%s", ran->plan);
    name_passkey(name, plan, item, i);
    document_put_integer(value, "right", right);
    document_put_integer(value, "within_limit", ran->within_limit);
    document_put_text(value, "plan", ran->plan);
    return output_folder_put(store, name, value);
}

int kept_passkey_measure(plan_trial *trial, result_store *store, const char *plan, const passkey_item *item,
                         int64_t i, kept_passkey *key) {
    sxt_plan_info ran;
    bool right = false;
    int code = plan_trial_key(trial, plan, item, &right, &ran);
    return code == EXIT_CODE_OK ? kept_passkey_put(store, plan, item, i, right, &ran, key) : code;
}

void kept_facts_of_keys(const passkey_items *items, kept_facts *facts) {
    uint64_t hash = token_hash_begin();
    for (int64_t i = 0; i < items->n; i++) {
        hash = token_hash_add(hash, &items->list[i].tokens);
        hash = token_hash_bytes(hash, items->list[i].target, strlen(items->list[i].target));
    }
    snprintf(facts->prompts, sizeof facts->prompts, "%016" PRIx64, hash);
}
