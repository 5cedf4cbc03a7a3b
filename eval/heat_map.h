/* A grid of coloured cells: how often a needle is found at each context length and depth, for several plans
 * side by side; or any other value over two numbers. */
#ifndef SEXTANT_EVAL_HEAT_MAP_H
#define SEXTANT_EVAL_HEAT_MAP_H

#include "eval/canvas.h"

#include <stdint.h>

typedef enum heat_state {
    HEAT_NOT_RUN, /* hatched: never measured, or no memory for it */
    HEAT_MEASURED
} heat_state;

typedef struct heat_cell {
    heat_state state;
    double value;    /* a share, 0 to 1, unless the map has another scale; not finite: drawn as not run */
    bool past_limit; /* the plan's own limit is shorter than the context: a mark in the corner */
} heat_cell;

typedef struct heat_panel {
    const char *name;       /* the plan */
    const heat_cell *cells; /* (n_rows, n_columns), a row after the other */
} heat_panel;

typedef struct heat_map {
    const char *title, *subtitle;         /* NULL or "": none; the subtitle names the model */
    const char *column_title, *row_title; /* "context length (tokens)", "depth of the needle (%)" */
    const double *columns;                /* (n_columns), ascending: written as 512, 1k, 4k */
    const double *rows;                   /* (n_rows), from the top downwards, written as they are */
    int n_columns, n_rows;                /* 1 to HEAT_MAP_MOST each */
    double trained_window;                /* a line behind the last column that is not longer; 0: none */
    const heat_panel *panels;             /* (n_panels), 1 to HEAT_MAP_MOST_PANELS */
    int n_panels;
    /* Another scale than shares: worst != best. Values beyond either have its colour; worst may be the greater.
     */
    double worst, best;
    const char *value_title; /* beside the colour bar; NULL: "found (%)" */
    int decimals;            /* of the numbers of such a scale */
} heat_map;

enum { HEAT_MAP_MOST = 500, HEAT_MAP_MOST_PANELS = 64 };

/* A new drawing, released with canvas_free(); NULL with one line in `problem` (n_problem) when there is nothing
 * to draw (no row or column, too many of them) or no memory. */
canvas *heat_map_draw(const heat_map *map, char *problem, size_t n_problem);

#endif
