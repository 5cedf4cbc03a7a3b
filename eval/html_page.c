#include "eval/html_page.h"

#include "eval/display_text.h"
#include "eval/palette.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Dark on white whatever the reader's system prefers, grounds that survive printing, tables that scroll by
 * themselves on narrow screens. On paper nothing scrolls: all that is wider than a page must be able to wrap. A
 * table that fits on a page is not broken, or its caption could stay behind alone. */
static const char STYLE[] =
    ":root{color-scheme:light}"
    "body{margin:0 auto;max-width:66rem;padding:1.5rem 1.25rem 4rem;background:#fff;color:#1a1a1a;"
    "font:16px/1.5 system-ui,'Segoe UI','Helvetica Neue','DejaVu Sans',Arial,sans-serif}"
    "h1{font-size:1.9rem;line-height:1.2;margin:0 0 .5rem;overflow-wrap:anywhere}"
    "h2{font-size:1.35rem;margin:2.5rem 0 .5rem;padding-top:.75rem;border-top:2px solid #1a1a1a}"
    "h3{font-size:1.05rem;margin:1.5rem 0 .25rem}"
    "p{margin:.5rem 0;max-width:48rem;overflow-wrap:anywhere}"
    "a{color:#0b4f8a}"
    "nav ul{margin:.5rem 0;padding:0;list-style:none;display:flex;flex-wrap:wrap;gap:.25rem 1.25rem}"
    ".warning{border:2px solid #8a1c1c;border-left-width:.6rem;padding:.5rem .75rem;background:#fff4f2;"
    "font-weight:600}"
    ".scroll{overflow-x:auto}"
    "table{border-collapse:collapse;margin:1rem 0;font-variant-numeric:tabular-nums;font-size:.95rem}"
    "caption{text-align:left;font-weight:600;padding-bottom:.35rem}"
    "th,td{border:1px solid #767676;padding:.35rem .6rem;text-align:left;vertical-align:top;"
    "overflow-wrap:anywhere}"
    "td{min-width:5em}"
    "thead th{background:#ececec;overflow-wrap:normal}"
    "tbody th{font-weight:600;min-width:7rem;max-width:15rem}"
    ".number{text-align:right;white-space:nowrap;overflow-wrap:normal}"
    ".note{display:block;font-size:.85em;white-space:normal}"
    ".number>.note{min-width:6.4rem}"
    "figure{margin:.75rem 0}"
    "img{max-width:100%;height:auto}"
    "pre{background:#f4f4f4;border:1px solid #b0b0b0;padding:.6rem .75rem;white-space:pre-wrap;"
    "overflow-wrap:anywhere;font:.85rem/1.5 ui-monospace,'DejaVu Sans Mono',Consolas,monospace}"
    "@page{margin:12mm}"
    "@media print{body{font-size:10pt;max-width:none;padding:0}.scroll{overflow:visible}nav{display:none}"
    "table{font-size:7.5pt;line-height:1.35}th,td{padding:.2rem .3rem}tbody th{min-width:20mm;max-width:45mm}"
    ".number>.note{min-width:0}pre{font-size:7.5pt}p{max-width:none}h2,h3{break-after:avoid}"
    "table,tr,figure,pre,.warning{break-inside:avoid}}"
    "*{-webkit-print-color-adjust:exact;print-color-adjust:exact}";

/* Nothing is loaded from anywhere, and nothing runs. */
static const char POLICY[] = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";

static void raw(html_page *page, const char *markup) { fwrite(markup, 1, strlen(markup), page->out); }

/* Markup in pieces: n of them, one after another. */
static void raw_all(html_page *page, const char *const *pieces, int n) {
    for (int i = 0; i < n; i++) raw(page, pieces[i]);
}

static void text(html_page *page, const char *words) {
    char *clean = display_text_clean(words); /* without ends of lines */
    if (clean == NULL)
        page->failed = true;
    else
        display_text_write_xml(clean, page->out);
    free(clean);
}

/* A name as long as a plan's wraps between its parts, where it must. */
static void name_text(html_page *page, const char *words) {
    char *clean = display_text_clean(words);
    if (clean == NULL) page->failed = true;
    for (const char *c = clean; c != NULL && *c != '\0'; c++) {
        const char byte[] = {*c, '\0'};
        display_text_write_xml(byte, page->out);
        if (strchr(":,+", *c) != NULL) raw(page, "<wbr>");
    }
    free(clean);
}

