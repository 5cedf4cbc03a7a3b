/* The grid as a heat map, a panel for each plan. */
#ifndef SEXTANT_CLI_EVAL_NEEDLE_PICTURE_H
#define SEXTANT_CLI_EVAL_NEEDLE_PICTURE_H

#include "needle_run.h"

/* The grids of n_plans plans from the first on; NULL with one line in `problem` (n_problem). */
struct canvas *needle_picture_draw(const needle_run *run, int first_plan, int n_plans, char *problem,
                                   size_t n_problem);

/* Draws all into the files of --picture, and into needle.svg and needle.png in the folder of -o. */
int needle_picture_save(const needle_run *run);

#endif
