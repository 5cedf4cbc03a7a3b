/* How well a text is predicted: over lengths, and over the positions of the longest windows. */
#include "model_session.h"
#include "perplexity_picture.h"
#include "report_tables.h"

#include <math.h>

/* Half as much perplexity again is as red as no key found. */
static const double most_excess = 0.5;

static double perplexity(const kept_window *w) { return exp(w->score.nll / (double)w->score.n); }

/* The least perplexity of any plan at this length or a shorter one: what a plan could reach here. */
static double best_perplexity(const report_job *job, int64_t l) {
    double best = INFINITY;
    for (int64_t i = 0; i <= l; i++)
        for (int p = 0; p < job->n_plans; p++) {
            kept_window sum = report_text_sum(job, p, i);
            if (sum.is_done && perplexity(&sum) < best) best = perplexity(&sum);
        }
    return best;
}

html_cell report_perplexity_cell(const report_job *job, int p, int64_t l, report_cell_texts *texts) {
    kept_window sum = report_text_sum(job, p, l);
    if (!sum.is_done) return report_empty_cell(job, p, l);
    double ppl = perplexity(&sum), excess = ppl / best_perplexity(job, l) - 1;
    snprintf(texts->text, sizeof texts->text, "%.3f", ppl);
    snprintf(texts->value, sizeof texts->value, "%.15g", ppl);
    snprintf(texts->note, sizeof texts->note, "last quarter %.3f%s",
             exp(sum.score.late_nll / (double)sum.score.n_late), sum.within_limit ? "" : ", past its limit");
    return (html_cell){.text = texts->text,
                       .note = texts->note,
                       .value = texts->value,
                       .is_number = true,
                       .is_coloured = true,
                       .share = isfinite(excess) ? report_held(1 - excess / most_excess) : 0};
}

static void add_line(perplexity_picture *picture, const report_job *job, int p) {
    for (int64_t l = 0; l < job->n_lengths; l++) {
        const int64_t length = job->options->lengths.values[l];
        kept_window sum = report_text_sum(job, p, l);
        sxt_plan_info plan = {0};
        if (!sum.is_done) continue;
        sxt_plan_resolve(job->model, plan_at(job->options, p), length, &plan, NULL);
        perplexity_picture_add(picture, p, (double)length, perplexity(&sum), sum.within_limit);
        perplexity_picture_set_positions(picture, p, &sum.score, length, plan.limit);
    }
}

static void show_charts(html_page *page, const report_job *job) {
    const char *plans[MAX_PLANS];
    char problem[160] = "";
    perplexity_picture *picture = perplexity_picture_new(job->options, job->model);
    for (int p = 0; p < job->n_plans; p++) {
        plans[p] = plan_at(job->options, p);
        add_line(picture, job, p);
    }
    html_picture(
        page, perplexity_picture_draw(picture, plans, job->n_plans, problem, sizeof problem),
        "Line chart: perplexity against context length, a line for each plan, the trained window marked. "
        "The table below has the same figures.",
        problem);
    html_picture(
        page, perplexity_picture_draw_positions(picture, plans, job->n_plans, problem, sizeof problem),
        "Line chart: loss against the position in the longest windows, a line for each plan, the trained "
        "window marked. Where a line goes on falling, more context still helps.",
        problem);
    perplexity_picture_free(picture);
}

void report_perplexity_section(html_page *page, const report_job *job) {
    html_section_begin(page, "perplexity", "Perplexity against length");
    html_paragraph(
        page, "How well the next token is predicted, over windows spread evenly over the text: less is "
              "better. A flat line past the trained window means that the plan does no harm there. It "
              "does not prove that the model sees all of the window; the keys and needles below do. The "
              "second picture looks into the longest windows: where loss goes on falling with the position, "
              "more context still helps.");
    show_charts(page, job);
    report_table(
        page, job,
        "Perplexity over whole windows, and over their last quarters (green: the best of any plan up to this "
        "length; dark red: half as much again, or more)",
        report_perplexity_cell);
    report_write_command(page, job, REPORT_COMMAND_PERPLEXITY);
    html_section_end(page);
}
