/* What a user has downloaded: one file for each task, and LongBench's prompts and answer lengths. */
#ifndef SEXTANT_CLI_EVAL_LONGBENCH_FILES_H
#define SEXTANT_CLI_EVAL_LONGBENCH_FILES_H

#include "eval/metric_task.h"
#include "eval/segmenter.h"
#include "json_document.h"
#include "options.h"
#include "text_buffer.h"

typedef struct task_file {
    const metric_task *task;
    char *name; /* "hotpotqa", "hotpotqa_e", "lines_200" */
    char *path;
    char *prompt; /* the template, with {context} and {input}; NULL: the line holds the whole prompt */
    int64_t n_answer;
    int64_t n_items; /* questions in the file; longbench_items_read() fills it */
} task_file;

typedef struct task_files {
    task_file *list;
    size_t n;
    segmenter *words; /* of Chinese text, where a task needs them */
    bool has_looked;  /* for them */
} task_files;

/* From --data and --tasks, in the order of the published tables. Everything that is missing is an error which
 * says what to download and where to put it. */
int task_files_find(const option_values *options, task_files *files);
void task_files_free(task_files *files);

#endif
