/* The choice that `auto` makes from the length of the whole text. */
#include "base/num.h"
#include "plan/option.h"
#include "plan/plain.h"
#include "plan/registry.h"

#include <math.h>
#include <stdio.h>

/* The SelfExtend authors' rule: positions up to W + (N - W)/G should reach no farther than 1/2 to 2/3 of the
 * trained window, because the largest trained positions were seen least. A new G is chosen for the lower
 * end, and kept until the upper end is passed, so that it moves rarely as a text grows. */
static const double choose_share = 1.0 / 2, keep_share = 2.0 / 3;

/* A kept G coarser than this many times a fresh choice (after a long rollback) is given up. */
enum { KEEP_COARSER = 4 };

static int64_t window_for(int64_t trained) { return sxt_max_i64(1, trained / 4); }

/* G for `length` tokens: the smallest that satisfies the rule, rounded up to one that divides W when that
 * at most doubles it, because then the near and far positions meet without a step. */
static int64_t group_for(int64_t length, int64_t window, int64_t trained) {
    double room = fmax(choose_share * (double)trained - (double)window, 0.5);
    double exact = fmin(ceil((double)(length - window) / room), 1e18);
    int64_t group = sxt_max_i64(2, (int64_t)exact);
    for (int64_t g = group; g <= window && g <= 2 * group; g++)
        if (window % g == 0) return g;
    return group;
}

static bool keeps(const sxt_plan *current, int64_t length, int64_t window, int64_t fresh_group) {
    if (current->method != &sxt_plan_self_extend || current->neighbor_window != window) return false;
    double reach = (double)window + (double)(length - window) / (double)current->group_size;
    return reach <= keep_share * (double)current->n_ctx_train &&
           current->group_size / KEEP_COARSER <= fresh_group;
}

static sxt_plan extended(const sxt_plan_model *model, int64_t length, const sxt_plan *current) {
    int64_t window = window_for(model->n_ctx_train);
    sxt_plan plan = sxt_plan_begin(&sxt_plan_self_extend, model);
    plan.neighbor_window = window;
    plan.group_size = group_for(length, window, model->n_ctx_train);
    if (current && keeps(current, length, window, plan.group_size)) plan.group_size = current->group_size;
    return plan;
}

static bool can_extend(const sxt_plan_model *model) { return model->rotary && model->n_ctx_train >= 2; }

sxt_plan sxt_plan_choose(const sxt_plan_request *request, int64_t length, const sxt_plan *current, char *reason,
                         size_t n) {
    if (n) reason[0] = '\0';
    if (!request->is_auto) return request->fixed;
    const sxt_plan_model *model = &request->model;
    sxt_plan plan = sxt_plain_plan(model);
    long long tokens = length, trained = model->n_ctx_train;
    if (length <= model->n_ctx_train) {
        snprintf(reason, n, "%lld tokens fit the trained window of %lld", tokens, trained);
    } else if (plan.elastic) {
        snprintf(reason, n,
                 "%lld tokens do not fit the trained window of %lld: the file's own scaling follows the length",
                 tokens, trained);
    } else if (length <= sxt_plan_limit(&plan)) {
        snprintf(reason, n,
                 "the model's sliding window of %lld keeps every key inside the trained window of %lld",
                 (long long)model->sliding_window, trained);
    } else if (!can_extend(model)) {
        snprintf(reason, n,
                 "%lld tokens do not fit the trained window of %lld, and the model has no rotary "
                 "positions to regroup",
                 tokens, trained);
    } else {
        plan = extended(model, length, current);
        snprintf(reason, n, "%lld tokens do not fit the trained window of %lld: far keys in groups of %lld",
                 tokens, trained, (long long)plan.group_size);
    }
    plan.log_n = request->fixed.log_n;
    plan.window_off = request->fixed.window_off;
    return plan;
}

sxt_plan_memory sxt_plan_request_memory(const sxt_plan_request *request) {
    sxt_plan plain = sxt_plain_plan(&request->model);
    bool changes = request->is_auto && !sxt_plain_slides(&plain);
    if (changes) return (sxt_plan_memory){.n_nearest = INT64_MAX};
    return sxt_plan_memory_of(request->is_auto ? &plain : &request->fixed);
}

/* What is past the limit: all of the text, or as much of it as a dense prompt takes. */
static void say_past(const sxt_plan *plan, int64_t length, const char *whose, char *text, size_t n) {
    long long limit = sxt_plan_limit(plan);
    if (plan->dense)
        snprintf(text, n,
                 "a dense prompt of %lld tokens leaves the trained window of %lld; prefill=stream does not",
                 (long long)sxt_min_i64(length, plan->n_prompt), limit);
    else
        snprintf(text, n, "%lld tokens are past this %s's limit of %lld", (long long)length, whose, limit);
}

void sxt_plan_advice(const sxt_plan_request *request, const sxt_plan *plan, int64_t length, char *advice,
                     size_t n) {
    char better[SXT_PLAN_TEXT], past[128];
    bool extends = can_extend(&request->model);
    if (n) advice[0] = '\0';
    if (length <= sxt_plan_limit(plan)) return;
    say_past(plan, length, extends ? "plan" : "model", past, sizeof past);
    if (!extends) {
        snprintf(advice, n, "%s", past);
        return;
    }
    sxt_plan fits = extended(&request->model, length, NULL);
    fits.log_n = plan->log_n;
    fits.window_off = plan->window_off;
    sxt_plan_print(&fits, better, sizeof better);
    snprintf(advice, n, "%s; %s reaches %lld", past, better, (long long)sxt_plan_limit(&fits));
}
