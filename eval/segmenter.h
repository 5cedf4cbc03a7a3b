/* Words of Chinese text, as the Python package jieba finds them, in a process of its own. */
#ifndef SEXTANT_EVAL_SEGMENTER_H
#define SEXTANT_EVAL_SEGMENTER_H

#include "eval/metric_text.h"

typedef struct segmenter segmenter;

/* Starts the program `python`; NULL: the python3 of PATH, or else /usr/bin/python3. NULL where that has no
 * jieba that works. */
segmenter *segmenter_start(const char *python);

/* Adds `text` with a blank more between its words; line feeds become blanks. False where the process has
 * ended, does not give the same text back, or memory was not to be had. */
bool segmenter_cut(segmenter *s, text_span text, text_made *words);

/* NULL is allowed. */
void segmenter_stop(segmenter *s);

#endif
