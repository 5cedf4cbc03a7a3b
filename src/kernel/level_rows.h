/* Functions of one row: exponentials, norms and sums, in a fixed order of lanes. */
#ifndef SXT_KERNEL_LEVEL_ROWS_H
#define SXT_KERNEL_LEVEL_ROWS_H

#include <math.h>

/* exp(t), relative error below 2e-7; 0 below -87.33, where the result would not be a normal number.
 * t = n ln 2 + r with |r| <= ln 2 / 2; the polynomial is the minimax one for (exp(r) - 1 - r) / r^2. */
SXT_INLINE vec vec_exp(vec t) {
    const vec lowest = vec_set(-87.33f), highest = vec_set(88.72283f);
    vec x = vec_min(highest, vec_max(lowest, t)); /* NaN stays NaN */
    vec shift = vec_set(0x1.8p23f);
    vec z = vec_fma(x, vec_set(0x1.715476p0f), shift);
    vec n = vec_sub(z, shift);
    vec r = vec_fma(n, vec_set(-0x1.63p-1f), x); /* ln 2 in two parts, the first of 9 bits: exact */
    r = vec_fma(n, vec_set(0x1.bd0106p-13f), r);
    vec p = vec_set(0x1.6a23dp-10f);
    p = vec_fma(p, r, vec_set(0x1.123a2p-7f));
    p = vec_fma(p, r, vec_set(0x1.5558f2p-5f));
    p = vec_fma(p, r, vec_set(0x1.555492p-3f));
    p = vec_fma(p, r, vec_set(0x1.fffffcp-2f));
    p = vec_fma(p, vec_mul(r, r), r);
    p = vec_times_two_to(vec_add(p, vec_set(1)), z);
    p = vec_where_less(highest, t, vec_set(INFINITY), p);
    return vec_where_less(t, lowest, vec_set(0), p);
}

static float exp_sum(float *x, float max, int64_t n) {
    /* With no finite value in the row, -inf - -inf would be NaN. */
    vec top = vec_set(max == -INFINITY ? 0 : max), sum = vec_set(0);
    for (int64_t j = 0; j < n; j += VEC_LANES) {
        vec e = vec_exp(vec_sub(vec_load(x + j), top));
        vec_store(x + j, e);
        sum = vec_add(sum, e);
    }
    return vec_sum(sum);
}

static float max_value(const float *x, int64_t n) {
    vec top = vec_set(-INFINITY);
    for (int64_t j = 0; j < n; j += VEC_LANES) top = vec_max(vec_load(x + j), top);
    return vec_largest(top);
}

static void scale(float *x, float s, int64_t n) {
    vec factor = vec_set(s);
    int64_t i = 0;
    for (; i + VEC_LANES <= n; i += VEC_LANES) vec_store(x + i, vec_mul(vec_load(x + i), factor));
    if (i < n) vec_store_part(x + i, vec_mul(vec_load_part(x + i, n - i), factor), n - i);
}

static void rms_norm(const float *x, const float *weight, float *y, int64_t n, float eps) {
    vec squares = vec_set(0);
    int64_t i = 0;
    for (; i + VEC_LANES <= n; i += VEC_LANES) squares = vec_fma(vec_load(x + i), vec_load(x + i), squares);
    if (i < n) {
        vec last = vec_load_part(x + i, n - i);
        squares = vec_fma(last, last, squares);
    }
    vec factor = vec_set(1.0f / sqrtf(vec_sum(squares) / (float)n + eps));
    for (i = 0; i + VEC_LANES <= n; i += VEC_LANES)
        vec_store(y + i, vec_mul(vec_mul(vec_load(x + i), factor), vec_load(weight + i)));
    if (i < n) {
        vec last = vec_mul(vec_load_part(x + i, n - i), factor);
        vec_store_part(y + i, vec_mul(last, vec_load_part(weight + i, n - i)), n - i);
    }
}

