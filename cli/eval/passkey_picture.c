#include "passkey_picture.h"

#include "eval/heat_map.h"
#include "eval/picture_files.h"
#include "exit_code.h"
#include "message.h"
#include "model_session.h"
#include "text_buffer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* With more depths than these, tenths of the text are the rows. */
enum { MOST_DEPTHS = 21, N_TENTHS = 11 };

typedef struct share {
    int64_t n, n_right;
    bool past_limit;
} share;

struct passkey_picture {
    double *lengths, *depths; /* (n_lengths) and (n_depths), ascending; depths in percent */
    int n_lengths, n_depths, n_plans;
    bool by_tenths;
    share *shares; /* (n_plans, n_depths, n_lengths) */
};

/* Sorts, and leaves each value once; returns how many there are. */
static int sort_once(double *values, int64_t n) {
    real_list list = {values, n};
    number_sort_reals_once(&list);
    return (int)list.n;
}

/* Lengths that were asked for are there even if they have no prompts. */
static void find_axes(passkey_picture *p, const option_values *options, const passkey_items *items) {
    int64_t n = 0, n_lengths;
    for (int64_t i = 0; i < items->n; i++) {
        if (items->list[i].depth < 0) continue;
        p->lengths[n] = (double)items->list[i].length;
        p->depths[n++] = items->list[i].depth * 100;
    }
    for (n_lengths = n; n > 0 && n_lengths - n < options->lengths.n; n_lengths++)
        p->lengths[n_lengths] = (double)options->lengths.values[n_lengths - n];
    p->n_lengths = sort_once(p->lengths, n_lengths);
    p->n_depths = sort_once(p->depths, n);
    p->by_tenths = p->n_depths > MOST_DEPTHS;
    if (!p->by_tenths) return;
    p->n_depths = N_TENTHS;
    for (int i = 0; i < N_TENTHS; i++) p->depths[i] = 10.0 * i;
}

int passkey_picture_check(const option_values *options) {
    return picture_files_check("--picture", &options->pictures);
}

passkey_picture *passkey_picture_begin(const option_values *options, const passkey_items *items, int *code) {
    char problem[160];
    const bool is_asked_for = options->pictures.n > 0;
    if (*code != EXIT_CODE_OK || (!is_asked_for && options->output == NULL)) return NULL;
    passkey_picture *p = passkey_picture_new(options, items, problem, sizeof problem);
    if (p == NULL && is_asked_for) *code = message_error(EXIT_CODE_USAGE, "--picture: %s", problem);
    if (p == NULL && !is_asked_for) message_note("no picture will be drawn: %s", problem);
    return p;
}

passkey_picture *passkey_picture_new(const option_values *options, const passkey_items *items, char *problem,
                                     size_t n_problem) {
    passkey_picture *p = must_allocate(sizeof *p);
    *p = (passkey_picture){.n_plans = plan_count(options)};
    size_t n = (size_t)(items->n > N_TENTHS ? items->n : N_TENTHS);
    p->lengths = must_allocate((n + (size_t)options->lengths.n) * sizeof *p->lengths);
    p->depths = must_allocate(n * sizeof *p->depths);
    find_axes(p, options, items);
    size_t n_shares = (size_t)p->n_plans * (size_t)p->n_depths * (size_t)p->n_lengths;
    p->shares = must_allocate((n_shares + 1) * sizeof *p->shares);
    memset(p->shares, 0, (n_shares + 1) * sizeof *p->shares);
    if (p->n_lengths > 0 && p->n_lengths <= HEAT_MAP_MOST) return p;
    if (p->n_lengths == 0)
        snprintf(problem, n_problem, "keys are drawn by depth, and no line of %s tells its `depth`",
                 options->file);
    else
        snprintf(problem, n_problem, "there is room for %d lengths, not %d: ask for fewer", (int)HEAT_MAP_MOST,
                 p->n_lengths);
    passkey_picture_free(p);
    return NULL;
}

