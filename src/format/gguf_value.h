/* One key's value: read from a file, and turned into numbers and text. */
#ifndef SXT_FORMAT_GGUF_VALUE_H
#define SXT_FORMAT_GGUF_VALUE_H

#include "format/gguf.h"

/* "the file ends inside WHAT": what every cut-off record is reported as. */
sxt_status sxt_gguf_cut_off(const sxt_reader *reader, const char *what, sxt_error *error);

/* A name of 1..most bytes without NUL; *name is released with sxt_free(). */
sxt_status sxt_gguf_read_name(sxt_reader *reader, uint64_t most, const char *what, char **name,
                              sxt_error *error);

/* Type and data of the value whose key is set; everything in it is checked, so that whoever walks it later
 * need not. */
sxt_status sxt_gguf_read_value(sxt_reader *reader, sxt_gguf_value *value, sxt_error *error);

sxt_status sxt_gguf_value_integer(const sxt_gguf_value *value, int64_t *out, sxt_error *error);
sxt_status sxt_gguf_value_number(const sxt_gguf_value *value, double *out, sxt_error *error);
sxt_status sxt_gguf_value_bool(const sxt_gguf_value *value, bool *out, sxt_error *error);
sxt_status sxt_gguf_value_string(const sxt_gguf_value *value, const char **text, size_t *n, sxt_error *error);
sxt_status sxt_gguf_value_array(const sxt_gguf_value *value, sxt_gguf_type type, sxt_error *error);

#endif
