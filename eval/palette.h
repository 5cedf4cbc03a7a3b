/* Colours that the colour-blind tell apart, and that still differ when printed in grey. */
#ifndef SEXTANT_EVAL_PALETTE_H
#define SEXTANT_EVAL_PALETTE_H

#include "eval/canvas.h"

/* From 0 (bad: dark red) to 1 (good: a very light green); lightness grows evenly, so that order survives a grey
 * print. Below, above and NaN: held to the ends; NaN is 0. */
colour palette_share(double share);

/* Black or white, whichever reads better on it. */
colour palette_ink_on(colour ground);

/* The n-th of a row of lines: colours of Okabe and Ito (2008) without the yellow, told apart by dashes and
 * markers as well, for print and for rows longer than the colours. `width` of the line. */
stroke palette_line(int i, double width);

enum { PALETTE_N_MARKERS = 6 };

/* Draws the i-th line's marker around a point; hollow: filled with white. */
void palette_marker(canvas *c, int i, point where, double radius, bool hollow);

#endif
