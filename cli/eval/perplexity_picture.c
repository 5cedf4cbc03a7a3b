#include "perplexity_picture.h"

#include "eval/line_chart.h"
#include "eval/picture_files.h"
#include "exit_code.h"
#include "message.h"
#include "text_buffer.h"

#include <math.h>
#include <stdlib.h>

/* The points of one plan's line. */
typedef struct points {
    line_point *list;
    int n, n_room;
} points;

struct perplexity_picture {
    const option_values *options;
    double trained_window;
    points rows[MAX_PLANS], positions[MAX_PLANS];
    int64_t length[MAX_PLANS]; /* of the windows whose positions are kept */
};

/* In the order of x, whatever the order of --lengths. */
static void add_point(points *to, line_point p) {
    if (to->n == to->n_room) {
        to->n_room = 2 * to->n_room + 16;
        to->list = must_reallocate(to->list, (size_t)to->n_room * sizeof *to->list);
    }
    int i = to->n++;
    for (; i > 0 && to->list[i - 1].x > p.x; i--) to->list[i] = to->list[i - 1];
    to->list[i] = p;
}

int perplexity_picture_check(const option_values *options) {
    if (options->stream && options->output != NULL)
        return message_error(EXIT_CODE_USAGE,
                             "-o keeps windows, and --stream reads the text in one go: leave one of them out");
    if (options->stream && options->position_pictures.n > 0)
        return message_error(EXIT_CODE_USAGE,
                             "--by-position is about windows: leave out --stream, or give --picture");
    int code = picture_files_check("--picture", &options->pictures);
    if (code == EXIT_CODE_OK) code = picture_files_check("--by-position", &options->position_pictures);
    if (code != EXIT_CODE_OK) return code;
    return picture_files_check_apart("--by-position", &options->position_pictures, &options->pictures);
}

perplexity_picture *perplexity_picture_begin(const option_values *options, const sxt_model *model) {
    if (options->pictures.n == 0 && options->position_pictures.n == 0 && options->output == NULL) return NULL;
    return perplexity_picture_new(options, model);
}

perplexity_picture *perplexity_picture_new(const option_values *options, const sxt_model *model) {
    sxt_model_info info;
    perplexity_picture *p = must_allocate(sizeof *p);
    sxt_model_describe(model, &info);
    *p = (perplexity_picture){.options = options, .trained_window = (double)info.n_ctx_train};
    return p;
}

void perplexity_picture_add(perplexity_picture *p, int plan, double x, double ppl, bool within_limit) {
    if (p != NULL) add_point(&p->rows[plan], (line_point){.x = x, .y = ppl, .past_limit = !within_limit});
}

void perplexity_picture_set_positions(perplexity_picture *p, int plan, const window_score *score,
                                      int64_t length, int64_t limit) {
    if (p == NULL || length < p->length[plan]) return;
    points *line = &p->positions[plan];
    const double n_windows = (double)score->n / (double)(length - 1);
    p->length[plan] = length;
    line->n = 0;
    for (int64_t first = 1, i = 0; first < length; i++) {
        int64_t end = position_bucket_end((int)i);
        if (end > length) end = length;
        add_point(line, (line_point){.x = sqrt((double)first * (double)(end - 1)),
                                     .y = score->by_bucket[i] / (double)(end - first) / n_windows,
                                     .past_limit = end > limit});
        first = end;
    }
}

static canvas *draw(const perplexity_picture *p, const points *lines, int n_plans, const char *const *plans,
                    line_chart *chart, char *problem, size_t n_problem) {
    line_series series[MAX_PLANS];
    char model[128], text[128], subtitle[320];
    for (int i = 0; i < n_plans; i++) series[i] = (line_series){plans[i], lines[i].list, lines[i].n};
    picture_files_base_name(p->options->model, model, sizeof model);
    picture_files_base_name(p->options->file, text, sizeof text);
    snprintf(subtitle, sizeof subtitle, "%s, text %s, %lld %s%s", model, text, (long long)p->options->windows,
             p->options->stream ? "part" : "window", p->options->windows == 1 ? "" : "s");
    chart->subtitle = subtitle;
    chart->trained_window = p->trained_window;
    chart->series = series;
    chart->n_series = n_plans;
    return line_chart_draw(chart, problem, n_problem);
}

canvas *perplexity_picture_draw(const perplexity_picture *p, const char *const *plans, int n_plans,
                                char *problem, size_t n_problem) {
    bool stream = p->options->stream;
    line_chart chart = {.title = stream ? "Perplexity along the text" : "Perplexity against length",
                        .x_title = stream ? "place in the text (tokens)" : "context length (tokens)",
                        .y_title = "perplexity",
                        .x_axis = stream ? AXIS_LINEAR : AXIS_LOG_TOKENS,
                        .y_axis = AXIS_LOG};
    return draw(p, p->rows, n_plans, plans, &chart, problem, n_problem);
}

canvas *perplexity_picture_draw_positions(const perplexity_picture *p, const char *const *plans, int n_plans,
                                          char *problem, size_t n_problem) {
    line_chart chart = {.title = "Loss by position in the window: does a longer context still help?",
                        .x_title = "position in the window (tokens)",
                        .y_title = "loss (nats per token)",
                        .x_axis = AXIS_LOG_TOKENS,
                        .y_axis = AXIS_LINEAR};
    return draw(p, p->positions, n_plans, plans, &chart, problem, n_problem);
}

int perplexity_picture_save(const perplexity_picture *p, const char *const *plans, int n_plans) {
    int code = EXIT_CODE_OK;
    char problem[160] = "";
    if (p == NULL) return code;
    const option_values *o = p->options;
    if (o->pictures.n > 0 || o->output != NULL)
        code = picture_files_save(&o->pictures, o->output, "perplexity",
                                  perplexity_picture_draw(p, plans, n_plans, problem, sizeof problem), problem);
    if ((o->position_pictures.n > 0 || o->output != NULL) && code == EXIT_CODE_OK)
        code = picture_files_save(&o->position_pictures, o->output, "by-position",
                                  perplexity_picture_draw_positions(p, plans, n_plans, problem, sizeof problem),
                                  problem);
    return code;
}

void perplexity_picture_free(perplexity_picture *p) {
    if (p == NULL) return;
    for (int i = 0; i < MAX_PLANS; i++) {
        free(p->rows[i].list);
        free(p->positions[i].list);
    }
    free(p);
}
