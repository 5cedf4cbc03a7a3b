/* Memory: arrays whose size is checked, and a hook through which tests make any allocation fail. */
#ifndef SXT_BASE_MEMORY_H
#define SXT_BASE_MEMORY_H

#include "base/error.h"

/* n zeroed elements of `size` bytes; NULL when n * size overflows or memory is out. n = 0 gives a
 * valid pointer. Released with sxt_free(). */
void *sxt_alloc(size_t n, size_t size);

/* Array of n elements, the old contents kept, new bytes not set; NULL leaves `memory` as it was. */
void *sxt_resize(void *memory, size_t n, size_t size);

/* Copy of n bytes plus a NUL. */
char *sxt_copy_text(const char *text, size_t n);

/* Zeroed, page-aligned, meant for large blocks (huge pages where the system offers them); pages cost
 * memory when first touched. Released with sxt_free_pages(). */
void *sxt_alloc_pages(size_t bytes);
void sxt_free_pages(void *memory, size_t bytes);

/* SXT_E_MEMORY with the usual sentence: "not enough memory for WHAT (N bytes)". */
#define sxt_fail_memory(error, what, bytes)                                                                    \
    sxt_fail(error, SXT_E_MEMORY,                                                                              \
             "not enough memory for %s (%.1f MiB needed); close other programs or ask for less", what,         \
             (double)(bytes) / (1 << 20))

/* Memory that this machine or container can still give, in bytes; 0 when unknown. */
uint64_t sxt_memory_available(void);

/* Tests: `fn` is asked before every allocation and returns false to make it fail. NULL removes it.
 * Set only while no other thread is inside the library. */
typedef bool (*sxt_alloc_hook)(void *user, size_t bytes);
void sxt_set_alloc_hook(sxt_alloc_hook fn, void *user);

#endif
