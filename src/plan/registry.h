/* The methods by name. A further method is one file, one declaration here and one line in registry.c. */
#ifndef SXT_PLAN_REGISTRY_H
#define SXT_PLAN_REGISTRY_H

#include "plan/plan.h"

extern const sxt_plan_method sxt_plan_none;
extern const sxt_plan_method sxt_plan_self_extend;

/* NULL when no method has the name; `auto` is not a method but a choice among them. */
const sxt_plan_method *sxt_plan_method_find(const char *name);

#endif
