/* A number that tells texts and prompts apart: FNV-1a of 64 bits. */
#ifndef SEXTANT_CLI_TOKEN_HASH_H
#define SEXTANT_CLI_TOKEN_HASH_H

#include "prompt.h"

uint64_t token_hash_begin(void);
uint64_t token_hash_bytes(uint64_t hash, const void *bytes, size_t n);
uint64_t token_hash_add(uint64_t hash, const token_list *tokens);

#endif
