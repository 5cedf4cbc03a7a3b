#include "needle_picture.h"

#include "eval/heat_map.h"
#include "picture_files.h"
#include "exit_code.h"
#include "message.h"
#include "model_session.h"
#include "needle_report.h"
#include "text_buffer.h"

#include <stdlib.h>

/* Unfinished cells are drawn as what they are: not run. */
static heat_cell cell_of(const needle_run *run, int i_plan, int64_t length, double depth) {
    needle_tally t = needle_count(run, i_plan, length, depth);
    if (t.n_done == 0 || t.n_done < t.n_prompts) return (heat_cell){.state = HEAT_NOT_RUN};
    return (heat_cell){HEAT_MEASURED, t.score / (double)t.n_done, !t.within_limit};
}

/* The grid's numbers as the picture takes them: released with free(). */
typedef struct axes {
    double *columns, *rows; /* (lengths.n), (depths) */
    heat_cell *cells;       /* (plans, depths, lengths.n) */
    heat_panel panels[MAX_PLANS];
} axes;

static void fill(const needle_run *run, int first_plan, int n_plans, axes *a) {
    const integer_list *lengths = &run->options->lengths;
    const int64_t n_rows = needle_depth_count(run), n_cells = n_rows * lengths->n;
    a->columns = must_allocate((size_t)lengths->n * sizeof *a->columns);
    a->rows = must_allocate((size_t)n_rows * sizeof *a->rows);
    a->cells = must_allocate((size_t)(n_plans * n_cells) * sizeof *a->cells);
    for (int64_t l = 0; l < lengths->n; l++) a->columns[l] = (double)lengths->values[l];
    for (int64_t d = 0; d < n_rows; d++) a->rows[d] = needle_depth_at(run, d);
    for (int p = 0; p < n_plans; p++) {
        a->panels[p] = (heat_panel){plan_at(run->options, first_plan + p), a->cells + p * n_cells};
        for (int64_t d = 0; d < n_rows; d++)
            for (int64_t l = 0; l < lengths->n; l++)
                a->cells[p * n_cells + d * lengths->n + l] =
                    cell_of(run, first_plan + p, lengths->values[l], a->rows[d]);
    }
}

canvas *needle_picture_draw(const needle_run *run, int first_plan, int n_plans, char *problem,
                            size_t n_problem) {
    axes a;
    sxt_model_info info;
    char name[128], title[96], subtitle[256];
    sxt_model_describe(run->model, &info);
    picture_files_base_name(run->options->model, name, sizeof name);
    snprintf(title, sizeof title, "Needles found, by length and depth (%s)", run->prompts.task.name);
    snprintf(subtitle, sizeof subtitle, "%s, %lld %s a cell", name, (long long)run->options->trials,
             run->options->trials == 1 ? "prompt" : "prompts");
    fill(run, first_plan, n_plans, &a);
    heat_map map = {.title = title,
                    .subtitle = subtitle,
                    .value_title = run->prompts.task.n_values > 1 ? "values found (%)" : NULL,
                    .column_title = "context length (tokens)",
                    .row_title = "depth of the needle (%)",
                    .columns = a.columns,
                    .rows = a.rows,
                    .n_columns = (int)run->options->lengths.n,
                    .n_rows = (int)needle_depth_count(run),
                    .trained_window = (double)info.n_ctx_train,
                    .panels = a.panels,
                    .n_panels = n_plans};
    canvas *drawing = heat_map_draw(&map, problem, n_problem);
    free(a.columns);
    free(a.rows);
    free(a.cells);
    return drawing;
}

int needle_picture_save(const needle_run *run) {
    char problem[160] = "";
    const option_values *o = run->options;
    if (o->pictures.n == 0 && o->output == NULL) return EXIT_CODE_OK;
    return picture_files_save(&o->pictures, o->output, "needle",
                              needle_picture_draw(run, 0, plan_count(o), problem, sizeof problem), problem);
}
