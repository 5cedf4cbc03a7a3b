/* Random numbers that are the same on every machine: PCG32 (O'Neill, HMC-CS-2014-0905), XSH RR 64/32. */
#ifndef SXT_BASE_RNG_H
#define SXT_BASE_RNG_H

#include <stdint.h>

typedef struct sxt_rng {
    uint64_t state;
} sxt_rng;

static inline uint32_t sxt_rng_u32(sxt_rng *rng) {
    uint64_t old = rng->state;
    rng->state = old * 6364136223846793005u + 1442695040888963407u;
    uint32_t mixed = (uint32_t)(((old >> 18) ^ old) >> 27);
    uint32_t turn = (uint32_t)(old >> 59);
    return (mixed >> turn) | (mixed << ((32 - turn) & 31));
}

static inline sxt_rng sxt_rng_make(uint64_t seed) {
    sxt_rng rng = {seed + 1442695040888963407u};
    sxt_rng_u32(&rng);
    return rng;
}

/* Uniform in [0, 1), 53 random bits. */
static inline double sxt_rng_unit(sxt_rng *rng) {
    uint64_t high = sxt_rng_u32(rng) >> 5, low = sxt_rng_u32(rng) >> 6;
    return (double)(high * 67108864u + low) / 9007199254740992.0;
}

#endif
