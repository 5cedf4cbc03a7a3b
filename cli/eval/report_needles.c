/* Needles hidden in the text: which are found, how far, at which depth. */
#include "eval/interval.h"
#include "model_session.h"
#include "needle_picture.h"
#include "needle_report.h"
#include "report_tables.h"

#include <stdlib.h>
#include <string.h>

/* ---- Making and asking ----------------------------------------------------------------------------------- */

/* The needle command's view of the report's options: the text is the haystack, the folder the report's own. */
int report_needles_prepare(report_job *job) {
    needle_run *run = &job->needles;
    if (strcmp(job->options->task, "none") == 0) return EXIT_CODE_OK;
    job->needle_options = *job->options;
    option_values *o = &job->needle_options;
    o->depths = o->needle_depths;
    o->trials = o->needle_trials;
    o->haystacks = (choice_list){{o->file}, 1};
    number_sort_reals_once(&o->depths);
    run->options = o;
    run->model = job->model;
    int code = needle_prompts_task(o, &run->prompts.task);
    run->prompts.skips_short = true;
    if (code == EXIT_CODE_OK) code = needle_run_longest(o, job->model, &run->longest);
    return code == EXIT_CODE_OK ? needle_prompts_make(o, job->model, run->longest, &run->prompts) : code;
}

int report_needles_load(report_job *job) {
    job->needles.store = job->store;
    return job->needles.options != NULL ? needle_run_load(&job->needles) : EXIT_CODE_OK;
}

void report_needles_count(const report_job *job, int64_t *n_prompts, int64_t *n_done) {
    *n_prompts = *n_done = 0;
    for (int p = 0; p < job->n_plans && job->needles.options != NULL; p++) {
        needle_tally t = needle_count(&job->needles, p, 0, -1);
        *n_prompts += t.n_prompts - t.n_not_run;
        *n_done += t.n_done;
    }
}

/* ---- The page -------------------------------------------------------------------------------------------- */

static html_cell needle_cell(const report_job *job, int p, int64_t l, report_cell_texts *texts) {
    needle_tally t = needle_count(&job->needles, p, job->options->lengths.values[l], -1);
    if (t.n_prompts == 0 && job->fits[p * job->n_lengths + l]) return (html_cell){.text = "not run: too short"};
    if (t.n_prompts == 0 || t.n_not_run > 0) return (html_cell){.text = "not run: no memory"};
    if (t.n_done == 0) return (html_cell){.text = "not measured yet"};
    report_share s = {
        .n = t.n_prompts, .n_right = t.n_right, .n_asked = t.n_done, .within_limit = t.within_limit};
    s.share = (double)t.n_right / (double)t.n_done;
    interval_wilson(t.n_right, t.n_done, &s.low, &s.high);
    return report_share_cell(&s, texts);
}

/* What the maps of n plans from the first on show, in words. */
static void describe_maps(const report_job *job, int first, int n, text_buffer *words) {
    text_buffer_print(words, "Heat maps: share of needles found, by context length and depth.");
    for (int p = first; p < first + n; p++) {
        needle_tally t = needle_count(&job->needles, p, 0, -1);
        text_buffer_print(words, " Plan %s: %lld of %lld.", plan_at(job->options, p), (long long)t.n_right,
                          (long long)t.n_done);
    }
}

static void show_maps(html_page *page, const report_job *job) {
    const int n_together = report_maps_together(job);
    for (int p = 0; p < job->n_plans; p += n_together) {
        const int n = job->n_plans - p < n_together ? job->n_plans - p : n_together;
        char problem[160] = "";
        text_buffer words = {0};
        describe_maps(job, p, n, &words);
        html_picture(page, needle_picture_draw(&job->needles, p, n, problem, sizeof problem), words.bytes,
                     problem);
        text_buffer_free(&words);
    }
}

void report_needles_section(html_page *page, const report_job *job) {
    html_section_begin(page, "needles", "Needles: what is found, how far, at which depth");
    if (job->needles.options == NULL) {
        html_paragraph(page, "No needles were asked for (--task none).");
        html_section_end(page);
        return;
    }
    char text[400];
    snprintf(
        text, sizeof text,
        "Task %s: at each length and depth, %lld %s with needles hidden in the text. A needle counts as "
        "found when all that was asked for is somewhere in the answer%s. Colours and marks are those of the "
        "pass keys; lengths that are too short for the question were not run.",
        job->needles.prompts.task.name, (long long)job->options->needle_trials,
        job->options->needle_trials == 1 ? "prompt" : "prompts",
        job->needles.prompts.task.n_values > 1 ? "; the maps show the share of values that are" : "");
    html_paragraph(page, text);
    show_maps(page, job);
    report_table(page, job, "Needles found of those asked for, with the 95 % interval of the share (Wilson)",
                 needle_cell);
    report_write_command(page, job, REPORT_COMMAND_NEEDLES);
    html_section_end(page);
}
