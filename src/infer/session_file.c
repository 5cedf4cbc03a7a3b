#include "infer/session_file.h"

#include "base/file.h"
#include "base/hash.h"
#include "base/num.h"
#include "base/reader.h"

#include <stdio.h>
#include <string.h>

enum { VERSION = 2, HEADER_BYTES = 4 + 4 + 16 + 4 + 4 + 8 + 8 + 8 + 8 + 16, CHECKSUM_BYTES = 16 };

typedef struct saver {
    sxt_writer *writer;
    sxt_hash hash;
} saver;

static sxt_status put(saver *s, const void *bytes, size_t n, sxt_error *error) {
    s->hash = sxt_hash_more(s->hash, bytes, n);
    return sxt_writer_write(s->writer, bytes, n, error);
}

static sxt_status put_run(void *user, void *bytes, size_t n, sxt_error *error) {
    return put(user, bytes, n, error);
}

uint64_t sxt_session_file_bytes(const sxt_session *s, int64_t first, int64_t n_tokens, int64_t n_cached,
                                size_t plan_size) {
    const sxt_hparams *h = &s->model->hparams;
    uint64_t row = sxt_kv_row_bytes(s->params.kv_type, h->head_dim);
    uint64_t per_token = 2 * (uint64_t)h->n_layers * (uint64_t)h->n_kv_heads * row;
    int64_t n_pinned = s->cache.room.n_pinned * SXT_KV_BLOCK,
            n_kept = n_cached - sxt_max_i64(0, first - n_pinned);
    return HEADER_BYTES + plan_size + (uint64_t)(n_tokens - first) * sizeof(int32_t) +
           (uint64_t)n_kept * per_token + CHECKSUM_BYTES;
}

static sxt_status write_state(sxt_session *s, saver *out, sxt_error *error) {
    char plan[SXT_PLAN_TEXT];
    sxt_plan_print(&s->plan, plan, sizeof plan);
    uint32_t version = VERSION, kv_type = (uint32_t)s->params.kv_type, plan_size = (uint32_t)strlen(plan);
    sxt_hash model = s->model->fingerprint;
    const sxt_history *h = &s->history;
    SXT_TRY(put(out, "SXTS", 4, error));
    SXT_TRY(put(out, &version, sizeof version, error));
    SXT_TRY(put(out, &model.low, sizeof model.low, error));
    SXT_TRY(put(out, &model.high, sizeof model.high, error));
    SXT_TRY(put(out, &kv_type, sizeof kv_type, error));
    SXT_TRY(put(out, &plan_size, sizeof plan_size, error));
    SXT_TRY(put(out, &h->n, sizeof h->n, error));
    SXT_TRY(put(out, &s->n_cached, sizeof s->n_cached, error));
    SXT_TRY(put(out, &s->plan_length, sizeof s->plan_length, error));
    SXT_TRY(put(out, &h->first, sizeof h->first, error));
    SXT_TRY(put(out, &h->forgotten.low, sizeof h->forgotten.low, error));
    SXT_TRY(put(out, &h->forgotten.high, sizeof h->forgotten.high, error));
    SXT_TRY(put(out, plan, plan_size, error));
    SXT_TRY(put(out, h->tokens, (size_t)(h->n - h->first) * sizeof *h->tokens, error));
    SXT_TRY(sxt_kv_cache_runs(&s->cache, h->first, s->n_cached, put_run, out, error));
    sxt_hash hash = out->hash;
    SXT_TRY(sxt_writer_write(out->writer, &hash.low, sizeof hash.low, error));
    return sxt_writer_write(out->writer, &hash.high, sizeof hash.high, error);
}

sxt_status sxt_session_save(sxt_session *s, const char *path, sxt_error *error) {
    SXT_NEED(s && path && *path, "the session or the file's name");
    if (s->n_cached < 1)
        return sxt_fail(error, SXT_E_ARGUMENT, "the session has read no tokens; there is nothing to save");
    saver out = {0};
    SXT_TRY(sxt_writer_open(path, &out.writer, error));
    sxt_status status = write_state(s, &out, error);
    if (status == SXT_OK) return sxt_writer_commit(out.writer, error);
    sxt_writer_abort(out.writer);
    return status;
}

/* What the header says, checked against the session. */
typedef struct state_header {
    int64_t n_tokens, n_cached, plan_length, first;
    sxt_hash forgotten;
    sxt_plan plan;
} state_header;

static sxt_status damaged(sxt_error *error, uint64_t offset, const char *what) {
    return sxt_fail_at(error, SXT_E_FORMAT, offset,
                       "damaged session file: %s; remove it and read the document again", what);
}

