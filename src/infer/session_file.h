/* A session on disk. Little-endian:
 *   "SXTS", u32 version, u64 low and high of the model's fingerprint, u32 cache type, u32 plan text size,
 *   i64 n_tokens, i64 plan length; the plan's text; i32 tokens; then the cache in the order of
 *   sxt_kv_cache_runs(); at the end XXH3-128 of everything before. */
#ifndef SXT_INFER_SESSION_FILE_H
#define SXT_INFER_SESSION_FILE_H

#include "infer/session.h"

/* Bytes of the file for what the session has cached. */
uint64_t sxt_session_file_bytes(const sxt_session *session, int64_t n_tokens, size_t plan_size);

#endif
