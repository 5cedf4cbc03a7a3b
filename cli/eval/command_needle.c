/* Needles hidden in long texts: which plan finds them, how far, at which depth. */
#include "command.h"

#include "exit_code.h"
#include "json_document.h"
#include "message.h"
#include "model_session.h"
#include "needle_picture.h"
#include "needle_report.h"
#include "needle_run.h"
#include "output_folder.h"
#include "picture_files.h"
#include "replaced_file.h"

#include <stdlib.h>
#include <string.h>

/* Everything that can be refused is refused before the first prompt is made. */
static int check(const option_values *options, const sxt_model *model, needle_run *run) {
    const int64_t needed = number_greatest(&options->lengths);
    int code = picture_files_check("--picture", &options->pictures);
    if (code == EXIT_CODE_OK && strcmp(options->task, "common-words") == 0 && options_given(options, "depths"))
        return message_error(EXIT_CODE_USAGE, "--task common-words has words everywhere and no depths; leave "
                                              "--depths out");
    if (code == EXIT_CODE_OK && options->prompts != NULL)
        code = replaced_file_check("--prompts", options->prompts);
    if (code == EXIT_CODE_OK) code = needle_prompts_task(options, &run->prompts.task);
    if (code == EXIT_CODE_OK && options->n_generate > 0) run->prompts.task.n_answer = (int)options->n_generate;
    if (code == EXIT_CODE_OK && options->ctx > 0 && options->ctx < needed)
        return message_error(EXIT_CODE_USAGE, "--lengths goes up to %lld and -c is %lld; leave -c out",
                             (long long)needed, (long long)options->ctx);
    for (int i = 0; i < plan_count(options) && code == EXIT_CODE_OK; i++) {
        sxt_plan_info plan;
        sxt_error error;
        if (sxt_plan_resolve(model, plan_at(options, i), needed, &plan, &error) != SXT_OK)
            code = message_library_error(&error);
        for (int k = 0; k < i && code == EXIT_CODE_OK; k++)
            if (strcmp(plan_at(options, k), plan_at(options, i)) == 0)
                code = message_error(EXIT_CODE_USAGE, "--extend %s is given twice; leave one out",
                                     plan_at(options, i));
    }
    if (code == EXIT_CODE_OK) code = needle_run_longest(options, model, &run->longest);
    return code;
}

static int open_store(needle_run *run) {
    needle_facts facts;
    needle_run_facts(run, &facts);
    return output_folder_open(run->options, run->model, "needle", facts.list, N_NEEDLE_FACTS, &run->store);
}

/* The text of a prompt without what the tokenizer puts around it; a chat's template is part of it. */
static int write_prompt(const needle_run *run, const needle_prompt *p, FILE *stream) {
    char *text = NULL;
    size_t n_bytes = 0;
    sxt_error error;
    if (sxt_detokenize(run->model, p->tokens.ids, p->tokens.n, run->options->chat ? SXT_DETOKENIZE_SPECIAL : 0,
                       &text, &n_bytes, &error) != SXT_OK)
        return message_library_error(&error);
    json_document *line = document_object(), *values = document_array();
    for (int i = 0; i < p->n_values; i++)
        document_append(values, document_text(p->values[i], strlen(p->values[i])));
    document_put(line, "input", document_text(text, n_bytes));
    document_put_text(line, "question", "");
    document_put_text(line, "target", p->values[0]);
    document_put(line, "targets", values);
    document_put_integer(line, "length", p->length);
    document_put_real(line, "depth", p->depth / 100);
    document_put_integer(line, "trial", p->trial);
    document_put_integer(line, "tokens", p->tokens.n);
    char *dump = document_dump(line);
    fprintf(stream, "%s\n", dump);
    free(dump);
    document_free(line);
    sxt_free(text);
    return EXIT_CODE_OK;
}

static int write_prompts(const needle_run *run) {
    const char *path = run->options->prompts;
    replaced_file file = {0};
    if (path == NULL) return EXIT_CODE_OK;
    int code = replaced_file_open(&file, "--prompts", path);
    for (int64_t i = 0; i < run->prompts.n && code == EXIT_CODE_OK; i++)
        code = write_prompt(run, &run->prompts.list[i], file.stream);
    if (code == EXIT_CODE_OK) code = replaced_file_commit(&file);
    replaced_file_abort(&file);
    return code;
}

static bool write_csv(void *user, FILE *stream) {
    needle_write_csv(user, stream);
    return true;
}

static int write_json(const needle_run *run) {
    json_document *document = needle_document(run, false);
    int code = output_folder_write_document(run->options, "needle.json", document);
    document_free(document);
    return code;
}

/* What is done is shown and written, after Ctrl-C too. */
static int tell(needle_run *run) {
    if (run->options->json)
        document_print(needle_document(run, true));
    else
        needle_print_table(run);
    int code = output_folder_write(run->options, "needle.csv", write_csv, run);
    if (code == EXIT_CODE_OK) code = write_json(run);
    if (code == EXIT_CODE_OK) code = needle_picture_save(run);
    if (run->n_tokens > 0)
        message_line("%lld prompt tokens, %lld of them read (%.0f %%), in %.1f s", (long long)run->n_tokens,
                     (long long)run->n_read, 100.0 * (double)run->n_read / (double)run->n_tokens, run->seconds);
    return code;
}

static int measure(needle_run *run) {
    int code = needle_run_load(run);
    if (code == EXIT_CODE_OK) code = needle_run_all(run);
    if (code != EXIT_CODE_OK && code != EXIT_CODE_INTERRUPTED) return code;
    int told = tell(run);
    if (code == EXIT_CODE_INTERRUPTED) output_folder_note_stop(run->options);
    return code != EXIT_CODE_OK ? code : told;
}

int command_needle(const option_values *given) {
    if (given->lengths.n == 0)
        return message_error(EXIT_CODE_USAGE, "needle needs context lengths: --lengths N,N,...");
    option_values sorted = *given;
    const option_values *options = &sorted;
    number_sort_once(&sorted.lengths);
    number_sort_reals_once(&sorted.depths);
    needle_run run = {.options = options};
    sxt_model *model = NULL;
    int code = model_open(options->model, false, &model);
    if (code != EXIT_CODE_OK) return code;
    run.model = model;
    code = check(options, model, &run);
    if (code == EXIT_CODE_OK) code = needle_prompts_make(options, model, run.longest, &run.prompts);
    if (code == EXIT_CODE_OK) code = write_prompts(&run);
    if (code == EXIT_CODE_OK) code = open_store(&run);
    if (code == EXIT_CODE_OK) code = measure(&run);
    output_folder_close(run.store);
    needle_run_free(&run);
    sxt_model_close(model);
    return code;
}
