#include "tune_candidates.h"

#include "exit_code.h"
#include "message.h"
#include "text_buffer.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The SelfExtend authors' rule: positions up to W + (N - W)/G should reach 1/2 to 2/3 of the trained window,
 * for the largest trained positions were seen least. */
static const double least_share = 1.0 / 2, most_share = 2.0 / 3;

/* Near windows that are tried, in shares of the trained one. */
static const double window_shares[] = {1.0 / 16, 1.0 / 8, 1.0 / 4, 3.0 / 8, 1.0 / 2};
enum { N_WINDOW_SHARES = sizeof window_shares / sizeof window_shares[0] };

typedef struct grid {
    const sxt_model *model;
    double trained;
    int64_t target;
    const char *add_ons; /* "+log-n", or "" */
    tune_candidates *found;
} grid;

/* The value of a whole-numbered parameter in a canonical plan; 0 where there is none. */
static int64_t parameter(const char *plan, const char *name) {
    const char *at = strstr(plan, name);
    return at != NULL ? strtoll(at + strlen(name), NULL, 10) : 0;
}

static void add(tune_candidates *found, const char *plan) {
    for (int64_t i = 0; i < found->n; i++)
        if (strcmp(found->list[i].plan, plan) == 0) return;
    found->list = must_reallocate(found->list, (size_t)(found->n + 1) * sizeof *found->list);
    tune_candidate *c = &found->list[found->n++];
    *c = (tune_candidate){.window = parameter(plan, "window="), .group = parameter(plan, "group=")};
    if (c->group == 0) c->group = parameter(plan, ",k=");
    snprintf(c->plan, sizeof c->plan, "%s", plan);
    snprintf(c->method, sizeof c->method, "%.*s", (int)strcspn(plan, ":+"), plan);
}

