/* A session on disk. Little-endian:
 *   "SXTS", u32 version, u64 low and high of the model's fingerprint, u32 cache type, u32 plan text size,
 *   i64 n_tokens, i64 n_cached, i64 plan length, i64 first token that is not forgotten, u64 low and high of the
 *   checksum of those that are; the plan's text; i32 tokens that are not forgotten; then the cache of the first
 *   n_cached of all tokens, from that first one on but for the blocks that never go, in the order of
 *   sxt_kv_cache_runs(); at the end the checksum of these pieces, each chained to those before by
 *   sxt_hash_more(). */
#ifndef SXT_INFER_SESSION_FILE_H
#define SXT_INFER_SESSION_FILE_H

#include "infer/session.h"

/* Bytes of the file for a history of n_tokens, those before `first` forgotten, of which n_cached are read. */
uint64_t sxt_session_file_bytes(const sxt_session *session, int64_t first, int64_t n_tokens, int64_t n_cached,
                                size_t plan_size);

#endif
