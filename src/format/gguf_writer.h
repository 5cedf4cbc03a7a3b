/* Writes one GGUF v3 file, atomically: values and tensors are declared first, then the tensors' bytes
 * follow in the order of their declaration.
 *
 *     sxt_gguf_writer_new(path, &w, error)
 *     sxt_gguf_writer_string(w, "general.architecture", "llama", 5) ...
 *     sxt_gguf_writer_tensor(w, "token_embd.weight", SXT_TYPE_F16, 2, (int64_t[]){n_vocab, d_model}) ...
 *     sxt_gguf_writer_begin(w, error)
 *     sxt_gguf_writer_data(w, bytes, n, error) ...      as often as needed; padding is written by itself
 *     sxt_gguf_writer_commit(w, error)                  or sxt_gguf_writer_abort(w)
 *
 * What goes wrong while declaring (no memory, a key or tensor given twice, a name too long, a shape that
 * is not whole blocks) is kept and reported by sxt_gguf_writer_begin(). */
#ifndef SXT_FORMAT_GGUF_WRITER_H
#define SXT_FORMAT_GGUF_WRITER_H

#include "format/gguf.h"

typedef struct sxt_gguf_writer sxt_gguf_writer;

sxt_status sxt_gguf_writer_new(const char *path, sxt_gguf_writer **writer, sxt_error *error);

/* Values; each key once. Text is n bytes, copied. */
void sxt_gguf_writer_string(sxt_gguf_writer *writer, const char *key, const char *text, size_t n);
void sxt_gguf_writer_bool(sxt_gguf_writer *writer, const char *key, bool value);
void sxt_gguf_writer_u16(sxt_gguf_writer *writer, const char *key, uint16_t value);
void sxt_gguf_writer_u32(sxt_gguf_writer *writer, const char *key, uint32_t value);
void sxt_gguf_writer_i32(sxt_gguf_writer *writer, const char *key, int32_t value);
void sxt_gguf_writer_u64(sxt_gguf_writer *writer, const char *key, uint64_t value);
void sxt_gguf_writer_i64(sxt_gguf_writer *writer, const char *key, int64_t value);
void sxt_gguf_writer_f32(sxt_gguf_writer *writer, const char *key, float value);
void sxt_gguf_writer_f64(sxt_gguf_writer *writer, const char *key, double value);
void sxt_gguf_writer_i32_array(sxt_gguf_writer *writer, const char *key, const int32_t *values, uint64_t n);
void sxt_gguf_writer_bool_array(sxt_gguf_writer *writer, const char *key, const bool *values, uint64_t n);
void sxt_gguf_writer_f32_array(sxt_gguf_writer *writer, const char *key, const float *values, uint64_t n);

/* An array of n strings: begin, then exactly n times next. */
void sxt_gguf_writer_string_array(sxt_gguf_writer *writer, const char *key, uint64_t n);
void sxt_gguf_writer_next_string(sxt_gguf_writer *writer, const char *text, size_t n);

/* Copies a value of another file as it is. `general.alignment` and `split.*` describe that file, not
 * this one, and are left out. */
void sxt_gguf_writer_value(sxt_gguf_writer *writer, const sxt_gguf_value *value);

/* Declares a tensor; dims (n_dims, 1..4) slowest first, as in sxt_tensor. */
void sxt_gguf_writer_tensor(sxt_gguf_writer *writer, const char *name, sxt_type type, int32_t n_dims,
                            const int64_t *dims);

/* Writes all that was declared; nothing can be declared afterwards. */
sxt_status sxt_gguf_writer_begin(sxt_gguf_writer *writer, sxt_error *error);

/* The next n bytes of the current tensor; a tensor that is complete makes the next one current. A call
 * must not reach over the end of a tensor. */
sxt_status sxt_gguf_writer_data(sxt_gguf_writer *writer, const void *bytes, size_t n, sxt_error *error);

/* Puts the file in place when every tensor is complete. Frees the writer, also on failure. */
sxt_status sxt_gguf_writer_commit(sxt_gguf_writer *writer, sxt_error *error);
/* Leaves nothing behind; NULL allowed. */
void sxt_gguf_writer_abort(sxt_gguf_writer *writer);

#endif
