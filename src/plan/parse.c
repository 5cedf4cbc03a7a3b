/* A plan as the user writes it: "method" or "method:name=value,name=value". */
#include "plan/nearest.h"
#include "plan/option.h"
#include "plan/registry.h"

#include <string.h>

enum { MAX_LISTED = 32 };

static sxt_status unknown_method(const char *name, sxt_error *error) {
    const char *names[MAX_LISTED];
    char list[256] = "";
    size_t n = 0;
    for (const char *known; n < MAX_LISTED && (known = sxt_plan_method_at((int64_t)n, NULL)); n++) {
        names[n] = known;
        strncat(list, n ? ", " : "", sizeof list - strlen(list) - 1);
        strncat(list, known, sizeof list - strlen(list) - 1);
    }
    return sxt_fail(error, SXT_E_ARGUMENT, "no plan is called '%s'; did you mean '%s'? the plans are %s", name,
                    names[sxt_nearest_name(name, names, n)], list);
}

sxt_status sxt_plan_parse(const char *text, const sxt_plan_model *model, sxt_plan_request *request,
                          sxt_error *error) {
    sxt_plan_request parsed = {.model = *model};
    sxt_plan_option options[SXT_PLAN_MAX_OPTIONS];
    int n_options;
    char name[64];
    size_t n_name = strcspn(text, ":");
    if (n_name >= sizeof name)
        return sxt_fail(error, SXT_E_ARGUMENT, "no plan has a name as long as '%.40s...'", text);
    memcpy(name, text, n_name);
    name[n_name] = '\0';

    parsed.is_auto = strcmp(name, "auto") == 0;
    const sxt_plan_method *method = parsed.is_auto ? NULL : sxt_plan_method_find(name);
    if (!parsed.is_auto && !method) return unknown_method(name, error);
    SXT_TRY(sxt_plan_split_options(name, text[n_name] ? text + n_name + 1 : NULL, options, &n_options, error));
    if (parsed.is_auto)
        SXT_TRY(sxt_plan_read_numbers(name, NULL, 0, options, n_options, error));
    else
        SXT_TRY(method->configure(&parsed.fixed, model, options, n_options, error));
    *request = parsed;
    return SXT_OK;
}
