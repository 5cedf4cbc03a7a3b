/* Which object of a config.json holds rotary parameters, and whether what it says can be followed: files say
 * the same thing in several places, and nothing that two of them say differently may be chosen in silence. */
#ifndef SXT_MODEL_ROPE_BLOCK_H
#define SXT_MODEL_ROPE_BLOCK_H

#include "model/config.h"

/* The parameters of layers that see all keys: in rope_parameters, which may have an object for each kind of
 * layers, or in rope_scaling, as older files call it. block->json is NULL where there are none. */
sxt_status sxt_rope_block_find(const sxt_config *config, sxt_config *block, sxt_error *error);

/* Those of layers that slide, where the file tells the kinds apart. */
sxt_status sxt_rope_block_find_sliding(const sxt_config *config, sxt_config *block, sxt_error *error);

/* Of families whose layers all turn alike: refuses a file that tells kinds of layers apart. */
sxt_status sxt_rope_block_refuse_kinds(const sxt_config *config, sxt_error *error);

/* Refuses a member that no reader here knows: it could change the angles. */
sxt_status sxt_rope_block_check(const sxt_config *block, sxt_error *error);

/* "default" where the block does not say; `key` gets the name that it uses. */
sxt_status sxt_rope_block_type(const sxt_config *block, sxt_config_key *key, const char **type, size_t *n,
                               sxt_error *error);

/* A number that may stand in more than one place, or under more than one name. */
typedef struct sxt_rope_said {
    const char *where, *name; /* NULL: nowhere yet */
    double value;
} sxt_rope_said;

/* Takes what `place` says under this name, if anything; another value than elsewhere is refused. */
sxt_status sxt_rope_hear(const sxt_config *place, const char *name, double low, double high,
                         sxt_rope_said *said, sxt_error *error);

#endif
