/* Where what is measured is kept, beside the preset. */
#include "tune_job.h"

#include "exit_code.h"
#include "message.h"
#include "preset.h"
#include "token_hash.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Everything that a cell's number depends on besides its plan and index. */
int tune_store_open(tune_job *job) {
    const option_values *options = job->options;
    uint64_t text = token_hash_begin(), keys = text;
    char target[32], windows[32], n_keys[32], text_hash[32], keys_hash[32], problem[512];
    char fingerprint[20];
    text_buffer folder = {0};
    preset_fingerprint(job->trial.model, fingerprint);
    text = token_hash_bytes(token_hash_add(text, &job->windows.text), &job->windows.n_bos,
                            sizeof job->windows.n_bos);
    for (int64_t i = 0; i < job->keys.n; i++) keys = token_hash_add(keys, &job->keys.list[i].tokens);
    snprintf(target, sizeof target, "%lld", (long long)options->target);
    snprintf(windows, sizeof windows, "%lld", (long long)job->windows.n_windows);
    snprintf(n_keys, sizeof n_keys, "%lld", (long long)job->keys.n);
    snprintf(text_hash, sizeof text_hash, "%016" PRIx64, text);
    snprintf(keys_hash, sizeof keys_hash, "%016" PRIx64, keys);
    const result_fact facts[] = {
        {"command", "tune"},        {"model", fingerprint}, {"target", target},
        {"windows", windows},       {"text", text_hash},    {"keys", n_keys},
        {"key prompts", keys_hash}, {"cache", options->kv}, {"precision", options->precision}};
    text_buffer_print(&folder, "%s.results", options->output);
    result_store_answer answer =
        result_store_open(folder.bytes, options->resume ? RESULT_STORE_RESUME : RESULT_STORE_NEW, facts,
                          (int)(sizeof facts / sizeof facts[0]), &job->store, problem, sizeof problem);
    text_buffer_free(&folder);
    if (answer == RESULT_STORE_OK) return EXIT_CODE_OK;
    return message_error(answer == RESULT_STORE_REFUSED ? EXIT_CODE_USAGE : EXIT_CODE_FAILURE, "%s", problem);
}