static sxt_status read_plan(const sxt_session *s, const char *text, state_header *header, sxt_error *error) {
    sxt_plan_request saved;
    if (sxt_plan_parse(text, &s->request.model, &saved, NULL) != SXT_OK || saved.is_auto ||
        sxt_plan_lacks_prompt(&saved.fixed))
        return damaged(error, HEADER_BYTES, "its plan is not one");
    sxt_plan wanted = s->request.fixed;
    if (sxt_plan_lacks_prompt(&wanted)) wanted.n_prompt = saved.fixed.n_prompt;
    if (!s->request.is_auto && !sxt_plan_equal(&saved.fixed, &wanted))
        return sxt_fail(error, SXT_E_MISMATCH,
                        "saved under the plan %s, this session runs %s; use that plan or another file", text,
                        s->asked);
    header->plan = saved.fixed;
    return SXT_OK;
}

/* What was forgotten must be out of sight. */
static sxt_status check_first(const sxt_session *s, const state_header *header, sxt_error *error) {
    int64_t first = header->first;
    if (first == 0) return SXT_OK;
    if (s->memory.n_nearest == INT64_MAX)
        return sxt_fail(
            error, SXT_E_MISMATCH,
            "it has forgotten its first %lld tokens, this session is to keep all; ask for no reread, "
            "or use another file",
            (long long)first);
    if (first <= s->cache.room.n_pinned * SXT_KV_BLOCK || first > header->n_cached - s->memory.n_nearest)
        return damaged(error, 56, "its first token is out of range");
    return SXT_OK;
}

static sxt_status read_header(const sxt_session *s, sxt_reader *r, state_header *header, sxt_error *error) {
    const uint8_t *magic = sxt_read_bytes(r, 4);
    if (!magic || memcmp(magic, "SXTS", 4) != 0)
        return sxt_fail(error, SXT_E_FORMAT,
                        "not a session file (it does not begin with SXTS); give another name");
    uint32_t version = sxt_read_u32(r);
    sxt_hash model = {0};
    model.low = sxt_read_u64(r);
    model.high = sxt_read_u64(r);
    uint32_t kv_type = sxt_read_u32(r), plan_size = sxt_read_u32(r);
    header->n_tokens = sxt_read_i64(r);
    header->n_cached = sxt_read_i64(r);
    header->plan_length = sxt_read_i64(r);
    header->first = sxt_read_i64(r);
    header->forgotten.low = sxt_read_u64(r);
    header->forgotten.high = sxt_read_u64(r);
    if (r->failed) return damaged(error, r->pos, "it ends inside its header");
    if (version != VERSION)
        return sxt_fail(error, SXT_E_UNSUPPORTED, "session file version %u, this program reads %d; remove it",
                        version, VERSION);
    if (!sxt_hash_equal(model, s->model->fingerprint))
        return sxt_fail(error, SXT_E_MISMATCH, "saved with another model; use that model or another file");
    if (!sxt_kv_type_known((sxt_type)kv_type)) return damaged(error, 24, "its cache type is not one");
    if (kv_type != (uint32_t)s->params.kv_type)
        return sxt_fail(error, SXT_E_MISMATCH,
                        "saved with a cache of type %s, this session has %s; use the same type",
                        sxt_type_name((sxt_type)kv_type), sxt_type_name(s->params.kv_type));
    if (header->n_cached < 1 || header->n_cached > header->n_tokens || header->n_tokens > SXT_MOST_CTX ||
        plan_size < 1 || plan_size >= SXT_PLAN_TEXT)
        return damaged(error, 28, "its sizes are out of range");
    if (header->plan_length < 1) return damaged(error, 48, "its plan length is out of range");
    if (header->first < 0 || header->first > header->n_cached || header->first % SXT_HISTORY_BLOCK != 0)
        return damaged(error, 56, "its first token is out of range");
    if (header->n_cached > s->params.n_ctx)
        return sxt_fail(error, SXT_E_MISMATCH, "holds %lld tokens, the context %lld; ask for a longer context",
                        (long long)header->n_cached, (long long)s->params.n_ctx);
    header->plan_length = sxt_min_i64(header->plan_length, s->params.n_ctx);
    char plan[SXT_PLAN_TEXT] = {0};
    const uint8_t *text = sxt_read_bytes(r, plan_size);
    if (!text) return damaged(error, r->pos, "it ends inside its plan");
    memcpy(plan, text, plan_size);
    SXT_TRY(read_plan(s, plan, header, error));
    SXT_TRY(check_first(s, header, error));
    if (r->size != sxt_session_file_bytes(s, header->first, header->n_tokens, header->n_cached, plan_size))
        return damaged(error, r->size, "its length is wrong");
    return SXT_OK;
}

