/* Where what is measured is kept, beside the preset. */
#include "tune_job.h"

#include "exit_code.h"
#include "message.h"
#include "preset.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* FNV-1a of 64 bits: tells texts and prompts apart. */
static uint64_t add_bytes(uint64_t hash, const void *bytes, size_t n) {
    const unsigned char *b = bytes;
    for (size_t i = 0; i < n; i++) hash = (hash ^ b[i]) * UINT64_C(0x100000001B3);
    return hash;
}

static uint64_t add_tokens(uint64_t hash, const token_list *tokens) {
    hash = add_bytes(hash, &tokens->n, sizeof tokens->n);
    return tokens->n > 0 ? add_bytes(hash, tokens->ids, (size_t)tokens->n * sizeof *tokens->ids) : hash;
}

/* Everything that a cell's number depends on besides its plan and index. */
int tune_store_open(tune_job *job) {
    const option_values *options = job->options;
    uint64_t text = UINT64_C(0xCBF29CE484222325), keys = text;
    char target[32], windows[32], n_keys[32], text_hash[32], keys_hash[32], problem[512];
    char fingerprint[20];
    text_buffer folder = {0};
    preset_fingerprint(job->trial.model, fingerprint);
    text = add_bytes(add_tokens(text, &job->windows.text), &job->windows.n_bos, sizeof job->windows.n_bos);
    for (int64_t i = 0; i < job->keys.n; i++) keys = add_tokens(keys, &job->keys.list[i].tokens);
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