/* The mean first, then squares of what is left of it: their sum loses nothing to a large mean. */
static void layer_norm(const float *x, const float *weight, const float *bias, float *y, int64_t n, float eps) {
    vec sum = vec_set(0), squares = vec_set(0);
    const int64_t whole = n / VEC_LANES * VEC_LANES, rest = n - whole;
    for (int64_t i = 0; i < whole; i += VEC_LANES) sum = vec_add(vec_load(x + i), sum);
    if (rest) sum = vec_add(vec_load_part(x + whole, rest), sum);
    const float mean = vec_sum(sum) / (float)n;
    for (int64_t i = 0; i < whole; i += VEC_LANES) {
        vec centred = vec_sub(vec_load(x + i), vec_set(mean));
        vec_store(y + i, centred);
        squares = vec_fma(centred, centred, squares);
    }
    float last[VEC_LANES] = {0}; /* lanes past the end stay 0 */
    for (int64_t i = 0; i < rest; i++) last[i] = x[whole + i] - mean;
    squares = vec_fma(vec_load(last), vec_load(last), squares);
    vec factor = vec_set(1.0f / sqrtf(vec_sum(squares) / (float)n + eps));
    for (int64_t i = 0; i < whole; i += VEC_LANES) {
        vec scaled = vec_mul(vec_load(y + i), factor), w = vec_load(weight + i);
        vec_store(y + i, bias ? vec_fma(scaled, w, vec_load(bias + i)) : vec_mul(scaled, w));
    }
    if (rest == 0) return;
    vec scaled = vec_mul(vec_load(last), factor), w = vec_load_part(weight + whole, rest);
    vec_store_part(y + whole, bias ? vec_fma(scaled, w, vec_load_part(bias + whole, rest)) : vec_mul(scaled, w),
                   rest);
}

/* x / (1 + exp(-2u)) = x (1 + tanh u) / 2, u = sqrt(2 / pi) (x + 0.044715 x^3) */
SXT_INLINE vec gelu_by_tanh(vec x) {
    vec inner = vec_fma(vec_mul(x, vec_mul(x, x)), vec_set(0.044715f), x);
    vec e = vec_exp(vec_mul(inner, vec_set(-1.5957691216f)));
    return vec_div(x, vec_add(vec_set(1), e));
}

/* The normal distribution's tail beyond |x| is exp(-x^2 / 2) times a polynomial in 1 / (1 + p |x|) (Abramowitz
 * and Stegun 7.1.26), 8e-8 off at most. */
SXT_INLINE vec gelu_exact(vec x) {
    vec zero = vec_set(0), size = vec_max(x, vec_sub(zero, x));
    vec t = vec_div(vec_set(1), vec_fma(size, vec_set(0.2316418882f), vec_set(1)));
    vec p = vec_fma(t, vec_set(0.5307027145f), vec_set(-0.7265760135f));
    p = vec_fma(t, p, vec_set(0.7107068705f));
    p = vec_fma(t, p, vec_set(-0.142248368f));
    p = vec_fma(t, p, vec_set(0.1274147960f));
    vec tail = vec_mul(vec_mul(t, p), vec_exp(vec_mul(vec_mul(x, x), vec_set(-0.5f))));
    vec outside = vec_mul(x, tail);
    return vec_where_less(x, zero, outside, vec_sub(x, outside));
}

SXT_INLINE vec gelu_of(vec gate, bool by_tanh) { return by_tanh ? gelu_by_tanh(gate) : gelu_exact(gate); }

static void gelu(const float *gate, const float *up, float *y, int64_t n, bool by_tanh) {
    int64_t i = 0;
    for (; i + VEC_LANES <= n; i += VEC_LANES) {
        vec a = gelu_of(vec_load(gate + i), by_tanh);
        vec_store(y + i, up ? vec_mul(a, vec_load(up + i)) : a);
    }
    if (i == n) return;
    vec a = gelu_of(vec_load_part(gate + i, n - i), by_tanh);
    vec_store_part(y + i, up ? vec_mul(a, vec_load_part(up + i, n - i)) : a, n - i);
}

/* silu(gate) * up, silu(g) = g / (1 + exp(-g)) */
SXT_INLINE vec gated(vec gate, vec up) {
    vec e = vec_exp(vec_sub(vec_set(0), gate));
    return vec_mul(vec_div(gate, vec_add(vec_set(1), e)), up);
}

static void swiglu(const float *gate, const float *up, float *y, int64_t n) {
    int64_t i = 0;
    for (; i + VEC_LANES <= n; i += VEC_LANES) vec_store(y + i, gated(vec_load(gate + i), vec_load(up + i)));
    if (i < n)
        vec_store_part(y + i, gated(vec_load_part(gate + i, n - i), vec_load_part(up + i, n - i)), n - i);
}

static void add(const float *x, float *y, int64_t n) {
    int64_t i = 0;
    for (; i + VEC_LANES <= n; i += VEC_LANES) vec_store(y + i, vec_add(vec_load(y + i), vec_load(x + i)));
    if (i < n) vec_store_part(y + i, vec_add(vec_load_part(y + i, n - i), vec_load_part(x + i, n - i)), n - i);
}

#endif
