/* The grid as a heat map, a panel for each plan. */
#ifndef SEXTANT_CLI_EVAL_NEEDLE_PICTURE_H
#define SEXTANT_CLI_EVAL_NEEDLE_PICTURE_H

#include "needle_run.h"

/* Draws it into the files of --picture, and into needle.svg and needle.png in the folder of -o. */
int needle_picture_save(const needle_run *run);

#endif
