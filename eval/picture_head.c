#include "eval/picture_head.h"

#include <stdlib.h>

static const text_style TITLE = {15, true, {0, 0, 0}, TEXT_LEFT, 0};
static const text_style SUBTITLE = {11, false, {0.25, 0.25, 0.25}, TEXT_LEFT, 0};

const text_style PICTURE_LABEL[] = {{11, false, {0.1, 0.1, 0.1}, TEXT_LEFT, 0},
                                    {11, false, {0.1, 0.1, 0.1}, TEXT_CENTRE, 0},
                                    {11, false, {0.1, 0.1, 0.1}, TEXT_RIGHT, 0}};

bool picture_has(const char *text) { return text != NULL && text[0] != '\0'; }

double picture_half_height(const text_style *style) { return 0.36 * style->size; }

void picture_text(canvas *c, point where, const text_style *style, const char *text, double width) {
    char *shortened = canvas_shorten_text(c, style, text, width);
    canvas_text(c, where, style, shortened);
    free(shortened);
}

double picture_head_height(const char *title, const char *subtitle) {
    return PICTURE_MARGIN + (picture_has(title) ? 20 : 0) + (picture_has(subtitle) ? 16 : 0);
}

void picture_draw_head(canvas *c, const char *title, const char *subtitle) {
    double y = PICTURE_MARGIN + 13, width = canvas_width(c) - 2 * PICTURE_MARGIN;
    canvas_set_title(c, title);
    if (picture_has(title)) {
        picture_text(c, (point){PICTURE_MARGIN, y}, &TITLE, title, width);
        y += 18;
    }
    if (picture_has(subtitle)) picture_text(c, (point){PICTURE_MARGIN, y}, &SUBTITLE, subtitle, width);
}
