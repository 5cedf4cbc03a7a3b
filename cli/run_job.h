/* What `run` works with; shared by the single answer and the chat loop. */
#ifndef SEXTANT_CLI_RUN_JOB_H
#define SEXTANT_CLI_RUN_JOB_H

#include "generation.h"
#include "model_session.h"

typedef struct run_job {
    const option_values *options;
    const char *plan; /* as asked */
    sxt_model *model;
    sxt_model_info info;
    sxt_session *session;
    int64_t n_ctx;
    progress line;
} run_job;

/* Opens the session of n_ctx tokens with the sampler that the options ask for. */
int run_job_open_session(run_job *job, int64_t n_ctx);

/* The last line on standard error: tokens, speeds, memory, plan and window. */
void run_job_summary(const run_job *job, const generation *result);

/* run -i */
int chat_loop(run_job *job);

#endif
