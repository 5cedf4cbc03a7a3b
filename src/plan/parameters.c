/* What methods share: defaults, refusals, lists and texts, all from the method's own table of parameters. */
#include "plan/decimal.h"
#include "plan/option.h"
#include "plan/registry.h"

#include <stdio.h>
#include <string.h>

static int numbers_of(sxt_plan *plan, sxt_plan_number numbers[SXT_PLAN_MAX_OPTIONS]) {
    return plan->method->parameters ? plan->method->parameters(plan, numbers) : 0;
}

sxt_plan sxt_plan_begin(const sxt_plan_method *method, const sxt_plan_model *model) {
    sxt_plan plan = {.method = method,
                     .group_size = 1,
                     .n_ctx_train = model->n_ctx_train,
                     .sliding_window = model->sliding_window};
    if (method->begin) method->begin(&plan, model);
    return plan;
}

sxt_status sxt_plan_configure(const sxt_plan_method *method, sxt_plan *plan, const sxt_plan_model *model,
                              const sxt_plan_option *options, int n_options, sxt_error *error) {
    sxt_plan_number numbers[SXT_PLAN_MAX_OPTIONS];
    if (method->need) SXT_TRY(method->need(method->name, model, error));
    sxt_plan made = sxt_plan_begin(method, model);
    int n = numbers_of(&made, numbers);
    for (int i = 0; i < n; i++) {
        if (numbers[i].real) *numbers[i].real = numbers[i].usual;
        if (numbers[i].value) *numbers[i].value = numbers[i].standard;
    }
    SXT_TRY(sxt_plan_read_numbers(method->name, numbers, n, options, n_options, error));
    if (method->check) SXT_TRY(method->check(&made, model, options, n_options, error));
    *plan = made;
    return SXT_OK;
}

sxt_status sxt_plan_need_far(const char *method, const sxt_plan_model *model, sxt_error *error) {
    if (!model->rotary)
        return sxt_fail(error, SXT_E_ARGUMENT,
                        "plan %s: the model has no rotary positions to move; use none, window or streaming",
                        method);
    if (model->n_ctx_train < 2)
        return sxt_fail(error, SXT_E_ARGUMENT,
                        "plan %s: a trained window of %lld tokens leaves no position to move; use none", method,
                        (long long)model->n_ctx_train);
    return SXT_OK;
}

/* Word number `place` of "int|float". */
static void copy_word(const char *words, int64_t place, char *text, size_t n) {
    for (; place > 0; place--) words += strcspn(words, "|") + 1;
    snprintf(text, n, "%.*s", (int)strcspn(words, "|"), words);
}

static void print_value(const sxt_plan_number *number, int64_t value, double real, char *text, size_t n) {
    if (number->words)
        copy_word(number->words, value, text, n);
    else if (number->real)
        sxt_decimal_print(real, text, n);
    else
        snprintf(text, n, "%lld", (long long)value);
}

static bool is_unsaid(const sxt_plan_number *number, int64_t whole, double real) {
    bool is_default = number->real ? real == number->usual : whole == number->standard;
    return is_default && (number->unsaid || number->words || number->computed);
}

void sxt_plan_print_numbers(const sxt_plan *plan, char *text, size_t n) {
    sxt_plan copy = *plan;
    sxt_plan_number numbers[SXT_PLAN_MAX_OPTIONS];
    int n_numbers = numbers_of(&copy, numbers);
    const char *before = ":";
    snprintf(text, n, "%s", plan->method->name);
    for (int i = 0; i < n_numbers; i++) {
        char value[32];
        int64_t whole = numbers[i].value ? *numbers[i].value : 0;
        double real = numbers[i].real ? *numbers[i].real : 0;
        size_t end = strlen(text);
        if (is_unsaid(&numbers[i], whole, real)) continue;
        print_value(&numbers[i], whole, real, value, sizeof value);
        snprintf(text + end, n - end, "%s%s=%s", before, numbers[i].name, value);
        before = ",";
    }
}

bool sxt_plan_has_end(const sxt_plan_number *number) { return number->real || number->max < INT64_MAX; }

void sxt_plan_print_range(const sxt_plan_number *number, const char *joint, char *text, size_t n) {
    char least[32], most[32] = "";
    bool has_end = sxt_plan_has_end(number);
    print_value(number, number->min, number->least, least, sizeof least);
    if (has_end) print_value(number, number->max, number->most, most, sizeof most);
    snprintf(text, n, "%s%s%s%s", has_end ? "" : "at least ", least, has_end ? joint : "", most);
}

/* For any model: in words of its trained window, where that matters. */
static void describe(const sxt_plan_number *number, bool any_model, sxt_plan_parameter_info *parameter) {
    const char *formula = any_model && number->formula ? number->formula : number->computed;
    parameter->name = number->name;
    parameter->kind = number->words ? "word" : number->real ? "number" : "whole number";
    parameter->computed = formula != NULL;
    if (formula)
        snprintf(parameter->standard, sizeof parameter->standard, "%s", formula);
    else
        print_value(number, number->standard, number->usual, parameter->standard, sizeof parameter->standard);
    if (number->words)
        snprintf(parameter->range, sizeof parameter->range, "%s", number->words);
    else if (any_model && number->end)
        snprintf(parameter->range, sizeof parameter->range, "%lld to %s", (long long)number->min, number->end);
    else
        sxt_plan_print_range(number, " to ", parameter->range, sizeof parameter->range);
}

int sxt_plan_parameters(const char *method, const sxt_plan_model *model,
                        sxt_plan_parameter_info parameters[SXT_PLAN_MAX_OPTIONS]) {
    static const sxt_plan_model any = {.n_ctx_train = 1 << 20, .rotary = true}; /* no window is too narrow */
    const sxt_plan_method *found = sxt_plan_method_find(method);
    sxt_plan_number numbers[SXT_PLAN_MAX_OPTIONS];
    if (!found) return 0;
    sxt_plan plan = sxt_plan_begin(found, model ? model : &any);
    int n = numbers_of(&plan, numbers);
    for (int i = 0; i < n; i++) describe(&numbers[i], model == NULL, &parameters[i]);
    return n;
}
