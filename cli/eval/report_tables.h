/* Tables of a report's page: a row for each plan, a column for each length; many lengths in several tables. */
#ifndef SEXTANT_CLI_EVAL_REPORT_TABLES_H
#define SEXTANT_CLI_EVAL_REPORT_TABLES_H

#include "report_page.h"

/* One cell's texts, which live until its row is written. */
typedef struct report_cell_texts {
    char text[96], note[160], value[40];
} report_cell_texts;

/* A figure of plan p at length l. */
typedef html_cell (*report_cell_fn)(const report_job *job, int p, int64_t l, report_cell_texts *texts);

void report_table(html_page *page, const report_job *job, const char *caption, report_cell_fn fn);

/* What stands where nothing was measured. */
html_cell report_empty_cell(const report_job *job, int p, int64_t l);

/* A share of prompts, with its interval. */
html_cell report_share_cell(const report_share *share, report_cell_texts *texts);

/* Held between 0 and 1, as colours are. */
double report_held(double share);

/* Those that more than one part of the page shows. */
html_cell report_perplexity_cell(const report_job *job, int p, int64_t l, report_cell_texts *texts);
html_cell report_keys_cell(const report_job *job, int p, int64_t l, report_cell_texts *texts);
/* A tenth more perplexity in short texts is as red as no key found. */
extern const double report_most_short_cost;

/* As many heat maps side by side as a page is wide. */
int report_maps_together(const report_job *job);

#endif
