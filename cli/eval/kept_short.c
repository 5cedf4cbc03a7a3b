#include "kept_short.h"

#include "exit_code.h"

#include <stdio.h>

enum { N_KEY = 512 };

static void name_window(char name[N_KEY], const char *plan, int64_t length, int64_t k) {
    snprintf(name, N_KEY, "short|%s|%010lld|%06lld", plan, (long long)length, (long long)k);
}

int kept_short_load(result_store *store, const char *plan, int64_t length, int64_t k, kept_short *window) {
    char name[N_KEY];
    json_document *value;
    prediction_change *c = &window->change;
    name_window(name, plan, length, k);
    int code = output_folder_get(store, name, &value);
    window->is_done = false;
    if (code != EXIT_CODE_OK || value == NULL) return code;
    window->is_done = document_get_integer(value, "n", &c->n) &&
                      document_get_integer(value, "n_same", &c->n_same) &&
                      document_get_real(value, "nll_none", &c->nll_before) &&
                      document_get_real(value, "nll", &c->nll_after) &&
                      document_get_real(value, "divergence", &c->divergence) && c->n > 0;
    document_free(value);
    return window->is_done ? EXIT_CODE_OK : output_folder_damaged(store, name);
}

static int put(result_store *store, const char *plan, int64_t length, int64_t k, const prediction_change *c) {
    char name[N_KEY];
    json_document *value = document_object();
    name_window(name, plan, length, k);
    document_put_real(value, "score", (c->nll_after - c->nll_before) / (double)c->n);
    document_put_integer(value, "n", c->n);
    document_put_integer(value, "n_same", c->n_same);
    document_put_real(value, "nll_none", c->nll_before);
    document_put_real(value, "nll", c->nll_after);
    document_put_real(value, "divergence", c->divergence);
    return output_folder_put(store, name, value);
}

int kept_short_measure(const short_trial *reader, result_store *store, int64_t length, int64_t k,
                       kept_short *windows) {
    prediction_change changes[MAX_PLANS] = {{0}};
    int code = short_trial_window(reader, length, k, changes);
    for (int i = 0; i < reader->n_plans && code == EXIT_CODE_OK; i++) {
        windows[i] = (kept_short){true, changes[i]};
        code = put(store, reader->plans[i], length, k, &changes[i]);
    }
    return code;
}
