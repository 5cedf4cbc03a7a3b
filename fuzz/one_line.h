/* What every target asks of a refused input: an error that a user can read. */
#ifndef SXT_FUZZ_ONE_LINE_H
#define SXT_FUZZ_ONE_LINE_H

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

/* libFuzzer's door. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void one_line(sxt_status status, const sxt_error *error) {
    if (status == SXT_OK) return;
    if (error->status != status || !error->text[0] || strpbrk(error->text, "\r\n")) abort();
}

/* Touches every byte, so that the address sanitizer sees a wrong bound. */
static inline void touch(const void *data, uint64_t n) {
    const volatile uint8_t *bytes = data;
    for (uint64_t i = 0; i < n; i++) (void)bytes[i];
}

#endif
