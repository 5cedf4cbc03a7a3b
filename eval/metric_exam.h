/* L-Eval's exact match (An et al., ACL 2024, arXiv 2307.11088) and the line retrieval test of LongChat, as the
 * published scoring programs compute them. Scores are from 0 to 1. A function returns false when memory was not
 * to be had; *score is then untouched. Texts are UTF-8. */
#ifndef SEXTANT_EVAL_METRIC_EXAM_H
#define SEXTANT_EVAL_METRIC_EXAM_H

#include "eval/metric_text.h"

/* One letter of A to D, the first in the answer; `several`: a set of them ("A, C and D"), for which 0.25 is
 * given when the answer holds some of the right letters and no others. The reference begins with its letters.
 * An answer without a letter counts as A. */
bool metric_exam_choice(text_span prediction, text_span reference, bool several, double *score);

/* The whole number behind "The answer is", or else in the last word of the first paragraph that has a digit. */
bool metric_exam_number(text_span prediction, text_span reference, double *score);

/* What a program prints: brackets, commas and filler words aside, the reference must stand among the last words
 * of the answer, three more than its own (or the first ones behind "the final output"). */
bool metric_exam_output(text_span prediction, text_span reference, double *score);

/* Two verdicts, "True [fact: False]": what the text says, and what is so in the world; half a point each. */
bool metric_exam_verdicts(text_span prediction, text_span reference, double *score);

/* The reference stands in the answer, case and blanks aside; numbers are compared as numbers. */
bool metric_exam_text(text_span prediction, text_span reference, double *score);

/* LongChat: the last number in the answer is the reference. */
void metric_last_number(text_span prediction, text_span reference, double *score);

#endif
