/* What all pictures have alike: fonts, and a title with a line below it. */
#ifndef SEXTANT_EVAL_PICTURE_HEAD_H
#define SEXTANT_EVAL_PICTURE_HEAD_H

#include "eval/canvas.h"

/* The white border of a page. */
#define PICTURE_MARGIN 16.0

/* Numbers along an axis, and what stands beside it; by its anchor. */
extern const text_style PICTURE_LABEL[3];

/* False for NULL and "". */
bool picture_has(const char *text);

/* Half the height of its digits: added to y, a text stands around it instead of on it. */
double picture_half_height(const text_style *style);

/* The text, shortened in the middle where it is wider. */
void picture_text(canvas *c, point where, const text_style *style, const char *text, double width);

/* Either may be NULL or "". The height includes the margin above. */
double picture_head_height(const char *title, const char *subtitle);
void picture_draw_head(canvas *c, const char *title, const char *subtitle);

#endif
