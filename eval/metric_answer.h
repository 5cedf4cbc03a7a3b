/* LongBench v1's measures of one answer against one reference (Bai et al., ACL 2024, arXiv 2308.14508), as its
 * published scoring program computes them, oddities included. Scores are from 0 to 1. A function returns false
 * when memory was not to be had; *score is then untouched. Texts are UTF-8. */
#ifndef SEXTANT_EVAL_METRIC_ANSWER_H
#define SEXTANT_EVAL_METRIC_ANSWER_H

#include "eval/metric_text.h"

/* F1 of the words, as multisets, after lower case, without ASCII punctuation and the articles a, an, the. */
bool metric_qa_f1(text_span prediction, text_span reference, double *score);
/* The same of Chinese texts with white space between their words, without Chinese punctuation either. */
bool metric_qa_f1_chinese(text_span prediction, text_span reference, double *score);

/* ROUGE-L of whole summaries, F with equal weights, as the Python package `rouge` 1.0 does it: sentences end at
 * every full stop, words count once however often they stand there. */
bool metric_rouge_l(text_span prediction, text_span reference, double *score);

/* 1 / the number of class names found in the answer, if the right one is among them. Names that are part of the
 * right one are taken out first, all but those that follow one just taken out: the published loop shortens the
 * list that it runs over. */
bool metric_classes(text_span prediction, text_span reference, const text_span *classes, size_t n_classes,
                    double *score);

/* The share of the answer's numbers that are, digit by digit, the reference. */
void metric_count(text_span prediction, text_span reference, double *score);

/* The same for the number that stands behind `label` in the reference ("Paragraph 12"). */
void metric_retrieval(text_span prediction, text_span reference, const char *label, double *score);
/* That number; false where there is none. */
bool metric_retrieval_number(text_span reference, const char *label, text_span *number);

/* Likeness of the answer's first line without `, # and // and the reference: twice the longest common
 * subsequence by the characters of both, in whole percents (halves to even), which is fuzzywuzzy's ratio with
 * python-Levenshtein. */
bool metric_code(text_span prediction, text_span reference, double *score);

#endif
