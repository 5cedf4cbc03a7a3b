/* What the methods share that change rotary frequencies and leave every key where it stands. Each of them
 * replaces what the model's file asks for. */
#ifndef SXT_PLAN_SCALING_H
#define SXT_PLAN_SCALING_H

#include "plan/option.h"
#include "plan/plain.h"

/* Refuses models without rotary positions. */
sxt_status sxt_scaling_need_rotary(const char *method, const sxt_plan_model *model, sxt_error *error);

/* Begins a plan: the window that is stretched is the one before the scaling that the file itself asks for, if
 * it names one. */
void sxt_scaling_begin(sxt_plan *plan, const sxt_plan_model *model);

/* The parameters that several methods take: `factor`, with its least value and default, which is always part of
 * the text; `base`; `original`. */
sxt_plan_number sxt_scaling_factor(sxt_plan *plan, double least, double usual);
sxt_plan_number sxt_scaling_base(sxt_plan *plan);
sxt_plan_number sxt_scaling_original(sxt_plan *plan);
/* An end of the blend between pairs that stay and pairs that are divided: turns within the window that is
 * stretched, or that window over a wavelength. */
sxt_plan_number sxt_scaling_edge(const char *name, double usual, double *value);

/* The ends of the range of factors. */
#define SXT_MIN_FACTOR 0.01
#define SXT_MAX_FACTOR 1e6

/* Who gives a base alone wants that base and nothing else: a factor of 1. */
sxt_status sxt_scaling_base_alone(sxt_plan *plan, const sxt_plan_model *model, const sxt_plan_option *options,
                                  int n_options, sxt_error *error);

/* factor times the window that is stretched. */
int64_t sxt_scaling_limit(const sxt_plan *plan);

/* Takes the scaling of the file out of `rope` and puts in the plan's base and factor. */
void sxt_scaling_replace(const sxt_plan *plan, sxt_rope_scaling scaling, sxt_rope_params *rope);

#endif
