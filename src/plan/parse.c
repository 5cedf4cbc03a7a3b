/* A plan as the user writes it: "method" or "method:name=value,name=value", then "+log-n", "+window=off", both
 * or nothing. */
#include "plan/nearest.h"
#include "plan/option.h"
#include "plan/registry.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { MAX_LISTED = 32, MAX_TEXT = 512 };

static sxt_status unknown_method(const char *name, sxt_error *error) {
    const char *names[MAX_LISTED];
    char list[512] = "";
    size_t n = 0;
    for (const char *known; n < MAX_LISTED && (known = sxt_plan_method_at((int64_t)n, NULL)); n++) {
        names[n] = known;
        strncat(list, n ? ", " : "", sizeof list - strlen(list) - 1);
        strncat(list, known, sizeof list - strlen(list) - 1);
    }
    return sxt_fail(error, SXT_E_ARGUMENT, "no plan is called '%s'; did you mean '%s'? the plans are %s", name,
                    names[sxt_nearest_name(name, names, n)], list);
}

/* What can be added to any plan. */
typedef struct add_ons {
    bool log_n, window_off;
} add_ons;

static sxt_status read_add_on(const char *text, const char *word, const sxt_plan_model *model, add_ons *added,
                              sxt_error *error) {
    bool *said = strcmp(word, "log-n") == 0        ? &added->log_n
                 : strcmp(word, "window=off") == 0 ? &added->window_off
                                                   : NULL;
    if (!said)
        return sxt_fail(error, SXT_E_ARGUMENT,
                        "plan '%.40s': '+%.40s' cannot be added to a plan; +log-n and +window=off can", text,
                        word);
    if (*said) return sxt_fail(error, SXT_E_ARGUMENT, "plan '%.40s': +%s is given twice", text, word);
    if (said == &added->log_n && model->n_ctx_train < 2)
        return sxt_fail(error, SXT_E_ARGUMENT,
                        "plan '%.40s': +log-n needs a trained window of at least 2 tokens, the model has %lld",
                        text, (long long)model->n_ctx_train);
    *said = true;
    return SXT_OK;
}

/* Moves every "+word" from the end of the text to `added`. A sign before a digit belongs to a value. */
static sxt_status take_add_ons(char *text, const sxt_plan_model *model, add_ons *added, sxt_error *error) {
    char *plus;
    *added = (add_ons){0};
    while ((plus = strrchr(text, '+')) && isalpha((unsigned char)plus[1])) {
        *plus = '\0';
        SXT_TRY(read_add_on(text, plus + 1, model, added, error));
    }
    return SXT_OK;
}

sxt_status sxt_plan_parse(const char *given, const sxt_plan_model *model, sxt_plan_request *request,
                          sxt_error *error) {
    sxt_plan_request parsed = {.model = *model};
    add_ons added;
    sxt_plan_option options[SXT_PLAN_MAX_OPTIONS];
    int n_options;
    char text[MAX_TEXT], name[64];
    size_t n_name = strcspn(given, ":");
    if (n_name >= sizeof name)
        return sxt_fail(error, SXT_E_ARGUMENT, "no plan has a name as long as '%.40s...'", given);
    if (snprintf(text, sizeof text, "%s", given) >= MAX_TEXT)
        return sxt_fail(error, SXT_E_ARGUMENT, "the plan '%.40s...' is longer than %d characters", given,
                        MAX_TEXT - 1);
    SXT_TRY(take_add_ons(text, model, &added, error));
    if (added.window_off) parsed.model.sliding_window = 0;
    n_name = strcspn(text, ":");
    memcpy(name, text, n_name);
    name[n_name] = '\0';

    parsed.is_auto = strcmp(name, "auto") == 0;
    const sxt_plan_method *method = parsed.is_auto ? NULL : sxt_plan_method_find(name);
    if (!parsed.is_auto && !method) return unknown_method(name, error);
    SXT_TRY(sxt_plan_split_options(name, text[n_name] ? text + n_name + 1 : NULL, options, &n_options, error));
    if (parsed.is_auto)
        SXT_TRY(sxt_plan_read_numbers(name, NULL, 0, options, n_options, error));
    else
        SXT_TRY(sxt_plan_configure(method, &parsed.fixed, &parsed.model, options, n_options, error));
    parsed.fixed.log_n = added.log_n;
    parsed.fixed.window_off = added.window_off;
    *request = parsed;
    return SXT_OK;
}
