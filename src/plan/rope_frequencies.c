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

static sxt_status check_divisors(const char *name, const float *divisors, int32_t n, sxt_error *error) {
    for (int32_t i = 0; i < n; i++)
        if (!isfinite(divisors[i]) || divisors[i] <= 0)
            return sxt_fail(error, SXT_E_FORMAT,
                            "rotary positions: %s %d is %g; a finite number above 0 is needed", name, (int)i,
                            (double)divisors[i]);
    return SXT_OK;
}

static sxt_status check_length(const sxt_rope_params *p, sxt_error *error) {
    if (isfinite(p->length) && p->length >= 0) return SXT_OK;
    return sxt_fail(error, SXT_E_FORMAT, "rotary positions: the length is %g; a finite number from 0 is needed",
                    p->length);
}

static sxt_status check_dynamic(const sxt_rope_params *p, sxt_error *error) {
    SXT_TRY(need_above("dynamic factor", p->factor, 0, error));
    SXT_TRY(need_above("dynamic original context length", p->original_context, 0, error));
    return check_length(p, error);
}

static sxt_status check_ntk_mixed(const sxt_rope_params *p, sxt_error *error) {
    SXT_TRY(need_above("ntk-mixed factor", p->factor, 0, error));
    return need_above("ntk-mixed power", p->power, 0, error);
}

static sxt_status check_longrope(const sxt_rope_params *p, sxt_error *error) {
    SXT_TRY(need_above("longrope factor", p->factor, 0, error));
    SXT_TRY(need_above("longrope original context length", p->original_context, 1, error));
    SXT_TRY(check_length(p, error));
    if (!p->short_factors || !p->long_factors)
        return sxt_fail(error, SXT_E_FORMAT, "rotary positions: longrope without its %s list of factors",
                        p->short_factors ? "long" : "short");
    SXT_TRY(check_divisors("short factor", p->short_factors, p->n_rot / 2, error));
    return check_divisors("long factor", p->long_factors, p->n_rot / 2, error);
}

static sxt_status check_scaling(const sxt_rope_params *p, sxt_error *error) {
    switch (p->scaling) {
    case SXT_ROPE_NONE:
    case SXT_ROPE_STILL: return SXT_OK;
    case SXT_ROPE_LINEAR: return need_above("linear factor", p->factor, 0, error);
    case SXT_ROPE_YARN: return check_yarn(p, error);
    case SXT_ROPE_LLAMA3: return check_llama3(p, error);
    case SXT_ROPE_DYNAMIC: return check_dynamic(p, error);
    case SXT_ROPE_NTK_MIXED: return check_ntk_mixed(p, error);
    case SXT_ROPE_LONGROPE: return check_longrope(p, error);
    default:
        return sxt_fail(error, SXT_E_FORMAT, "rotary positions: scaling kind %d is unknown", (int)p->scaling);
    }
}

sxt_status sxt_rope_check(const sxt_rope_params *p, sxt_error *error) {
    if (p->n_rot < 4 || p->n_rot % 2)
        return sxt_fail(error, SXT_E_FORMAT,
                        "rotary positions: dimension count is %d; an even number of at least 4 is needed",
                        (int)p->n_rot);
    SXT_TRY(need_above("theta (frequency base)", p->theta, 0, error));
    SXT_TRY(check_scaling(p, error));
    if (!isfinite(p->attention_factor))
        return sxt_fail(error, SXT_E_FORMAT,
                        "rotary positions: attention factor is %g; a finite number is needed",
                        p->attention_factor);
    return p->freq_factors ? check_divisors("frequency factor", p->freq_factors, p->n_rot / 2, error) : SXT_OK;
}

/* The pair whose frequency turns `turns` times within the original context. */
static double yarn_pair(const sxt_rope_params *p, double turns) {
    return p->n_rot * log(p->original_context / (2 * pi * turns)) / (2 * log(p->theta));
}

/* YaRN (Peng et al., arXiv 2309.00071): fast pairs stay, slow ones are interpolated, a ramp between. */
static void scale_yarn(const sxt_rope_params *p, double *theta) {
    double first = yarn_pair(p, p->beta_fast), last = yarn_pair(p, p->beta_slow);
    double low = fmax(0, p->exact_ramp ? first : floor(first));
    double high = fmin(p->n_rot - 1, p->exact_ramp ? last : ceil(last));
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

/* Dynamic NTK (emozilla 2023; "dynamic" in Hugging Face): up to the original context nothing changes. */
static double dynamic_base(const sxt_rope_params *p) {
    double n = fmax(p->length, p->original_context), r = p->n_rot;
    return p->theta * pow(p->factor * n / p->original_context - (p->factor - 1), r / (r - 2));
}

/* NTK-mixed (Su 2023, kexue.fm 9706): pair p is slowed down by exp(a (p + 1)^power), the last one by `factor`.
 */
static void scale_ntk_mixed(const sxt_rope_params *p, double *theta) {
    double a = log(p->factor) / pow(p->n_rot / 2.0, p->power);
    for (int32_t i = 0; i < p->n_rot / 2; i++) theta[i] *= exp(-a * pow(i + 1.0, p->power));
}

static void divide(double *theta, const float *divisors, int32_t n) {
    for (int32_t i = 0; i < n; i++) theta[i] /= (double)divisors[i];
}

double sxt_rope_attention_factor(const sxt_rope_params *p) {
    if (p->attention_factor > 0) return p->attention_factor;
    if (p->factor <= 1) return 1;
    if (p->scaling == SXT_ROPE_YARN) return 0.1 * log(p->factor) + 1;
    if (p->scaling == SXT_ROPE_LONGROPE) return sqrt(1 + log(p->factor) / log(p->original_context));
    return 1;
}

void sxt_rope_fill_frequencies(const sxt_rope_params *p, double *theta, double *mscale) {
    double base = p->scaling == SXT_ROPE_DYNAMIC ? dynamic_base(p) : p->theta;
    for (int32_t i = 0; i < p->n_rot / 2; i++) {
        theta[i] = pow(base, -2.0 * i / p->n_rot);
        if (p->scaling == SXT_ROPE_LINEAR) theta[i] /= p->factor;
        if (p->scaling == SXT_ROPE_STILL) theta[i] = 0;
    }
    if (p->scaling == SXT_ROPE_YARN) scale_yarn(p, theta);
    if (p->scaling == SXT_ROPE_LLAMA3) scale_llama3(p, theta);
    if (p->scaling == SXT_ROPE_NTK_MIXED) scale_ntk_mixed(p, theta);
    if (p->scaling == SXT_ROPE_LONGROPE)
        divide(theta, p->length > p->original_context ? p->long_factors : p->short_factors, p->n_rot / 2);
    if (p->freq_factors) divide(theta, p->freq_factors, p->n_rot / 2);
    *mscale = sxt_rope_attention_factor(p);
}
