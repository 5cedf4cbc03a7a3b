/* How fast a level can go: arithmetic on chains that stay in registers, and plain reading of memory. What is
 * measured with these is the ceiling that the real kernels are held against. */
#ifndef SXT_KERNEL_LEVEL_PEAK_H
#define SXT_KERNEL_LEVEL_PEAK_H

#include "kernel/peak.h"

/* Settles at 0.25: neither overflows nor becomes so small that the CPU slows down. */
SXT_INLINE vec peak_multiply_add(vec x) { return vec_fma(x, vec_set(0.5f), vec_set(0.125f)); }

/* 2^-x, which settles at 0.64: to the nearest whole exponent, a polynomial of degree 4 for the rest (relative
 * error 4e-6, as much as a fast softmax needs), and the exponent put in by an integer addition. */
SXT_INLINE vec peak_power(vec x) {
    const vec shift = vec_set(12582912.0f); /* 1.5 * 2^23: what is added to it loses its fraction */
    vec z = vec_sub(shift, x);
    vec f = vec_add(vec_sub(z, shift), x); /* minus the rest, in [-1/2, 1/2] */
    vec p = vec_set(0.0096181291f);
    p = vec_fma(p, f, vec_set(-0.0555041087f));
    p = vec_fma(p, f, vec_set(0.2402265070f));
    p = vec_fma(p, f, vec_set(-0.6931471806f));
    p = vec_fma(p, f, vec_set(1));
    return vec_times_two_to(p, z);
}

PEAK_FUNCTION(peak_f32, vec, peak_start, peak_multiply_add, 2 * VEC_LANES)
PEAK_FUNCTION(peak_exp, vec, peak_start, peak_power, VEC_LANES)

/* Eight vectors of each of eight lines in turn keep enough loads in flight; the prefetch reaches over the end
 * of a page, where the hardware's own stops. */
static float peak_read(const void *bytes, size_t n_bytes) {
    enum { STEP = 8 * VEC_LANES * 4, AHEAD = 4096 };
    const uint8_t *at = bytes;
    vec sum[8];
    SXT_UNROLL for (int i = 0; i < 8; i++) sum[i] = vec_set(0);
    for (size_t done = 0; done + STEP <= n_bytes; done += STEP, at += STEP) {
        SXT_UNROLL for (int i = 0; i < 8; i++) {
            if (i * VEC_LANES * 4 % 64 == 0) __builtin_prefetch(at + AHEAD + i * VEC_LANES * 4);
            sum[i] = vec_add(sum[i], vec_load(at + i * VEC_LANES * 4));
        }
    }
    float total = 0;
    for (int i = 0; i < 8; i++) total += vec_sum(sum[i]);
    return total;
}

#endif
