#include "progress.h"

#include "interrupt.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

static const double seconds_between = 0.1;

double clock_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

progress progress_start(const char *what, const char *unit) {
    return (progress){.what = what,
                      .unit = unit,
                      .is_terminal = isatty(STDERR_FILENO) != 0,
                      .first_done = -1,
                      .started = clock_seconds()};
}

static void show(progress *line, int64_t n_done, int64_t n_total, double now) {
    double seconds = now - line->started;
    double rate = seconds > 0 ? (double)(n_done - line->first_done) / seconds : 0;
    double left = rate > 0 ? (double)(n_total - n_done) / rate : 0;
    int percent = n_total > 0 ? (int)(100 * n_done / n_total) : 100;
    fprintf(stderr, "\r\033[K%s %lld of %lld %s  %d%%", line->what, (long long)n_done, (long long)n_total,
            line->unit, percent);
    if (rate > 0)
        fprintf(stderr, "  %.*f/s  ETA %d:%02d", rate < 10 ? 1 : 0, rate, (int)left / 60, (int)left % 60);
    fflush(stderr);
    line->is_shown = true;
}

bool progress_report(void *user, int64_t n_done, int64_t n_total) {
    progress *line = user;
    double now = clock_seconds();
    if (line->first_done < 0) {
        /* The first step's own size is not known: it counts as done before the clock started. */
        line->first_done = n_done;
        line->started = now;
    }
    if (line->is_terminal && (now - line->last >= seconds_between || n_done == n_total)) {
        show(line, n_done, n_total, now);
        line->last = now;
    }
    return !interrupted();
}

void progress_end(progress *line) {
    if (line->is_shown) fputs("\r\033[K", stderr);
    line->is_shown = false;
}
