/* The folder that an evaluation keeps its results in. Without SXT_WITH_EVAL there is no option that names one,
 * and these do nothing.
 *
 * The value of a cell is a JSON object. compare-runs reads these members of it, where they are: `right` (0 or
 * 1: it gets an interval) and `score` (a number, averaged). Cells whose keys differ behind the last `|` only
 * are repeats of one figure: "self-extend|4096|50|0", "self-extend|4096|50|1". */
#ifndef SEXTANT_CLI_OUTPUT_FOLDER_H
#define SEXTANT_CLI_OUTPUT_FOLDER_H

#include "exit_code.h"
#include "json_document.h"
#include "options.h"
#include "sextant.h"

#include <stdio.h>

/* Called to write a file's content; false, with errno, when it could not. */
typedef bool (*output_folder_fn)(void *user, FILE *stream);

#ifdef SXT_WITH_EVAL
#include "eval/result_store.h"

/* Opens -o's store for `command`, to go on with --resume. The facts (n_facts) are what its results depend on,
 * besides the model, the plans, the type of the cache and the arithmetic, which are added here. *store is NULL
 * without -o. An exit code, after a message when not 0. */
int output_folder_open(const option_values *options, const sxt_model *model, const char *command,
                       const result_fact *facts, int n_facts, result_store **store);

/* Writes a cell, on the disk when this returns; `value` is released. Nothing without a store. */
int output_folder_put(result_store *store, const char *key, json_document *value);

/* Reads a cell; *value is NULL when it is not done, else released with document_free(). */
int output_folder_get(result_store *store, const char *key, json_document **value);
/* The error of a cell that is there but does not hold what it must. Returns its exit code. */
int output_folder_damaged(const result_store *store, const char *key);

/* Replaces the file `name` in -o's folder, whole or not at all. Nothing without -o. */
int output_folder_write(const option_values *options, const char *name, output_folder_fn fn, void *user);
/* The same of a document. */
int output_folder_write_document(const option_values *options, const char *name, const json_document *document);

/* After Ctrl-C: that --resume goes on. Nothing without -o. */
void output_folder_note_stop(const option_values *options);

void output_folder_close(result_store *store);
#else
typedef struct result_store result_store;
typedef struct result_fact {
    const char *name, *value;
} result_fact;

static inline int output_folder_open(const option_values *options, const sxt_model *model, const char *command,
                                     const result_fact *facts, int n_facts, result_store **store) {
    (void)options, (void)model, (void)command, (void)facts, (void)n_facts;
    *store = NULL;
    return EXIT_CODE_OK;
}
static inline int output_folder_put(result_store *store, const char *key, json_document *value) {
    (void)store, (void)key;
    document_free(value);
    return EXIT_CODE_OK;
}
static inline int output_folder_get(result_store *store, const char *key, json_document **value) {
    (void)store, (void)key;
    *value = NULL;
    return EXIT_CODE_OK;
}
static inline int output_folder_damaged(const result_store *store, const char *key) {
    return (void)store, (void)key, EXIT_CODE_FAILURE;
}
static inline int output_folder_write_document(const option_values *options, const char *name,
                                               const json_document *document) {
    return (void)options, (void)name, (void)document, EXIT_CODE_OK;
}
static inline void output_folder_note_stop(const option_values *options) { (void)options; }
static inline void output_folder_close(result_store *store) { (void)store; }
#endif

#endif
