#include "plan/rope_frequencies.h"

#include <math.h>

static const double pi = 3.14159265358979323846;

static sxt_status need_above(const char *field, double value, double least, sxt_error *error) {
    if (isfinite(value) && value > least) return SXT_OK;
    return sxt_fail(error, SXT_E_FORMAT, "rotary positions: %s is %g; a finite number above %g is needed",
                    field, value, least);
}

static sxt_status check_yarn(const sxt_rope_params *p, sxt_error *error) {
    SXT_TRY(need_above("yarn factor", p->factor, 0, error));
    SXT_TRY(need_above("yarn original context length", p->original_context, 0, error));
    SXT_TRY(need_above("yarn beta_slow", p->beta_slow, 0, error));
    SXT_TRY(need_above("yarn beta_fast", p->beta_fast, 0, error));
    /* The ramp's ends are logarithms to this base. */
    SXT_TRY(need_above("theta under yarn", p->theta, 1, error));
    if (p->beta_fast < p->beta_slow)
        return sxt_fail(error, SXT_E_FORMAT,
                        "rotary positions: yarn beta_fast is %g, below beta_slow %g; it must not be",
                        p->beta_fast, p->beta_slow);
    if (!isfinite(p->attention_factor))
        return sxt_fail(error, SXT_E_FORMAT,
                        "rotary positions: yarn attention factor is %g; a finite number is needed",
                        p->attention_factor);
    return SXT_OK;
}

static sxt_status check_llama3(const sxt_rope_params *p, sxt_error *error) {
    SXT_TRY(need_above("llama3 factor", p->factor, 0, error));
    SXT_TRY(need_above("llama3 original context length", p->original_context, 0, error));
    SXT_TRY(need_above("llama3 low_freq_factor", p->low_freq_factor, 0, error));
    SXT_TRY(need_above("llama3 high_freq_factor", p->high_freq_factor, 0, error));
    if (p->high_freq_factor <= p->low_freq_factor)
        return sxt_fail(error, SXT_E_FORMAT,
                        "rotary positions: llama3 high_freq_factor is %g; it must be above low_freq_factor %g",
                        p->high_freq_factor, p->low_freq_factor);
    return SXT_OK;
}

static sxt_status check_divisors(const sxt_rope_params *p, sxt_error *error) {
    for (int32_t i = 0; p->freq_factors && i < p->n_rot / 2; i++)
        if (!isfinite(p->freq_factors[i]) || p->freq_factors[i] <= 0)
            return sxt_fail(error, SXT_E_FORMAT,
                            "rotary positions: frequency factor %d is %g; a finite number above 0 is needed",
                            (int)i, (double)p->freq_factors[i]);
    return SXT_OK;
}

sxt_status sxt_rope_check(const sxt_rope_params *p, sxt_error *error) {
    if (p->n_rot < 4 || p->n_rot % 2)
        return sxt_fail(error, SXT_E_FORMAT,
                        "rotary positions: dimension count is %d; an even number of at least 4 is needed",
                        (int)p->n_rot);
    SXT_TRY(need_above("theta (frequency base)", p->theta, 0, error));
    switch (p->scaling) {
    case SXT_ROPE_NONE:
    case SXT_ROPE_STILL: break;
    case SXT_ROPE_LINEAR: SXT_TRY(need_above("linear factor", p->factor, 0, error)); break;
    case SXT_ROPE_YARN: SXT_TRY(check_yarn(p, error)); break;
    case SXT_ROPE_LLAMA3: SXT_TRY(check_llama3(p, error)); break;
    default:
        return sxt_fail(error, SXT_E_FORMAT, "rotary positions: scaling kind %d is unknown", (int)p->scaling);
    }
    return check_divisors(p, error);
}

/* The pair whose frequency turns `turns` times within the original context. */
static double yarn_pair(const sxt_rope_params *p, double turns) {
    return p->n_rot * log(p->original_context / (2 * pi * turns)) / (2 * log(p->theta));
}

/* YaRN (Peng et al., arXiv 2309.00071): fast pairs stay, slow ones are interpolated, a ramp between. */
static void scale_yarn(const sxt_rope_params *p, double *theta) {
    double low = fmax(0, floor(yarn_pair(p, p->beta_fast)));
    double high = fmin(p->n_rot - 1, ceil(yarn_pair(p, p->beta_slow)));
    if (high == low) high += 0.001;
    for (int32_t i = 0; i < p->n_rot / 2; i++) {
        double keep = 1 - fmin(1, fmax(0, (i - low) / (high - low)));
        theta[i] = theta[i] / p->factor * (1 - keep) + theta[i] * keep;
    }
}

/* Llama 3.1: by wavelength; short ones stay, long ones are divided, a blend between. */
static void scale_llama3(const sxt_rope_params *p, double *theta) {
    double low = p->low_freq_factor, high = p->high_freq_factor;
    for (int32_t i = 0; i < p->n_rot / 2; i++) {
        double wavelength = 2 * pi / theta[i];
        if (wavelength < p->original_context / high) continue;
        double keep = (p->original_context / wavelength - low) / (high - low);
        if (wavelength > p->original_context / low) keep = 0;
        theta[i] *= (1 - keep) / p->factor + keep;
    }
}

static double yarn_mscale(const sxt_rope_params *p) {
    if (p->attention_factor > 0) return p->attention_factor;
    return p->factor <= 1 ? 1 : 0.1 * log(p->factor) + 1;
}

void sxt_rope_fill_frequencies(const sxt_rope_params *p, double *theta, double *mscale) {
    for (int32_t i = 0; i < p->n_rot / 2; i++) {
        theta[i] = pow(p->theta, -2.0 * i / p->n_rot);
        if (p->scaling == SXT_ROPE_LINEAR) theta[i] /= p->factor;
        if (p->scaling == SXT_ROPE_STILL) theta[i] = 0;
    }
    if (p->scaling == SXT_ROPE_YARN) scale_yarn(p, theta);
    if (p->scaling == SXT_ROPE_LLAMA3) scale_llama3(p, theta);
    for (int32_t i = 0; p->freq_factors && i < p->n_rot / 2; i++) theta[i] /= (double)p->freq_factors[i];
    *mscale = p->scaling == SXT_ROPE_YARN ? yarn_mscale(p) : 1;
}
