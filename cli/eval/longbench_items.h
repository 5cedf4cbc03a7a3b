/* The questions of a task's file: one JSON object a line. */
#ifndef SEXTANT_CLI_EVAL_LONGBENCH_ITEMS_H
#define SEXTANT_CLI_EVAL_LONGBENCH_ITEMS_H

#include "eval/longbench_files.h"

/* Texts point into the lines that are kept with the items. */
typedef struct longbench_item {
    int64_t number;        /* of the question in its file, from 1 */
    char *id;              /* `_id`; L-Eval: "LINE.QUESTION"; lines: "LINE" */
    text_span context;     /* lines: the whole prompt */
    text_span input;       /* the question */
    text_span *references; /* (n_references) right answers */
    size_t n_references;
    text_span *classes; /* (n_classes) */
    size_t n_classes;
    int64_t length;  /* in words, as the file says; -1: not said */
    char digits[24]; /* the right answer of line retrieval */
} longbench_item;

typedef struct longbench_items {
    longbench_item *list;
    size_t n;
    json_document **lines; /* (n_lines) */
    size_t n_lines;
} longbench_items;

/* The first `limit` questions (0: all). A fault names the file and the line. */
int longbench_items_read(const task_file *file, int64_t limit, longbench_items *items);
void longbench_items_free(longbench_items *items);

/* Calls `take` with each line of a file of JSON lines that is not blank, parsed; `take` owns the document. A
 * line that is no JSON object is a fault, named with `path` and its number. */
typedef int (*json_line_fn)(void *user, int64_t i_line, json_document *object);
int json_lines_read(const char *path, json_line_fn take, void *user);

#endif
