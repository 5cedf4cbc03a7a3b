#include "model/weight_values.h"

#include "base/num.h"
#include "model/weights.h"

#include <math.h>

sxt_status sxt_values_check(const char *name, const float *values, int64_t n, int64_t first, sxt_error *error) {
    for (int64_t i = 0; i < n; i++)
        if (!isfinite(values[i]))
            return sxt_fail(error, SXT_E_NUMERIC,
                            "%.80s holds %s at element %lld; the file is damaged or was made from a model that "
                            "overflowed",
                            name, isnan(values[i]) ? "NaN" : "infinity", (long long)(first + i));
    return SXT_OK;
}

static sxt_status check_tensor(const sxt_tensor *tensor, sxt_error *error) {
    float values[2048]; /* a multiple of every block */
    const int64_t n = sxt_tensor_elements(tensor), step = sizeof values / sizeof values[0];
    for (int64_t first = 0; first < n; first += step) {
        int64_t n_step = sxt_min_i64(step, n - first);
        const uint8_t *at =
            tensor->data + (uint64_t)(first / tensor->traits->block) * tensor->traits->block_bytes;
        tensor->traits->unpack(at, values, n_step);
        SXT_TRY(sxt_values_check(tensor->name, values, n_step, first, error));
    }
    return SXT_OK;
}

sxt_status sxt_weights_check_finite(const sxt_source *source, sxt_error *error) {
    const int64_t n = sxt_source_n_tensors(source);
    for (int64_t i = 0; i < n; i++) SXT_TRY(check_tensor(sxt_source_tensor_at(source, i), error));
    return SXT_OK;
}
