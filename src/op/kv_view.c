#include "op/kv_view.h"

#include "base/num.h"
#include "kernel/kernel.h"

#include <string.h>

static size_t element_bytes(sxt_type type) { return type == SXT_TYPE_F16 ? 2 : 4; }

uint64_t sxt_kv_bytes(sxt_type type, int64_t n_kv_heads, int64_t head_dim, int64_t n_tokens) {
    uint64_t n_blocks = ((uint64_t)sxt_max_i64(0, n_tokens) + SXT_KV_BLOCK - 1) / SXT_KV_BLOCK, bytes;
    if (!sxt_mul_ok(n_blocks, SXT_KV_BLOCK * element_bytes(type), &bytes) ||
        !sxt_mul_ok(bytes, (uint64_t)n_kv_heads, &bytes) || !sxt_mul_ok(bytes, (uint64_t)head_dim, &bytes))
        return UINT64_MAX;
    return bytes;
}

/* Element index of key `i` of a head. */
static int64_t place(const sxt_kv_view *view, int64_t i, int32_t head) {
    int64_t block = i / SXT_KV_BLOCK, row = i % SXT_KV_BLOCK;
    return ((block * view->n_kv_heads + head) * SXT_KV_BLOCK + row) * view->head_dim;
}

static void store_row(const sxt_kv_view *view, void *to, int64_t at, const float *from) {
    if (view->type == SXT_TYPE_F16)
        sxt_kernels_get()->f32_to_f16(from, (uint16_t *)to + at, view->head_dim);
    else
        memcpy((float *)to + at, from, (size_t)view->head_dim * sizeof(float));
}

void sxt_kv_store(const sxt_kv_view *view, int64_t first, int64_t n, const float *k, const float *v) {
    for (int64_t i = 0; i < n; i++)
        for (int32_t head = 0; head < view->n_kv_heads; head++) {
            int64_t at = place(view, first + i, head);
            int64_t row = (i * view->n_kv_heads + head) * view->head_dim;
            store_row(view, view->k, at, k + row);
            store_row(view, view->v, at, v + row);
        }
}
