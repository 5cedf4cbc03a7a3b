/* The surface that `tune` searched: what each group and window costs against auto's choice. */
#include "tune_job.h"

#include "eval/heat_map.h"
#include "eval/picture_files.h"
#include "exit_code.h"
#include "message.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Costs beyond this many per cent have the worst colour: a few bad corners must not hide the differences that
 * decide. */
static const double worst_cost = 10;

typedef struct surface {
    double *groups, *windows; /* ascending */
    int n_groups, n_windows;
    heat_cell *cells; /* (n_panels, n_windows, n_groups) */
    heat_panel panels[HEAT_MAP_MOST_PANELS];
    int n_panels;
    bool has_k;  /* leaky-rerope's name of a group */
    double best; /* the least cost, in per cent, at most 0 */
} surface;

static bool has_place(const tune_candidate *c) { return c->group > 0 && c->window > 0; }

/* Puts a value where it belongs unless it is there. */
static void add_once(double *values, int *n, double value) {
    int i = 0;
    while (i < *n && values[i] < value) i++;
    if (i < *n && values[i] == value) return;
    memmove(values + i + 1, values + i, (size_t)(*n - i) * sizeof *values);
    values[i] = value;
    (*n)++;
}

static int place_of(const double *values, int n, double value) {
    int i = 0;
    while (i < n - 1 && values[i] < value) i++;
    return i;
}

static int panel_of(const surface *s, const char *method) {
    int i = 0;
    while (i < s->n_panels && strcmp(s->panels[i].name, method) != 0) i++;
    return i;
}

static void find_axes(surface *s, const tune_job *job) {
    for (int64_t i = 0; i < job->candidates.n; i++) {
        const tune_candidate *c = &job->candidates.list[i];
        if (!has_place(c)) continue;
        s->has_k = s->has_k || strcmp(c->method, "leaky-rerope") == 0;
        add_once(s->groups, &s->n_groups, (double)c->group);
        add_once(s->windows, &s->n_windows, (double)c->window);
        int panel = panel_of(s, c->method);
        if (panel == s->n_panels && panel < HEAT_MAP_MOST_PANELS) s->panels[s->n_panels++].name = c->method;
    }
}

/* Perplexity and missed keys together, in per cent, over what was measured of both. */
static double cost_against_auto(const tune_job *job, int64_t i) {
    tune_difference d = tune_against_auto(job, i);
    return 100 * ((isfinite(d.perplexity) ? d.perplexity : 0) + (isfinite(d.keys) ? d.keys : 0));
}

static void fill(surface *s, const tune_job *job) {
    size_t n_cells = (size_t)s->n_windows * (size_t)s->n_groups;
    for (size_t i = 0; i < n_cells * (size_t)s->n_panels; i++) s->cells[i] = (heat_cell){.state = HEAT_NOT_RUN};
    for (int p = 0; p < s->n_panels; p++) s->panels[p].cells = s->cells + (size_t)p * n_cells;
    for (int64_t i = 0; i < job->candidates.n; i++) {
        const tune_candidate *c = &job->candidates.list[i];
        const tune_result *r = &job->results[i];
        if (!has_place(c) || r->failed || r->n_windows + r->n_keys == 0) continue;
        size_t row = (size_t)place_of(s->windows, s->n_windows, (double)c->window);
        size_t column = (size_t)place_of(s->groups, s->n_groups, (double)c->group);
        size_t at = (size_t)panel_of(s, c->method) * n_cells + row * (size_t)s->n_groups + column;
        s->cells[at] = (heat_cell){.state = HEAT_MEASURED, .value = cost_against_auto(job, i)};
        s->best = fmin(s->best, s->cells[at].value);
    }
}

static canvas *draw(const tune_job *job, char *problem, size_t n_problem) {
    size_t n = (size_t)job->candidates.n;
    surface s = {.groups = must_allocate(n * sizeof(double)), .windows = must_allocate(n * sizeof(double))};
    char name[128], subtitle[512];
    find_axes(&s, job);
    size_t n_cells = (size_t)s.n_windows * (size_t)s.n_groups * (size_t)s.n_panels;
    s.cells = must_allocate((n_cells + 1) * sizeof *s.cells);
    fill(&s, job);
    picture_files_base_name(job->options->model, name, sizeof name);
    snprintf(subtitle, sizeof subtitle, "%s, %lld tokens", name, (long long)job->options->target);
    heat_map map = {.title = "Cost of group and window",
                    .subtitle = subtitle,
                    .column_title = s.has_k ? "group (k of leaky-rerope)" : "group",
                    .row_title = "window (tokens)",
                    .columns = s.groups,
                    .rows = s.windows,
                    .n_columns = s.n_groups,
                    .n_rows = s.n_windows,
                    .panels = s.panels,
                    .n_panels = s.n_panels,
                    .worst = worst_cost,
                    .best = s.best,
                    .value_title = "cost against auto (%)",
                    .decimals = 1};
    canvas *drawing = heat_map_draw(&map, problem, n_problem);
    free(s.groups);
    free(s.windows);
    free(s.cells);
    return drawing;
}

int tune_picture_check(const tune_job *job) {
    if (job->options->pictures.n == 0) return EXIT_CODE_OK;
    int64_t n_places = 0;
    for (int64_t i = 0; i < job->candidates.n; i++) n_places += has_place(&job->candidates.list[i]);
    if (n_places == 0)
        return message_error(EXIT_CODE_USAGE,
                             "--picture shows groups and windows, and no method of --methods has "
                             "both; add self-extend or leaky-rerope");
    return picture_files_check("--picture", &job->options->pictures);
}

int tune_picture_save(const tune_job *job) {
    char problem[160] = "";
    if (job->options->pictures.n == 0) return EXIT_CODE_OK;
    return picture_files_save(&job->options->pictures, NULL, NULL, draw(job, problem, sizeof problem), problem);
}
