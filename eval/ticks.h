/* Round numbers along an axis, with their labels. */
#ifndef SEXTANT_EVAL_TICKS_H
#define SEXTANT_EVAL_TICKS_H

enum { TICKS_MOST = 24 };

typedef struct tick {
    double at;
    char label[24];
} tick;

typedef struct tick_list {
    tick list[TICKS_MOST];
    int n;
} tick_list;

/* At most about `wanted` ticks within [low, high], finite and low < high: multiples of 1, 2 or 5 times a power
 * of ten. */
tick_list ticks_linear(double low, double high, int wanted);

/* 1, 2, 5, 10, ... or powers of ten; where fewer than three lie inside, those of ticks_linear(). low > 0. */
tick_list ticks_log(double low, double high, int wanted);

/* Powers of two, labelled as numbers of tokens; ticks_linear() where fewer than two lie inside. low > 0. */
tick_list ticks_log_tokens(double low, double high, int wanted);

#endif
