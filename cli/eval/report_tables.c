#include "report_tables.h"

#include "eval/display_text.h"
#include "model_session.h"

#include <stdio.h>

/* As many lengths stand side by side as paper has room for. */
enum { MOST_LENGTHS = 8 };

/* Some of the columns of a table: lengths first to first + n. */
typedef struct table_part {
    int64_t first, n;
    bool is_all;
} table_part;

static void length_text(const report_job *job, int64_t l, char *text, size_t n) {
    display_text_tokens((double)job->options->lengths.values[l], text, n);
}

static void begin_table(html_page *page, const report_job *job, const char *caption, const table_part *part) {
    char labels[MOST_LENGTHS][40], first[24], last[24], whole[320];
    const char *heads[1 + MOST_LENGTHS] = {"Plan"};
    for (int64_t i = 0; i < part->n; i++) {
        char tokens[24];
        length_text(job, part->first + i, tokens, sizeof tokens);
        snprintf(labels[i], sizeof labels[i], "%s tokens", tokens);
        heads[1 + i] = labels[i];
    }
    length_text(job, part->first, first, sizeof first);
    length_text(job, part->first + part->n - 1, last, sizeof last);
    snprintf(whole, sizeof whole, "%s: %s to %s tokens", caption, first, last);
    html_table_begin(page, part->is_all ? caption : whole, heads, (int)(1 + part->n));
}

html_cell report_empty_cell(const report_job *job, int p, int64_t l) {
    return (html_cell){.text = job->fits[p * job->n_lengths + l] ? "not measured yet" : "not run: no memory"};
}

static void write_rows(html_page *page, const report_job *job, const table_part *part, report_cell_fn fn) {
    report_cell_texts texts[MOST_LENGTHS];
    html_cell cells[1 + MOST_LENGTHS];
    for (int p = 0; p < job->n_plans; p++) {
        cells[0] = (html_cell){.text = plan_at(job->options, p), .is_head = true};
        for (int64_t i = 0; i < part->n; i++) cells[1 + i] = fn(job, p, part->first + i, &texts[i]);
        html_row(page, cells, (int)(1 + part->n));
    }
    html_table_end(page);
}

void report_table(html_page *page, const report_job *job, const char *caption, report_cell_fn fn) {
    const int64_t n = job->n_lengths, n_parts = (n + MOST_LENGTHS - 1) / MOST_LENGTHS;
    for (int64_t i = 0; i < n_parts; i++) {
        const int64_t first = i * n / n_parts, end = (i + 1) * n / n_parts;
        const table_part part = {first, end - first, n_parts == 1};
        begin_table(page, job, caption, &part);
        write_rows(page, job, &part, fn);
    }
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
