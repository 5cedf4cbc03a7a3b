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

/* What is written as a method or behind one, and is none. */
typedef struct other_name {
    const char *name, *summary, *source;
} other_name;

static const other_name choice = {"auto",
                                  "the model as trained while the text fits, self-extend when it does not",
                                  "the SelfExtend authors' rule for G and W, github.com/datamllab/LongLM"};
static const other_name add_ons[] = {
    {"+log-n", "scores of query i times max(1, ln(i + 1) / ln L), behind any plan: none+log-n",
     "Su 2021, kexue.fm/archives/8823"},
    {"+window=off", "the model's own sliding windows hide nothing, behind any plan: self-extend+window=off",
     "what the SelfExtend authors ask of Mistral 7B v0.1, github.com/datamllab/LongLM"}};

enum { N_ADD_ONS = sizeof add_ons / sizeof add_ons[0] };

const char *sxt_plan_method_at(int64_t i, const char **summary) {
    if (i < 0 || i > N_METHODS) return NULL;
    if (summary) *summary = i < N_METHODS ? methods[i]->summary : choice.summary;
    return i < N_METHODS ? methods[i]->name : choice.name;
}

const char *sxt_plan_add_on_at(int64_t i, const char **summary) {
    if (i < 0 || i >= N_ADD_ONS) return NULL;
    if (summary) *summary = add_ons[i].summary;
    return add_ons[i].name;
}

const char *sxt_plan_source_of(const char *name) {
    const sxt_plan_method *method = sxt_plan_method_find(name);
    if (method) return method->source;
    if (strcmp(name, choice.name) == 0) return choice.source;
    for (int i = 0; i < N_ADD_ONS; i++)
        if (strcmp(name, add_ons[i].name) == 0) return add_ons[i].source;
    return NULL;
}
