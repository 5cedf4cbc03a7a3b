/* What is hidden in a long text and how it is asked for: the retrieval tasks of RULER (Hsieh et al., 2024,
 * arXiv 2404.06654) in their published words, and the pass key of Mohtashami and Jaggi (2023, arXiv
 * 2305.16300). */
#ifndef SEXTANT_EVAL_NEEDLE_TASK_H
#define SEXTANT_EVAL_NEEDLE_TASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NEEDLE_MOST = 16 };

/* How the needles of a prompt are laid out. `depth` is where the first stands. */
typedef enum needle_layout {
    NEEDLE_ALONE,    /* one needle */
    NEEDLE_AMONG,    /* the first is asked for; the others, of other keys, stand where chance put them */
    NEEDLE_SPREAD,   /* all are asked for, at even distances from the depth to the end */
    NEEDLE_WORD_LIST /* no needle: a numbered list of words, some more frequent than others */
} needle_layout;

/* In the texts {key} and {value} stand for what is drawn anew for each trial. */
typedef struct needle_task {
    const char *name;
    needle_layout layout;
    const char *introduction, *needle, *question;
    const char *answer_start; /* the answer's first words, given */
    int n_needles, n_values;  /* sentences hidden; values asked for */
    int n_digits;             /* of a value */
    int n_answer;             /* most tokens of the answer */
    bool chain;               /* each needle names the one before it: the keys are what is asked for */
    bool any_word;            /* needles may stand after any word, not only after a sentence */
    bool worked_example;      /* another instance, with its answer, comes first: part of the introduction where
                                 there are needles */
} needle_task;

/* NULL when there is none. */
const needle_task *needle_task_find(const char *name);

/* The texts of one trial; released with needle_texts_free(). */
typedef struct needle_texts {
    char *introduction, *question, *answer_start;
    char *needles[NEEDLE_MOST];
    double spots[NEEDLE_MOST]; /* 0 to 1: the place of a needle that chance puts; unused in other layouts */
    int n_needles;
    char *values[NEEDLE_MOST];
    int n_values;
} needle_texts;

/* The same seed and trial make the same texts everywhere, for all lengths and depths. False without memory. */
bool needle_texts_make(const needle_task *task, uint64_t seed, int64_t trial, needle_texts *texts);
void needle_texts_free(needle_texts *texts);

/* Where needle i stands, from 0 to 1, when the first is to stand at `depth`. */
double needle_texts_depth(const needle_task *task, const needle_texts *texts, int i, double depth);

/* splitmix64: the next number of a sequence that a seed determines. */
uint64_t needle_random(uint64_t *state);

#endif
