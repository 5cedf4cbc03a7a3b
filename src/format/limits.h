/* What no honest model file exceeds. Everything that is counted in a file is held against these, and
 * against the bytes that are left in it, before memory is asked for. */
#ifndef SXT_FORMAT_LIMITS_H
#define SXT_FORMAT_LIMITS_H

#include <stdint.h>

#define SXT_MAX_VALUES UINT64_C(65536)
#define SXT_MAX_KEY_BYTES UINT64_C(65535)
#define SXT_MAX_STRING_BYTES (UINT64_C(64) << 20)
#define SXT_MAX_ARRAY_BYTES (UINT64_C(512) << 20)
#define SXT_MAX_TENSORS UINT64_C(65536)
#define SXT_MAX_TENSOR_NAME_BYTES UINT64_C(64)
#define SXT_MAX_DIMS 4
#define SXT_MAX_DIM (UINT64_C(1) << 31)
#define SXT_MAX_ELEMENTS (UINT64_C(1) << 40)
#define SXT_MIN_ALIGNMENT UINT64_C(8)
#define SXT_MAX_ALIGNMENT UINT64_C(65536)
#define SXT_MAX_PARTS INT64_C(1024)
#define SXT_MAX_SAFETENSORS_HEADER UINT64_C(100000000)
#define SXT_MAX_JSON_BYTES (UINT64_C(256) << 20)

#endif
