/* One line on standard error that tells how far a long job is; on a terminal only. */
#ifndef SEXTANT_CLI_PROGRESS_H
#define SEXTANT_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct progress {
    const char *what; /* "reading" */
    const char *unit; /* "tokens" */
    bool is_terminal, is_shown;
    int64_t first_done; /* what was done before the clock started (a reused prefix); -1: not known yet */
    double started, last;
} progress;

progress progress_start(const char *what, const char *unit);
/* An sxt_progress_fn: `user` is a progress; asks to stop after Ctrl-C. */
bool progress_report(void *user, int64_t n_done, int64_t n_total);
/* Takes the line away. */
void progress_end(progress *progress);

/* Seconds on a clock that never jumps. */
double clock_seconds(void);

#endif
