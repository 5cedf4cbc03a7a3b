/* Which measure and which treatment each published task gets. */
#ifndef SEXTANT_EVAL_METRIC_TASK_H
#define SEXTANT_EVAL_METRIC_TASK_H

#include "eval/metric_text.h"

typedef enum metric_suite { SUITE_LONGBENCH, SUITE_LEVAL, SUITE_LINES } metric_suite;

typedef enum metric_kind {
    METRIC_QA_F1,
    METRIC_QA_F1_ZH,
    METRIC_ROUGE_L,
    METRIC_ROUGE_L_ZH,
    METRIC_CLASSES,
    METRIC_RETRIEVAL,
    METRIC_RETRIEVAL_ZH,
    METRIC_COUNT,
    METRIC_CODE,
    METRIC_CHOICE,
    METRIC_CHOICES,
    METRIC_NUMBER,
    METRIC_OUTPUT,
    METRIC_VERDICTS,
    METRIC_TEXT,
    METRIC_LAST_NUMBER
} metric_kind;

typedef struct metric_task {
    const char *name;
    metric_suite suite;
    metric_kind kind;
    const char *group;    /* of the published table: "single-document QA"; NULL: none */
    bool is_chinese;      /* not part of the published table's English averages */
    bool first_line_only; /* of the answer, before it is scored */
    bool is_bare;         /* no chat template around the prompt */
    bool stops_at_line;   /* the answer ends at a line feed, and does not begin with one */
} metric_task;

/* The i-th task; NULL past the last. */
const metric_task *metric_task_at(size_t i);
/* The task of a file's name, with LongBench-E's ending _e or without; NULL where there is none. */
const metric_task *metric_task_find(text_span name);
/* "F1", "ROUGE-L", ... */
const char *metric_task_measure(const metric_task *task);
/* An answer is right (1) or wrong (0), nothing between them but L-Eval's 0.25 for some of the letters. */
bool metric_task_is_right_or_wrong(const metric_task *task);

/* Answers and references are Chinese, and need white space between their words to be scored: a segmenter's. */
bool metric_task_needs_words(const metric_task *task);

/* What is wrong with a reference answer of the task; NULL: nothing. Others score as the measures say. */
const char *metric_task_reference_fault(const metric_task *task, text_span reference);

/* The best score over the references, 0 to 1. False where memory was not to be had. */
bool metric_task_score(const metric_task *task, text_span prediction, const text_span *references,
                       size_t n_references, const text_span *classes, size_t n_classes, double *score);

#endif
