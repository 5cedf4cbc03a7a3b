#include "report_tables.h"

#include "eval/display_text.h"
#include "model_session.h"

enum { MOST_COLUMNS = 1 + MOST_REPORT_LENGTHS };

static void begin_table(html_page *page, const report_job *job, const char *caption) {
    char labels[MOST_COLUMNS][32];
    const char *heads[MOST_COLUMNS] = {"Plan"};
    int n = 1;
    for (int64_t l = 0; l < job->n_lengths && n < MOST_COLUMNS; l++, n++) {
        char tokens[24];
        display_text_tokens((double)job->options->lengths.values[l], tokens, sizeof tokens);
        snprintf(labels[n], sizeof labels[n], "%s tokens", tokens);
        heads[n] = labels[n];
    }
    html_table_begin(page, caption, heads, n);
}

html_cell report_empty_cell(const report_job *job, int p, int64_t l) {
    return (html_cell){.text = job->fits[p * job->n_lengths + l] ? "not measured yet" : "not run: no memory"};
}

static void write_rows(html_page *page, const report_job *job, report_cell_fn fn) {
    report_cell_texts texts[MOST_COLUMNS];
    html_cell cells[MOST_COLUMNS];
    for (int p = 0; p < job->n_plans; p++) {
        int n = 1;
        cells[0] = (html_cell){.text = plan_at(job->options, p), .is_head = true};
        for (int64_t l = 0; l < job->n_lengths && n < MOST_COLUMNS; l++, n++)
            cells[n] = fn(job, p, l, &texts[n]);
        html_row(page, cells, n);
    }
    html_table_end(page);
}

void report_table(html_page *page, const report_job *job, const char *caption, report_cell_fn fn) {
    begin_table(page, job, caption);
    write_rows(page, job, fn);
}

/* ---- Cells ----------------------------------------------------------------------------------------------- */

double report_held(double share) { return share < 0 ? 0 : share > 1 ? 1 : share; }

html_cell report_share_cell(const report_share *s, report_cell_texts *texts) {
    snprintf(texts->text, sizeof texts->text, "%lld of %lld", (long long)s->n_right, (long long)s->n_asked);
    snprintf(texts->value, sizeof texts->value, "%.15g", s->share);
    snprintf(texts->note, sizeof texts->note, "%.0f %% (%.0f\u2013%.0f)%s", 100 * s->share, 100 * s->low,
             100 * s->high, s->within_limit ? "" : ", past its limit");
    return (html_cell){.text = texts->text,
                       .note = texts->note,
                       .value = texts->value,
                       .is_number = true,
                       .is_coloured = true,
                       .share = s->share};
}

int report_maps_together(const report_job *job) { return job->n_lengths <= 4 ? 3 : 2; }
