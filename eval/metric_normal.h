/* The usual normalisation of short answers, from SQuAD's scoring program. */
#ifndef SEXTANT_EVAL_METRIC_NORMAL_H
#define SEXTANT_EVAL_METRIC_NORMAL_H

#include "eval/metric_text.h"

/* Adds `text` in lower case (if asked), without ASCII punctuation and without the words a, an and the, its
 * words separated by single blanks. */
void metric_normalise(text_span text, bool lower, text_made *made);

/* The same for Chinese `words`, which white space separates: lower case, without ASCII punctuation and the
 * Chinese marks that LongBench lists. Words of nothing else vanish. */
void metric_normalise_chinese(text_span words, text_made *made);

#endif
