/* What a needle run tells: a table, a CSV file, a JSON document. */
#ifndef SEXTANT_CLI_EVAL_NEEDLE_REPORT_H
#define SEXTANT_CLI_EVAL_NEEDLE_REPORT_H

#include "json_document.h"
#include "needle_run.h"

#include <stdio.h>

/* A cell of the grid, or a row or all of it: prompts of one plan, counted. */
typedef struct needle_tally {
    int64_t n_prompts, n_done, n_not_run;
    int64_t n_exact, n_right; /* right: every value is found in the answer */
    double score;             /* sum of the shares of values found */
    bool within_limit;        /* of all that are done */
    const char *plan;         /* what ran; NULL: nothing, or several */
} needle_tally;

/* The depths of the grid in per cent, as the prompts have them. Common words stand everywhere: they have one.
 */
int64_t needle_depth_count(const needle_run *run);
double needle_depth_at(const needle_run *run, int64_t i);

/* Of plan i at a length (0: all) and a depth in per cent (negative: all). */
needle_tally needle_count(const needle_run *run, int i_plan, int64_t length, double depth);

void needle_print_table(const needle_run *run);
void needle_write_csv(const needle_run *run, FILE *stream);
/* `with_cost`: also what was read and how long it took, which another run of the same cells need not share. */
json_document *needle_document(const needle_run *run, bool with_cost);

#endif
