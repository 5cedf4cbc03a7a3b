/* Where what is measured is kept, beside the preset. */
#include "tune_job.h"

#include "exit_code.h"
#include "message.h"
#include "preset.h"

#include <stdio.h>

/* Everything that a cell's number depends on besides its plan and index. */
int tune_store_open(tune_job *job) {
    const option_values *options = job->options;
    char target[32], n_keys[32], problem[512], fingerprint[20];
    kept_facts kept;
    text_buffer folder = {0};
    preset_fingerprint(job->trial.model, fingerprint);
    kept_facts_of_text(&job->windows, &kept);
    kept_facts_of_keys(&job->keys, &kept);
    snprintf(target, sizeof target, "%lld", (long long)options->target);
    snprintf(n_keys, sizeof n_keys, "%lld", (long long)job->keys.n);
    const result_fact facts[] = {
        {"command", "tune"},           {"model", fingerprint}, {"target", target},
        {"windows", kept.windows},     {"text", kept.text},    {"keys", n_keys},
        {"key prompts", kept.prompts}, {"cache", options->kv}, {"precision", options->precision}};
    text_buffer_print(&folder, "%s.results", options->output);
    result_store_answer answer =
        result_store_open(folder.bytes, options->resume ? RESULT_STORE_RESUME : RESULT_STORE_NEW, facts,
                          (int)(sizeof facts / sizeof facts[0]), &job->store, problem, sizeof problem);
    text_buffer_free(&folder);
    if (answer == RESULT_STORE_OK) return EXIT_CODE_OK;
    if (answer == RESULT_STORE_REFUSED)
        return message_error(EXIT_CODE_USAGE, "-o %s: %s, that of another -o PRESET.json", options->output,
                             problem);
    return message_error(EXIT_CODE_FAILURE, "-o %s: %s", options->output, problem);
}
