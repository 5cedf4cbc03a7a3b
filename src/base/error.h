/* Errors: one line that says what was found, what was needed, where, and what to do. */
#ifndef SXT_BASE_ERROR_H
#define SXT_BASE_ERROR_H

#include "sextant.h"

/* Fills `error` (may be NULL) and returns `status`. Control bytes and bytes that are not UTF-8 become
 * '?', so names taken from a file can be quoted safely. */
#define sxt_fail(error, status, ...) sxt_failed(status, sxt_error_set(error, status, 0, __VA_ARGS__))

/* The same, for a fault at a byte of a file. */
#define sxt_fail_at(error, status, offset, ...)                                                                \
    sxt_failed(status, sxt_error_set(error, status, offset, __VA_ARGS__))

int sxt_error_set(sxt_error *error, sxt_status status, uint64_t offset, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Compilers and analysers see here that a failure is never SXT_OK. */
static inline sxt_status sxt_failed(sxt_status status, int ignored) {
    (void)ignored;
    return status;
}

/* Puts "path: " in front of the text of a failed call; returns the error's status unchanged. */
void sxt_error_prefix(sxt_error *error, const char *path);
static inline sxt_status sxt_fail_in(sxt_error *error, sxt_status status, const char *path) {
    if (error && status != SXT_OK) sxt_error_prefix(error, path);
    return status;
}

#define SXT_TRY(call)                                                                                          \
    do {                                                                                                       \
        sxt_status sxt_try_status_ = (call);                                                                   \
        if (sxt_try_status_ != SXT_OK) return sxt_try_status_;                                                 \
    } while (0)

/* For public functions: refuses what the caller left out. Needs a variable `error`. */
#define SXT_NEED(condition, name)                                                                              \
    do {                                                                                                       \
        if (!(condition)) return sxt_fail(error, SXT_E_ARGUMENT, "%s is missing", name);                       \
    } while (0)

/* For functions with a clean-up path: needs a variable `status` and a label `done`. */
#define SXT_TRY_DONE(call)                                                                                     \
    do {                                                                                                       \
        status = (call);                                                                                       \
        if (status != SXT_OK) goto done;                                                                       \
    } while (0)

#endif
