#include "eval/longbench_answers.h"

#include "exit_code.h"
#include "message.h"
#include "token_hash.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int answer_store_open(const option_values *options, const sxt_model *model, result_store **store) {
    char max_tokens[32], ctx[32];
    sxt_model_info info;
    sxt_model_describe(model, &info);
    snprintf(max_tokens, sizeof max_tokens, "%lld", (long long)options->max_tokens);
    snprintf(ctx, sizeof ctx, "%lld", (long long)options->ctx); /* prompts are cut to fit it */
    const result_fact facts[] = {
        {"max tokens", max_tokens},
        {"context", ctx},
        {"chat template", info.chat_template[0] != '\0' ? info.chat_template : "none"}};
    return output_folder_open(options, model, "longbench", facts, (int)(sizeof facts / sizeof *facts), store);
}

/* Numbers, not ids: those come from the user's file and may hold anything. */
static char *make_key(const char *plan, const task_file *file, const longbench_item *item) {
    text_buffer key = {0};
    text_buffer_print(&key, "longbench|%s|%s|%08lld", plan, file->name, (long long)item->number);
    return key.bytes;
}

static uint64_t add_text(uint64_t hash, text_span text) {
    hash = token_hash_bytes(hash, &text.n, sizeof text.n);
    return token_hash_bytes(hash, text.bytes, text.n);
}

/* Tells questions apart by all that is asked. Right answers are not in it: scores are found anew. */
static void write_hash(const task_file *file, const longbench_item *item, char hash[17]) {
    uint64_t sum = token_hash_bytes(token_hash_begin(), &file->n_answer, sizeof file->n_answer);
    sum = add_text(sum, text_span_of(file->prompt != NULL ? file->prompt : ""));
    sum = add_text(add_text(sum, item->context), item->input);
    snprintf(hash, 17, "%016" PRIx64, sum);
}

int answer_store_put(result_store *store, const char *plan, const task_file *file, const longbench_item *item,
                     const longbench_answer *answer) {
    if (store == NULL) return EXIT_CODE_OK;
    char hash[17], *key = make_key(plan, file, item);
    json_document *value = document_object();
    write_hash(file, item, hash);
    if (metric_task_is_right_or_wrong(file->task) && (answer->score == 0 || answer->score == 1))
        document_put_integer(value, "right", answer->score == 1);
    document_put_real(value, "score", answer->score);
    document_put_text(value, "question", hash);
    document_put_integer(value, "tokens", answer->n_tokens);
    document_put_integer(value, "cut", answer->is_cut);
    document_put_integer(value, "within_limit", answer->within_limit);
    document_put(value, "answer", document_text(answer->text, answer->n_bytes));
    int code = output_folder_put(store, key, value);
    free(key);
    return code;
}

static bool take_value(const json_document *value, longbench_answer *answer) {
    int64_t cut, within_limit;
    text_span said;
    said.bytes = document_get_text(value, "answer", &said.n);
    if (said.bytes == NULL || !document_get_real(value, "score", &answer->score) ||
        !document_get_integer(value, "tokens", &answer->n_tokens) ||
        !document_get_integer(value, "cut", &cut) ||
        !document_get_integer(value, "within_limit", &within_limit))
        return false;
    answer->text = must_allocate(said.n + 1);
    memcpy(answer->text, said.bytes, said.n);
    answer->n_bytes = said.n;
    answer->is_cut = cut != 0;
    answer->within_limit = within_limit != 0;
    answer->is_there = true;
    return true;
}

static bool is_same_question(const json_document *value, const task_file *file, const longbench_item *item) {
    char hash[17];
    text_span kept;
    kept.bytes = document_get_text(value, "question", &kept.n);
    write_hash(file, item, hash);
    return kept.bytes != NULL && text_equal(kept, text_span_of(hash));
}

int answer_store_get(result_store *store, const char *plan, const task_file *file, const longbench_item *item,
                     longbench_answer *answer) {
    *answer = (longbench_answer){0};
    if (store == NULL) return EXIT_CODE_OK;
    json_document *value;
    char *key = make_key(plan, file, item);
    int code = output_folder_get(store, key, &value);
    if (value != NULL && !is_same_question(value, file, item))
        code =
            message_error(EXIT_CODE_USAGE,
                          "-o: question %lld of %s (`_id` %.80s), its prompt or the length of its answer has "
                          "changed since it was answered there; give another folder",
                          (long long)item->number, file->path, item->id);
    else if (value != NULL && !take_value(value, answer))
        code = output_folder_damaged(store, key);
    if (value != NULL) document_free(value);
    free(key);
    return code;
}

int answers_read(result_store *store, const char *plan, const task_file *file, const longbench_items *items,
                 longbench_answer **answers) {
    int code = EXIT_CODE_OK;
    *answers = must_allocate(items->n * sizeof **answers);
    memset(*answers, 0, items->n * sizeof **answers);
    for (size_t i = 0; i < items->n && code == EXIT_CODE_OK; i++)
        code = answer_store_get(store, plan, file, &items->list[i], &(*answers)[i]);
    return code;
}

void answers_free(longbench_answer *answers, size_t n) {
    for (size_t i = 0; answers != NULL && i < n; i++) free(answers[i].text);
    free(answers);
}
