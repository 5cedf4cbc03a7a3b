#include "token_hash.h"

uint64_t token_hash_begin(void) { return UINT64_C(0xCBF29CE484222325); }

uint64_t token_hash_bytes(uint64_t hash, const void *bytes, size_t n) {
    const unsigned char *b = bytes;
    for (size_t i = 0; i < n; i++) hash = (hash ^ b[i]) * UINT64_C(0x100000001B3);
    return hash;
}

uint64_t token_hash_add(uint64_t hash, const token_list *tokens) {
    hash = token_hash_bytes(hash, &tokens->n, sizeof tokens->n);
    return tokens->n > 0 ? token_hash_bytes(hash, tokens->ids, (size_t)tokens->n * sizeof *tokens->ids) : hash;
}
