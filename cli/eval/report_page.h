/* The parts of a report's page, a file for each section, and the commands to repeat them (report_commands.c).
 */
#ifndef SEXTANT_CLI_EVAL_REPORT_PAGE_H
#define SEXTANT_CLI_EVAL_REPORT_PAGE_H

#include "eval/html_page.h"
#include "report_job.h"

/* Of the keys of a length under plan p. */
typedef struct report_share {
    int64_t n, n_right, n_asked; /* that there are, that were found, that were asked */
    double share, low, high;     /* 95 % */
    bool within_limit;
} report_share;
report_share report_keys_sum(const report_job *job, int p, int64_t length);

/* What the plan changes in short texts; n_rows 0: nothing is measured. */
typedef struct report_cost {
    short_row rows[MOST_SHORT_LENGTHS];
    int64_t n_rows;
    short_verdict verdict;
} report_cost;
report_cost report_short_sum(const report_job *job, int i_short);
/* Where plan p stands among the short plans; -1: it is none. */
int report_short_index(const report_job *job, int p);

void report_glance_section(html_page *page, const report_job *job);
void report_perplexity_section(html_page *page, const report_job *job);
void report_keys_section(html_page *page, const report_job *job);
void report_needles_section(html_page *page, const report_job *job);
void report_short_section(html_page *page, const report_job *job);
void report_cost_section(html_page *page, const report_job *job);

typedef enum report_command {
    REPORT_COMMAND_ALL,
    REPORT_COMMAND_MODEL,
    REPORT_COMMAND_PLANS,
    REPORT_COMMAND_PERPLEXITY,
    REPORT_COMMAND_KEYS,
    REPORT_COMMAND_NEEDLES,
    REPORT_COMMAND_SHORT,
    REPORT_COMMAND_SPEED
} report_command;

/* The command line that measures the same. */
void report_write_command(html_page *page, const report_job *job, report_command which);

#endif