static void offer(const grid *g, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void offer(const grid *g, const char *format, ...) {
    char plan[256];
    sxt_plan_info info;
    sxt_error error;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(plan, sizeof plan, format, arguments);
    va_end(arguments);
    if (sxt_plan_resolve(g->model, plan, g->target, &info, &error) == SXT_OK)
        add(g->found, info.plan);
    else
        message_note("%s is left out: %s", plan, error.text);
}

/* ---- One method's grid ----------------------------------------------------------------------------------- */

/* 1 ... 8, 10, 12, 14, 16, 20, 24, ...: the same numbers for every window make a surface with rows and columns.
 */
static int64_t next_group(int64_t group) {
    int64_t power = 1;
    while (power <= group / 2) power *= 2;
    return group + (power / 4 > 0 ? power / 4 : 1);
}

/* Groups from the first that reaches no farther than the rule's upper end to the first that is within its lower
 * one; where the near window alone reaches that, to twice the first. */
static void vary_groups(const grid *g, const char *method, const char *name, int64_t window) {
    double far = (double)(g->target - window), room = least_share * g->trained - (double)window;
    double least = far / (most_share * g->trained - (double)window);
    double most = room > 0 ? far / room : 2 * least;
    int64_t group = 1;
    while ((double)group < least) group = next_group(group);
    for (bool is_last = false; !is_last; group = next_group(group)) {
        is_last = (double)group >= most;
        offer(g, "%s:%s=%lld,window=%lld%s", method, name, (long long)group, (long long)window, g->add_ons);
    }
}

static int64_t window_of_share(const grid *g, double share) {
    int64_t window = (int64_t)floor(share * g->trained);
    return window > 1 ? window : 1;
}

static void vary_groups_and_windows(const grid *g, const char *method, const char *name) {
    for (int i = 0; i < N_WINDOW_SHARES; i++) {
        int64_t window = window_of_share(g, window_shares[i]);
        if (most_share * g->trained > (double)window) vary_groups(g, method, name, window);
    }
}

/* Far keys stand at W itself, so that the rule bounds it. */
static void vary_windows(const grid *g, const char *method) {
    static const double shares[] = {1.0 / 8, 1.0 / 4, 3.0 / 8, 1.0 / 2, 2.0 / 3};
    for (size_t i = 0; i < sizeof shares / sizeof *shares; i++)
        offer(g, "%s:window=%lld%s", method, (long long)window_of_share(g, shares[i]), g->add_ons);
}

static void vary_chunks(const grid *g, const char *method) {
    static const double shares[] = {1.0 / 2, 5.0 / 8, 3.0 / 4};
    for (size_t i = 0; i < sizeof shares / sizeof *shares; i++)
        if (window_of_share(g, shares[i]) >= 2)
            offer(g, "%s:chunk=%lld%s", method, (long long)window_of_share(g, shares[i]), g->add_ons);
}

/* From the factor that just covers the target to twice that. */
static void vary_factors(const grid *g, const char *method) {
    for (int quarters = 4; quarters <= 8; quarters += 2)
        offer(g, "%s:factor=%.6g%s", method, (double)g->target / g->trained * quarters / 4, g->add_ons);
}

static bool is_one_of(const char *name, const char *const *names, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (strcmp(name, names[i]) == 0) return true;
    return false;
}

static void vary(const grid *g, const char *method) {
    static const char *const stretched[] = {"linear", "ntk", "ntk-mixed", "yarn", "llama3"};
    if (strcmp(method, "self-extend") == 0)
        vary_groups_and_windows(g, method, "group");
    else if (strcmp(method, "leaky-rerope") == 0)
        vary_groups_and_windows(g, method, "k");
    else if (strcmp(method, "rerope") == 0)
        vary_windows(g, method);
    else if (strcmp(method, "dual-chunk") == 0)
        vary_chunks(g, method);
    else if (is_one_of(method, stretched, sizeof stretched / sizeof *stretched))
        vary_factors(g, method);
    else
        offer(g, "%s%s", method, g->add_ons);
}

/* ---- All that was asked for ------------------------------------------------------------------------------ */

/* "self-extend", "rerope+log-n", "all", or a whole plan. */
static int add_item(grid *g, char *item) {
    sxt_error error;
    sxt_plan_info info;
    const char *name;
    if (strcmp(item, "all") == 0) {
        for (int64_t i = 0; (name = sxt_plan_name(i, NULL)) != NULL; i++)
            if (sxt_plan_resolve(g->model, name, g->target, &info, &error) == SXT_OK)
                vary(g, name);
            else
                message_note("%s is left out: %s", name, error.text);
        return EXIT_CODE_OK;
    }
    if (sxt_plan_resolve(g->model, item, g->target, &info, &error) != SXT_OK)
        return message_library_error(&error);
    if (strchr(item, ':') != NULL) {
        add(g->found, info.plan);
        return EXIT_CODE_OK;
    }
    char method[256];
    size_t n_name = strcspn(item, "+");
    snprintf(method, sizeof method, "%.*s", (int)n_name, item);
    g->add_ons = item + n_name;
    vary(g, method);
    g->add_ons = "";
    return EXIT_CODE_OK;
}

int tune_candidates_find(const sxt_model *model, const char *methods, int64_t target,
                         tune_candidates *candidates) {
    sxt_model_info info;
    sxt_model_describe(model, &info);
    grid g = {model, (double)info.n_ctx_train, target, "", candidates};
    offer(&g, "auto");
    char *list = must_allocate(strlen(methods) + 1), *rest = list, *item;
    memcpy(list, methods, strlen(methods) + 1);
    int code = EXIT_CODE_OK;
    while (code == EXIT_CODE_OK && (item = strsep(&rest, "; \t\n")) != NULL)
        if (*item != '\0') code = add_item(&g, item);
    free(list);
    return code;
}

void tune_candidates_free(tune_candidates *candidates) {
    free(candidates->list);
    *candidates = (tune_candidates){0};
}
