#include "op/kv_view.h"

#include "base/num.h"
#include "kernel/kernel.h"
#include "tensor/type.h"

#include <string.h>

/* Elements whose last block is completed with zeros before it is packed. */
enum { MOST_BLOCK = 32 };

bool sxt_kv_type_known(sxt_type type) {
    return type == SXT_TYPE_F32 || type == SXT_TYPE_F16 || type == SXT_TYPE_BF16 || type == SXT_TYPE_Q8_0 ||
           type == SXT_TYPE_Q4_0;
}

int32_t sxt_kv_padded(sxt_type type, int32_t head_dim) {
    return (int32_t)sxt_round_up((uint64_t)head_dim, (uint64_t)sxt_type_find(type)->block);
}

size_t sxt_kv_row_bytes(sxt_type type, int32_t head_dim) {
    const sxt_type_traits *traits = sxt_type_find(type);
    return (size_t)(sxt_kv_padded(type, head_dim) / traits->block) * traits->block_bytes;
}

uint64_t sxt_kv_bytes(sxt_type type, int64_t n_kv_heads, int32_t head_dim, int64_t n_tokens) {
    uint64_t n_blocks = ((uint64_t)sxt_max_i64(0, n_tokens) + SXT_KV_BLOCK - 1) / SXT_KV_BLOCK, bytes;
    if (!sxt_mul_ok(n_blocks, SXT_KV_BLOCK * (uint64_t)sxt_kv_row_bytes(type, head_dim), &bytes) ||
        !sxt_mul_ok(bytes, (uint64_t)n_kv_heads, &bytes))
        return UINT64_MAX;
    return bytes;
}

size_t sxt_kv_place(const sxt_kv_view *view, int64_t i, int32_t head) {
    int64_t block = i / SXT_KV_BLOCK, row = i % SXT_KV_BLOCK;
    if (view->n_ring > 0 && block >= view->n_pinned)
        block = view->n_pinned + (block - view->n_pinned) % view->n_ring;
    int64_t at = (block * view->n_kv_heads + head) * SXT_KV_BLOCK + row;
    return (size_t)at * sxt_kv_row_bytes(view->type, view->head_dim);
}

/* n elements, whole blocks of the type. */
static void pack(sxt_type type, const float *from, void *to, int64_t n) {
    const sxt_kernels *k = sxt_kernels_get();
    switch (type) {
    case SXT_TYPE_F16: k->f32_to_f16(from, to, n); break;
    case SXT_TYPE_BF16: k->f32_to_bf16(from, to, n); break;
    case SXT_TYPE_Q8_0: k->f32_to_q8_0(from, to, n); break;
    case SXT_TYPE_Q4_0: k->f32_to_q4_0(from, to, n); break;
    default: memcpy(to, from, (size_t)n * sizeof(float)); break;
    }
}

/* One head's vector, its last block completed with zeros. */
static void store_row(const sxt_type_traits *traits, int32_t head_dim, void *to, const float *from) {
    int64_t whole = head_dim / traits->block * traits->block, rest = head_dim - whole;
    float last[MOST_BLOCK] = {0};
    pack(traits->type, from, to, whole);
    if (rest == 0) return;
    memcpy(last, from + whole, (size_t)rest * sizeof(float));
    pack(traits->type, last, (char *)to + (size_t)(whole / traits->block) * traits->block_bytes, traits->block);
}

void sxt_kv_store(const sxt_kv_view *view, int64_t first, int64_t n, const float *k, const float *v) {
    const sxt_type_traits *traits = sxt_type_find(view->type);
    for (int32_t head = 0; head < view->n_kv_heads; head++)
        for (int64_t i = 0; i < n; i++) {
            size_t place = sxt_kv_place(view, first + i, head);
            int64_t from = (i * view->n_kv_heads + head) * view->head_dim;
            store_row(traits, view->head_dim, (char *)view->k + place, k + from);
            store_row(traits, view->head_dim, (char *)view->v + place, v + from);
        }
}

const float *sxt_kv_load(const sxt_kv_view *view, const void *rows, int64_t n, float *space) {
    const sxt_kernels *k = sxt_kernels_get();
    int64_t n_elements = n * sxt_kv_padded(view->type, view->head_dim);
    switch (view->type) {
    case SXT_TYPE_F16: k->f16_to_f32(rows, space, n_elements); break;
    case SXT_TYPE_BF16: k->bf16_to_f32(rows, space, n_elements); break;
    case SXT_TYPE_Q8_0: k->q8_0_to_f32(rows, space, n_elements); break;
    case SXT_TYPE_Q4_0: k->q4_0_to_f32(rows, space, n_elements); break;
    default: return rows;
    }
    return space;
}
