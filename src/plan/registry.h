/* The methods by name. A further method is one file, one declaration here and one line in registry.c. */
#ifndef SXT_PLAN_REGISTRY_H
#define SXT_PLAN_REGISTRY_H

#include "plan/plan.h"

extern const sxt_plan_method sxt_plan_none;
extern const sxt_plan_method sxt_plan_self_extend;
extern const sxt_plan_method sxt_plan_rerope;
extern const sxt_plan_method sxt_plan_leaky_rerope;
extern const sxt_plan_method sxt_plan_streaming;
extern const sxt_plan_method sxt_plan_window;
extern const sxt_plan_method sxt_plan_lm_infinite;
extern const sxt_plan_method sxt_plan_dual_chunk;
extern const sxt_plan_method sxt_plan_linear;
extern const sxt_plan_method sxt_plan_ntk;
extern const sxt_plan_method sxt_plan_dynamic_ntk;
extern const sxt_plan_method sxt_plan_ntk_mixed;
extern const sxt_plan_method sxt_plan_yarn;
extern const sxt_plan_method sxt_plan_llama3;
extern const sxt_plan_method sxt_plan_longrope;

/* NULL when no method has the name; `auto` is not a method but a choice among them. */
const sxt_plan_method *sxt_plan_method_find(const char *name);

#endif
