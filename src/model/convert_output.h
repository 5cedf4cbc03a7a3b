/* The output of a conversion must not be one of its inputs. */
#ifndef SXT_MODEL_CONVERT_OUTPUT_H
#define SXT_MODEL_CONVERT_OUTPUT_H

#include "model/model.h"

/* Refuses a folder, and every file that the model is read from, under whatever name. */
sxt_status sxt_check_output(const sxt_model *model, const char *output, sxt_error *error);

#endif
