/* The results of a run in one SQLite file of its output folder (results.sqlite), cell by cell: what is finished
 * stays finished, whatever ends the run. The only file that sees SQLite.
 *
 * A store begins with facts, which say what the results are of: command, model, plans. Its cells are texts
 * under keys ("needle|self-extend|1024|50|0"); what both mean is the caller's business. Every function that
 * fails writes one line into `problem` (n_problem bytes) that names the file and the remedy. One process has a
 * store at a time. */
#ifndef SEXTANT_EVAL_RESULT_STORE_H
#define SEXTANT_EVAL_RESULT_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct result_store result_store;

/* One thing that the results depend on. Name and value are UTF-8. */
typedef struct result_fact {
    const char *name, *value;
} result_fact;

typedef enum result_store_mode {
    RESULT_STORE_NEW,    /* makes folder and file; results that are already there are refused */
    RESULT_STORE_RESUME, /* as NEW, but goes on with results of the same facts */
    RESULT_STORE_READ    /* what is there, of any facts; nothing is written */
} result_store_mode;

typedef enum result_store_answer {
    RESULT_STORE_OK,
    RESULT_STORE_REFUSED, /* the folder holds something else, or nothing: another one, or --resume, is needed */
    RESULT_STORE_FAILED   /* locked, damaged, of a newer version, full disk, not to be opened */
} result_store_answer;

/* `folder` may be missing, its parent not. The facts (n_facts) are compared in full: a name or a value that
 * differs is told. They are ignored by READ and may be NULL there. */
result_store_answer result_store_open(const char *folder, result_store_mode mode, const result_fact *facts,
                                      int n_facts, result_store **store, char *problem, size_t n_problem);
/* NULL is allowed. */
void result_store_close(result_store *store);

/* The file that holds it. Valid as long as the store. */
const char *result_store_path(const result_store *store);

/* The value of a fact; NULL when there is none of that name. Valid as long as the store. */
const char *result_store_fact(const result_store *store, const char *name);
/* The i-th fact, in the order of their names; false past the last. */
bool result_store_fact_at(const result_store *store, int i, result_fact *fact);

/* Writes a cell, or replaces it: on the disk when this returns true. False leaves the cells that were there. */
bool result_store_put(result_store *store, const char *key, const char *value, char *problem, size_t n_problem);

/* Reads a cell: *value is released with free(), and NULL when the cell is not done. */
bool result_store_get(result_store *store, const char *key, char **value, char *problem, size_t n_problem);

/* Called for one cell; false ends the walk, which is no failure. The texts are valid during the call. */
typedef bool (*result_store_fn)(void *user, const char *key, const char *value);

/* All cells whose keys begin with `prefix` ("": all), in the order of the bytes of their keys. */
bool result_store_each(result_store *store, const char *prefix, result_store_fn fn, void *user, char *problem,
                       size_t n_problem);

#endif