static int place_of(const double *values, int n, double value) {
    int i = 0;
    while (i < n - 1 && values[i] < value) i++;
    return i;
}

void passkey_picture_add(passkey_picture *p, int plan, const passkey_item *item, bool right,
                         bool within_limit) {
    if (p == NULL || item->depth < 0) return;
    int column = place_of(p->lengths, p->n_lengths, (double)item->length);
    int row =
        p->by_tenths ? (int)floor(item->depth * 10 + 0.5) : place_of(p->depths, p->n_depths, item->depth * 100);
    share *s =
        &p->shares[((size_t)plan * (size_t)p->n_depths + (size_t)row) * (size_t)p->n_lengths + (size_t)column];
    s->n++;
    s->n_right += right;
    s->past_limit = s->past_limit || !within_limit;
}

/* The prompts of each plan, all of them in the picture or not: the most that any plan was asked. */
static int64_t prompts_of_a_plan(const passkey_picture *p) {
    const int64_t n_cells = (int64_t)p->n_depths * p->n_lengths;
    int64_t most = 0;
    for (int plan = 0; plan < p->n_plans; plan++) {
        int64_t n = 0;
        for (int64_t i = 0; i < n_cells; i++) n += p->shares[plan * n_cells + i].n;
        if (n > most) most = n;
    }
    return most;
}

canvas *passkey_picture_draw(const passkey_picture *p, const option_values *options, const sxt_model *model,
                             int first_plan, int n_plans, char *problem, size_t n_problem) {
    sxt_model_info info;
    size_t n_cells = (size_t)p->n_depths * (size_t)p->n_lengths;
    heat_cell *cells = must_allocate(n_cells * (size_t)n_plans * sizeof *cells);
    heat_panel panels[MAX_PLANS];
    char name[128], subtitle[256];
    const int64_t n_prompts = prompts_of_a_plan(p);
    sxt_model_describe(model, &info);
    for (size_t i = 0; i < n_cells * (size_t)n_plans; i++) {
        const share *s = &p->shares[(size_t)first_plan * n_cells + i];
        cells[i] = (heat_cell){.state = s->n > 0 ? HEAT_MEASURED : HEAT_NOT_RUN,
                               .value = s->n > 0 ? (double)s->n_right / (double)s->n : 0,
                               .past_limit = s->past_limit};
    }
    for (int i = 0; i < n_plans; i++)
        panels[i] = (heat_panel){plan_at(options, first_plan + i), cells + (size_t)i * n_cells};
    picture_files_base_name(options->model, name, sizeof name);
    snprintf(subtitle, sizeof subtitle, "%s, %lld %s%s", name, (long long)n_prompts,
             n_prompts == 1 ? "prompt" : "prompts", p->n_plans > 1 ? " for each plan" : "");
    heat_map map = {.title = "Pass keys found, by length and depth",
                    .subtitle = subtitle,
                    .column_title = "context length (tokens)",
                    .row_title = "depth of the key (%)",
                    .columns = p->lengths,
                    .rows = p->depths,
                    .n_columns = p->n_lengths,
                    .n_rows = p->n_depths,
                    .trained_window = (double)info.n_ctx_train,
                    .panels = panels,
                    .n_panels = n_plans};
    canvas *drawing = heat_map_draw(&map, problem, n_problem);
    free(cells);
    return drawing;
}

int passkey_picture_save(const passkey_picture *p, const option_values *options, const sxt_model *model) {
    char problem[160] = "";
    if (p == NULL) return EXIT_CODE_OK;
    return picture_files_save(&options->pictures, options->output, "passkey",
                              passkey_picture_draw(p, options, model, 0, p->n_plans, problem, sizeof problem),
                              problem);
}

void passkey_picture_free(passkey_picture *p) {
    if (p == NULL) return;
    free(p->lengths);
    free(p->depths);
    free(p->shares);
    free(p);
}
