#include "plan/registry.h"

#include <string.h>

static const sxt_plan_method *const methods[] = {
    &sxt_plan_none,      &sxt_plan_self_extend, &sxt_plan_rerope,      &sxt_plan_leaky_rerope,
    &sxt_plan_streaming, &sxt_plan_window,      &sxt_plan_lm_infinite, &sxt_plan_dual_chunk,
    &sxt_plan_linear,    &sxt_plan_ntk,         &sxt_plan_dynamic_ntk, &sxt_plan_ntk_mixed,
    &sxt_plan_yarn,      &sxt_plan_llama3,      &sxt_plan_longrope,
};

enum { N_METHODS = sizeof methods / sizeof methods[0] };

const sxt_plan_method *sxt_plan_method_find(const char *name) {
    for (int i = 0; i < N_METHODS; i++)
        if (strcmp(name, methods[i]->name) == 0) return methods[i];
    return NULL;
}

const char *sxt_plan_method_at(int64_t i, const char **summary) {
    if (i < 0 || i > N_METHODS) return NULL;
    if (summary)
        *summary = i < N_METHODS ? methods[i]->summary
                                 : "the model as trained while the text fits, self-extend when it does not";
    return i < N_METHODS ? methods[i]->name : "auto";
}