/* <name class="class">words</name> */
static void element(html_page *page, const char *name, const char *class, const char *words) {
    const char *const begin[] = {"<", name, class != NULL ? " class=\"" : "", class != NULL ? class : "",
                                 class != NULL ? "\">" : ">"};
    const char *const end[] = {"</", name, ">\n"};
    raw_all(page, begin, 5);
    text(page, words);
    raw_all(page, end, 3);
}

html_page html_page_begin(FILE *out, const char *title) {
    html_page page = {.out = out};
    raw(&page, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
               "<meta http-equiv=\"Content-Security-Policy\" content=\"");
    text(&page, POLICY);
    raw(&page, "\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    element(&page, "title", NULL, title);
    const char *const head[] = {"<style>", STYLE, "</style>\n</head>\n<body>\n<main>\n"};
    raw_all(&page, head, 3);
    element(&page, "h1", NULL, title);
    return page;
}

bool html_page_end(html_page *page) {
    raw(page, "</main>\n</body>\n</html>\n");
    if (page->failed) errno = ENOMEM;
    return !page->failed && !ferror(page->out);
}

void html_section_begin(html_page *page, const char *id, const char *title) {
    const char *const begin[] = {"<section id=\"", id, "\" aria-labelledby=\"", id, "-title\">\n<h2 id=\"", id,
                                 "-title\">"};
    raw_all(page, begin, 7);
    text(page, title);
    raw(page, "</h2>\n");
}

void html_section_end(html_page *page) { raw(page, "</section>\n"); }

void html_contents(html_page *page, const char *const *ids, const char *const *titles, int n) {
    raw(page, "<nav aria-label=\"Contents\"><ul>\n");
    for (int i = 0; i < n; i++) {
        const char *const link[] = {"<li><a href=\"#", ids[i], "\">"};
        raw_all(page, link, 3);
        text(page, titles[i]);
        raw(page, "</a></li>\n");
    }
    raw(page, "</ul></nav>\n");
}

void html_heading(html_page *page, const char *words) { element(page, "h3", NULL, words); }
void html_paragraph(html_page *page, const char *words) { element(page, "p", NULL, words); }
void html_warning(html_page *page, const char *words) { element(page, "p", "warning", words); }

void html_command(html_page *page, const char *words) {
    raw(page, "<pre><code>");
    for (const char *line = words; *line != '\0';) {
        size_t n = strcspn(line, "\n");
        char *copy = strndup(line, n);
        if (copy == NULL) page->failed = true;
        text(page, copy);
        free(copy);
        line += n;
        if (*line == '\n') fputc(*line++, page->out);
    }
    raw(page, "</code></pre>\n");
}

/* ---- Pictures */

/* A byte of a data URI inside double quotes. Blanks may stand as they are; the SVG's own quotes, which are all
 * around values, become the single ones, for they are shorter than their escapes. */
static void write_uri_byte(char byte, FILE *out) {
    unsigned char c = (unsigned char)byte;
    bool is_plain = c >= 0x20 && c < 0x7F && strchr("#%&'<>", c) == NULL;
    const char escape[] = {'%', "0123456789ABCDEF"[c >> 4], "0123456789ABCDEF"[c & 15]};
    if (c == '"')
        fputc('\'', out);
    else if (is_plain)
        fputc(c, out);
    else
        fwrite(escape, 1, sizeof escape, out);
}

/* The length of the number here, and how much of it is kept: hundredths of a unit are finer than any print, and
 * half of a drawing is decimals. 0: none begins here. */
static size_t number_length(const char *text, size_t *n_kept) {
    enum { MOST_DECIMALS = 2 };
    size_t n_whole = strspn(text, "0123456789");
    if (n_whole == 0 || text[n_whole] != '.') return *n_kept = n_whole;
    size_t n_decimals = strspn(text + n_whole + 1, "0123456789");
    *n_kept = n_whole + 1 + (n_decimals < MOST_DECIMALS ? n_decimals : MOST_DECIMALS);
    return n_whole + 1 + n_decimals;
}

/* Numbers in texts of the drawing (its <desc>) stay as they are, runs of blanks become one. */
static void write_svg_uri(const char *svg, FILE *out) {
    const char *texts_end = strstr(svg, "</desc>"), *s = svg;
    if (texts_end == NULL) texts_end = svg;
    while (*s != '\0') {
        size_t n_kept = 0, n = s < texts_end ? 0 : number_length(s, &n_kept);
        bool repeats = s > svg && s > texts_end && (*s == ' ' || *s == '\n') && (s[-1] == ' ' || s[-1] == '\n');
        if (n == 0 && !repeats) write_uri_byte(*s == '\n' && s > texts_end ? ' ' : *s, out);
        for (size_t i = 0; i < n_kept; i++) fputc(s[i], out);
        s += n > 0 ? n : 1;
    }
}

/* The drawing as SVG in memory, released with free(); NULL when there is none of that. */
static char *svg_of(const canvas *drawing) {
    char *bytes = NULL;
    size_t n_bytes = 0;
    FILE *memory = open_memstream(&bytes, &n_bytes);
    if (memory == NULL) return NULL;
    bool good = canvas_write(drawing, CANVAS_SVG, 1, memory);
    good = fclose(memory) == 0 && good;
    if (good) return bytes;
    free(bytes);
    return NULL;
}

void html_picture(html_page *page, canvas *drawing, const char *alternative, const char *problem) {
    char *svg = drawing != NULL ? svg_of(drawing) : NULL;
    if (svg != NULL) {
        char sizes[80];
        snprintf(sizes, sizeof sizes, "<figure><img width=\"%.0f\" height=\"%.0f\" alt=\"",
                 ceil(canvas_width(drawing)), ceil(canvas_height(drawing)));
        raw(page, sizes);
        text(page, alternative);
        raw(page, "\" src=\"data:image/svg+xml,");
        write_svg_uri(svg, page->out);
        raw(page, "\"></figure>\n");
    } else if (drawing == NULL) {
        html_paragraph(page, problem);
    } else {
        page->failed = true;
    }
    free(svg);
    canvas_free(drawing);
}

/* ---- Tables */

void html_table_begin(html_page *page, const char *caption, const char *const *heads, int n_heads) {
    raw(page, "<div class=\"scroll\"><table>\n");
    element(page, "caption", NULL, caption);
    raw(page, "<thead><tr>");
    for (int i = 0; i < n_heads; i++) {
        raw(page, "<th scope=\"col\">");
        text(page, heads[i]);
        raw(page, "</th>");
    }
    raw(page, "</tr></thead>\n<tbody>\n");
}

void html_table_end(html_page *page) { raw(page, "</tbody>\n</table></div>\n"); }

static int byte_of(double part) { return (int)(part * 255 + 0.5); }

static void write_ground(html_page *page, double share) {
    colour ground = palette_share(share), ink = palette_ink_on(ground);
    char style[64];
    snprintf(style, sizeof style, " style=\"background:#%02x%02x%02x;color:#%02x%02x%02x\"",
             byte_of(ground.red), byte_of(ground.green), byte_of(ground.blue), byte_of(ink.red),
             byte_of(ink.green), byte_of(ink.blue));
    raw(page, style);
}

static void write_cell(html_page *page, const html_cell *cell) {
    raw(page, cell->is_head ? "<th scope=\"row\"" : "<td");
    if (cell->is_number) raw(page, " class=\"number\"");
    if (cell->is_coloured) write_ground(page, cell->share);
    raw(page, ">");
    if (cell->value != NULL) {
        raw(page, "<data value=\"");
        text(page, cell->value);
        raw(page, "\">");
    }
    cell->is_head ? name_text(page, cell->text) : text(page, cell->text);
    if (cell->value != NULL) raw(page, "</data>");
    if (cell->note != NULL && cell->note[0] != '\0') {
        raw(page, "<span class=\"note\">");
        text(page, cell->note);
        raw(page, "</span>");
    }
    raw(page, cell->is_head ? "</th>" : "</td>");
}

void html_row(html_page *page, const html_cell *cells, int n_cells) {
    raw(page, "<tr>");
    for (int i = 0; i < n_cells; i++) write_cell(page, &cells[i]);
    raw(page, "</tr>\n");
}
