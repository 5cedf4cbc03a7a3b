/* Any readable model to one GGUF file. */
#ifndef SXT_MODEL_CONVERT_H
#define SXT_MODEL_CONVERT_H

#include "model/model.h"

/* As the public sxt_convert(); `params` and `report` are not NULL. A matrix that already has its type is copied
 * bit by bit. */
sxt_status sxt_convert_model(const sxt_model *model, const char *output, const sxt_convert_params *params,
                             sxt_convert_report *report, sxt_error *error);

#endif
