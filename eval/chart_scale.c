#include "eval/chart_scale.h"

#include <math.h>

bool scale_is_finite(double x) { return isfinite(x) && fabs(x) < 1e150; }

bool scale_fits(line_axis axis, double x) { return scale_is_finite(x) && (axis == AXIS_LINEAR || x > 1e-150); }

static double along(const scale *s, double x) {
    return s->axis == AXIS_LINEAR ? (x - s->low) / (s->high - s->low)
                                  : (log(x) - log(s->low)) / (log(s->high) - log(s->low));
}

double scale_place(const scale *s, double x) { return s->first + along(s, x) * (s->last - s->first); }

double scale_whole_pixel(double x) { return floor(x) + 0.5; }

void scale_widen(scale *s, double x) {
    if (!scale_fits(s->axis, x)) return;
    s->low = fmin(s->low, x);
    s->high = fmax(s->high, x);
}

scale scale_empty(line_axis axis) { return (scale){.axis = axis, .low = INFINITY, .high = -INFINITY}; }

void scale_pad(scale *s, double share) {
    bool is_linear = s->axis == AXIS_LINEAR;
    if (!(s->low <= s->high)) {
        s->low = is_linear ? 0 : 1;
        s->high = is_linear ? 1 : 10;
    }
    if (is_linear) {
        double span = s->high - s->low, largest = fmax(fabs(s->low), fabs(s->high));
        double room = largest < 1e-150 ? 1 : span > largest * 1e-6 ? span * share : largest * 0.1;
        s->low -= room;
        s->high += room;
    } else {
        double ratio = s->high / s->low, room = ratio > 1 + 1e-6 ? pow(ratio, share) : 1.5;
        s->low /= room;
        s->high *= room;
    }
}

tick_list scale_ticks(const scale *s, int wanted) {
    switch (s->axis) {
    case AXIS_LOG: return ticks_log(s->low, s->high, wanted);
    case AXIS_LOG_TOKENS: return ticks_log_tokens(s->low, s->high, wanted);
    default: return ticks_linear(s->low, s->high, wanted);
    }
}
