#include "eval/interval.h"

#include <math.h>

void interval_wilson(int64_t n_good, int64_t n, double *low, double *high) {
    const double z = 1.959963984540054; /* the normal distribution's 97.5 % */
    *low = 0;
    *high = 1;
    if (n <= 0) return;
    double share = (double)n_good / (double)n, zz = z * z / (double)n;
    double middle = (share + zz / 2) / (1 + zz);
    double half = z / (1 + zz) * sqrt(share * (1 - share) / (double)n + zz / (4 * (double)n));
    *low = n_good == 0 ? 0 : middle - half;
    *high = n_good == n ? 1 : middle + half;
}
