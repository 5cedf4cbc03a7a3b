/* A page for people: one HTML file that needs nothing else, neither network nor scripts nor fonts.
 *
 * It is written from its beginning to its end, part by part, in the order of the calls. Every text may be any
 * bytes: it is escaped, and what is not UTF-8 is shown as U+FFFD. What goes wrong (no memory, a full disk) is
 * told at the end by html_page_end(). */
#ifndef SEXTANT_EVAL_HTML_PAGE_H
#define SEXTANT_EVAL_HTML_PAGE_H

#include "eval/canvas.h"

typedef struct html_page {
    FILE *out;
    bool failed; /* memory ran out */
} html_page;

/* From the doctype to the heading. The language is English. */
html_page html_page_begin(FILE *out, const char *title);
/* False, with errno, when not all could be written. */
bool html_page_end(html_page *page);

/* `id` is made of small letters and hyphens; a list of contents can point to it. */
void html_section_begin(html_page *page, const char *id, const char *title);
void html_section_end(html_page *page);
/* Links to sections: n of each. */
void html_contents(html_page *page, const char *const *ids, const char *const *titles, int n);

void html_heading(html_page *page, const char *text);
void html_paragraph(html_page *page, const char *text);
/* A paragraph in a frame that is not overlooked. */
void html_warning(html_page *page, const char *text);
/* What to type, line by line. */
void html_command(html_page *page, const char *text);

/* A picture inside the page; `alternative` is for those who do not see it. The drawing is released; NULL: its
 * `problem` is shown instead. */
void html_picture(html_page *page, canvas *drawing, const char *alternative, const char *problem);

typedef struct html_cell {
    const char *text;
    const char *note;  /* a second, smaller line; NULL: none */
    const char *value; /* the exact number behind the text, for machines; NULL: none */
    bool is_head;      /* the head of its row */
    bool is_number;    /* to the right */
    bool is_coloured;  /* on the ground of a heat map's cell: 0 (dark red) to 1 (light green) */
    double share;
} html_cell;

/* heads (n_heads) of the columns. */
void html_table_begin(html_page *page, const char *caption, const char *const *heads, int n_heads);
void html_row(html_page *page, const html_cell *cells, int n_cells);
void html_table_end(html_page *page);

#endif
