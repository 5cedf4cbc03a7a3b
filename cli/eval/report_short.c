/* What plans change in texts no longer than the trained window. */
#include "report_tables.h"

const double report_most_short_cost = 0.1;

static html_cell short_cell(const short_row *row, report_cell_texts *texts) {
    double cost = short_row_cost(row);
    snprintf(texts->text, sizeof texts->text, "%+.2f %%", 100 * cost + 0.0);
    snprintf(texts->value, sizeof texts->value, "%.15g", cost);
    snprintf(texts->note, sizeof texts->note, "%.1f %% the same, from %.3f", 100 * short_row_same_share(row),
             short_row_perplexity(row->change.nll_before, row));
    return (html_cell){.text = texts->text,
                       .note = texts->note,
                       .value = texts->value,
                       .is_number = true,
                       .is_coloured = true,
                       .share = report_held(1 - cost / report_most_short_cost)};
}

static void write_short_row(html_page *page, const report_job *job, int i_short) {
    report_cost cost = report_short_sum(job, i_short);
    report_cell_texts texts[MOST_SHORT_LENGTHS];
    html_cell cells[MOST_SHORT_LENGTHS + 2] = {{.text = job->short_plans[i_short], .is_head = true}};
    int n = 1;
    for (int64_t l = 0; l < job->n_short_lengths; l++, n++)
        cells[n] =
            l < cost.n_rows ? short_cell(&cost.rows[l], &texts[l]) : (html_cell){.text = "not measured yet"};
    cells[n++] = (html_cell){.text = cost.n_rows > 0 ? cost.verdict.text : ""};
    html_row(page, cells, n);
}

void report_short_section(html_page *page, const report_job *job) {
    char labels[MOST_SHORT_LENGTHS][32];
    const char *heads[MOST_SHORT_LENGTHS + 2] = {"Plan"};
    int n = 1;
    html_section_begin(page, "short", "Short texts: inside the trained window");
    html_paragraph(
        page, "What a plan changes where the model needs none: its perplexity against that of none, and how "
              "often the likeliest next token stays the same. Harmless is a plan that costs at most 1 % "
              "and keeps at least 90 % of the tokens.");
    if (job->n_short_plans == 0 || job->n_short_lengths == 0) {
        html_paragraph(page, "There is nothing to compare: no plan but none, or a text of too few tokens.");
        html_section_end(page);
        return;
    }
    for (int64_t l = 0; l < job->n_short_lengths; l++, n++) {
        snprintf(labels[l], sizeof labels[l], "%lld tokens", (long long)job->short_lengths[l]);
        heads[n] = labels[l];
    }
    heads[n++] = "Verdict";
    html_table_begin(page, "Perplexity above that of none (dark red: a tenth more, or worse)", heads, n);
    for (int i = 0; i < job->n_short_plans; i++) write_short_row(page, job, i);
    html_table_end(page);
    report_write_command(page, job, REPORT_COMMAND_SHORT);
    html_section_end(page);
}