/* The first walk checks, the second copies. */
typedef struct loader {
    sxt_reader reader;
    sxt_hash hash;
} loader;

static sxt_status next_bytes(loader *l, size_t n, const uint8_t **bytes, sxt_error *error) {
    *bytes = sxt_read_bytes(&l->reader, n);
    return *bytes ? SXT_OK : damaged(error, l->reader.pos, "it ends inside the cache");
}

static sxt_status hash_bytes(void *user, void *unused, size_t n, sxt_error *error) {
    loader *l = user;
    const uint8_t *from;
    (void)unused;
    SXT_TRY(next_bytes(l, n, &from, error));
    l->hash = sxt_hash_more(l->hash, from, n);
    return SXT_OK;
}

static sxt_status copy_bytes(void *user, void *bytes, size_t n, sxt_error *error) {
    const uint8_t *from;
    SXT_TRY(next_bytes(user, n, &from, error));
    memcpy(bytes, from, n);
    return SXT_OK;
}

/* Hashes what put() hashed, in the same pieces. */
static sxt_status check_sum(const sxt_session *s, const sxt_map *map, const state_header *header,
                            size_t plan_size, sxt_error *error) {
    static const size_t pieces[] = {4, 4, 8, 8, 4, 4, 8, 8, 8, 8, 8, 8};
    loader l = {.reader = sxt_reader_make(map->data, map->size)};
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++)
        SXT_TRY(hash_bytes(&l, NULL, pieces[i], error));
    SXT_TRY(hash_bytes(&l, NULL, plan_size, error));
    SXT_TRY(hash_bytes(&l, NULL, (size_t)(header->n_tokens - header->first) * sizeof(int32_t), error));
    SXT_TRY(sxt_kv_cache_runs(&s->cache, header->first, header->n_cached, hash_bytes, &l, error));
    sxt_hash saved = {0};
    saved.low = sxt_read_u64(&l.reader);
    saved.high = sxt_read_u64(&l.reader);
    return sxt_hash_equal(saved, l.hash) ? SXT_OK
                                         : damaged(error, map->size - CHECKSUM_BYTES, "its checksum is wrong");
}

/* This session's history may have less room; past what was read are only tokens that are given again. */
static void load_tokens(sxt_session *s, const state_header *header, sxt_reader *r) {
    sxt_history *h = &s->history;
    sxt_history_resume(h, header->first, header->forgotten);
    for (int64_t i = header->first; i < header->n_tokens; i++) {
        int32_t token = (int32_t)sxt_read_u32(r);
        if (i < s->params.n_ctx && sxt_history_left(h) > 0) sxt_history_add(h, &token, 1);
        if (h->n % SXT_HISTORY_BLOCK == 0) sxt_history_forget(h, s->oldest);
    }
}

static sxt_status load_map(sxt_session *s, const sxt_map *map, sxt_error *error) {
    loader l = {.reader = sxt_reader_make(map->data, map->size)};
    state_header header = {0};
    SXT_TRY(read_header(s, &l.reader, &header, error));
    size_t plan_size = (size_t)(l.reader.pos - HEADER_BYTES);
    SXT_TRY(check_sum(s, map, &header, plan_size, error));
    sxt_reader tokens = l.reader;
    for (int64_t i = header.first; i < header.n_tokens; i++) {
        int32_t token = (int32_t)sxt_read_u32(&tokens);
        if (token < 0 || token >= s->model->hparams.n_vocab)
            return damaged(error, tokens.pos, "a token is out of range");
    }
    SXT_TRY(sxt_session_use_plan(s, &header.plan, header.plan_length, error));
    s->oldest = sxt_max_i64(header.first, sxt_kv_room_oldest(&s->cache.room, header.n_cached));
    load_tokens(s, &header, &l.reader);
    s->n_cached = header.n_cached;
    s->has_logits = false;
    SXT_TRY(sxt_kv_cache_runs(&s->cache, header.first, header.n_cached, copy_bytes, &l, error));
    snprintf(s->reason, sizeof s->reason, "%s", s->request.is_auto ? "as in the saved session" : "");
    return SXT_OK;
}

sxt_status sxt_session_load(sxt_session *s, const char *path, sxt_error *error) {
    SXT_NEED(s && path && *path, "the session or the file's name");
    sxt_map map;
    SXT_TRY(sxt_map_open(path, &map, error));
    sxt_status status = load_map(s, &map, error);
    sxt_map_close(&map);
    return sxt_fail_in(error, status, path);
}
