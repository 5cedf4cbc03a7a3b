/* Recognises what people pass in place of a model, so that the error can say what to do. */
#ifndef SXT_FORMAT_FOREIGN_H
#define SXT_FORMAT_FOREIGN_H

#include <stdint.h>

/* A clause such as "it is a Git LFS pointer; run `git lfs pull`" for the first bytes of a file, or NULL. */
const char *sxt_foreign_hint(const uint8_t *data, uint64_t size);

#endif
