#include "command.h"

#include "exit_code.h"
#include "interrupt.h"
#include "json_document.h"
#include "message.h"
#include "preset.h"
#include "prompt.h"
#include "run_job.h"
#include "session_store.h"

#include <string.h>

static int chat_tokens(const run_job *job, const text_buffer *text, token_list *tokens) {
    const option_values *options = job->options;
    sxt_message messages[2];
    int64_t n = 0;
    sxt_error error;
    if (options->system != NULL)
        messages[n++] = (sxt_message){"system", options->system, strlen(options->system)};
    messages[n++] = (sxt_message){"user", text->bytes, text->n_bytes};
    if (sxt_chat_tokens(job->model, options->chat_template, messages, n, true, &tokens->ids, &tokens->n,
                        &error) == SXT_OK)
        return EXIT_CODE_OK;
    return message_library_error(&error);
}

static int read_tokens(const run_job *job, token_list *tokens) {
    const option_values *options = job->options;
    text_buffer text = {0};
    int code = prompt_text(options, &text);
    if (code == EXIT_CODE_OK && options->chat)
        code = chat_tokens(job, &text, tokens);
    else if (code == EXIT_CODE_OK)
        code = prompt_tokens(job->model, text.bytes, text.n_bytes, options->no_bos, options->special, tokens);
    text_buffer_free(&text);
    return code;
}

/* How many tokens there is room for behind the prompt. */
static int room_for_answer(const option_values *options, int64_t n_tokens, int64_t *n_generate) {
    int64_t needed = n_tokens + (options->n_generate > 0 ? 1 : 0);
    *n_generate = options->n_generate;
    if (options->ctx == 0) return EXIT_CODE_OK;
    if (needed > options->ctx)
        return message_error(
            EXIT_CODE_USAGE,
            "the prompt has %lld tokens and -c is %lld; give -c %lld or more, or a shorter prompt",
            (long long)n_tokens, (long long)options->ctx, (long long)needed);
    if (*n_generate > options->ctx - n_tokens) *n_generate = options->ctx - n_tokens;
    return EXIT_CODE_OK;
}

static void print_document(const run_job *job, int64_t n_prompt, const generation *result, double seconds) {
    sxt_session_stats stats;
    sxt_plan_info plan;
    json_document *document = document_object();
    sxt_session_describe(job->session, &stats);
    sxt_session_plan(job->session, &plan);
    document_put(document, "text",
                 document_text(result->text.n_bytes > 0 ? result->text.bytes : "", result->text.n_bytes));
    document_put(document, "ids", document_integers(result->ids, result->n));
    document_put_text(document, "stopped_by", result->stopped_by);
    document_put_integer(document, "n_prompt", n_prompt);
    document_put_integer(document, "n_reused", stats.n_reused);
    document_put_integer(document, "n_read", stats.n_read);
    document_put_integer(document, "n_generated", result->n);
    document_put_text(document, "plan", plan.plan);
    document_put_text(document, "asked", plan.asked);
    document_put_text(document, "reason", plan.reason);
    document_put_integer(document, "limit", plan.limit);
    document_put_flag(document, "within_limit", plan.within_limit);
    document_put_bound(document, "remembers", plan.n_remembered);
    document_put_integer(document, "trained_window", job->info.n_ctx_train);
    document_put_integer(document, "n_ctx", job->n_ctx);
    document_put_real(document, "seconds", seconds);
    document_put_real(document, "read_seconds", stats.read_seconds);
    document_put_real(document, "read_per_second",
                      stats.read_seconds > 0 ? (double)stats.n_read / stats.read_seconds : 0);
    document_put_real(document, "generate_seconds", stats.generate_seconds);
    document_put_real(document, "generate_per_second",
                      stats.generate_seconds > 0 ? (double)stats.n_generated / stats.generate_seconds : 0);
    document_put_integer(document, "memory_bytes", (int64_t)stats.total_bytes);
    document_put_integer(document, "cache_bytes", (int64_t)stats.kv_bytes);
    document_print(document);
}

/* Reads the prompt and answers. After Ctrl-C what was read is still saved and told. */
static int answer(run_job *job, const token_list *tokens, int64_t n_generate) {
    const option_values *options = job->options;
    generation result = {.passing = !options->json};
    double started = clock_seconds();
    int code = read_prompt(job->session, tokens->ids, tokens->n, n_generate);
    progress_end(&job->line);
    bool was_stopped = code == EXIT_CODE_INTERRUPTED;
    int saved = EXIT_CODE_OK; /* a session that cannot be saved costs no answer, only the exit code */
    if (options->session != NULL && (code == EXIT_CODE_OK || was_stopped))
        saved = session_store_save(job->session, options->session);
    if (was_stopped) result.stopped_by = "interrupt";
    if (code == EXIT_CODE_OK) {
        text_output output = text_output_open();
        code = generate(job->model, job->session, n_generate, options->special, options->json ? NULL : &output,
                        &result);
        if (!text_output_close(&output) && code == EXIT_CODE_OK) code = EXIT_CODE_FAILURE;
        if (code == EXIT_CODE_OK && interrupted()) code = EXIT_CODE_INTERRUPTED;
    }
    if (code == EXIT_CODE_OK || code == EXIT_CODE_INTERRUPTED) {
        if (options->json) print_document(job, tokens->n, &result, clock_seconds() - started);
        run_job_summary(job, &result);
    }
    generation_free(&result);
    return code == EXIT_CODE_OK ? saved : code;
}

static int run_once(run_job *job) {
    token_list tokens = {0};
    int64_t n_generate;
    sxt_plan_info plan;
    int code = read_tokens(job, &tokens);
    if (code == EXIT_CODE_OK) code = room_for_answer(job->options, tokens.n, &n_generate);
    if (code == EXIT_CODE_OK) code = plan_announce_answer(job->model, job->plan, tokens.n, n_generate, &plan);
    if (code == EXIT_CODE_OK) code = run_job_open_session(job, tokens.n + n_generate);
    if (code == EXIT_CODE_OK) {
        interrupt_watch(job->session);
        code = answer(job, &tokens, n_generate);
        interrupt_release();
    }
    sxt_free(tokens.ids);
    return code;
}

static int check_options(const option_values *options) {
    bool has_prompt = options->file != NULL || options->prompt != NULL;
    if (!has_prompt && !options->interactive)
        return message_error(EXIT_CODE_USAGE, "no prompt: give -p TEXT, -f FILE or both, or -i to chat");
    if (options->interactive && options->json)
        return message_error(EXIT_CODE_USAGE, "--json and -i do not go together; leave one out");
    if (options->special && (options->chat || options->interactive))
        return message_error(EXIT_CODE_USAGE,
                             "--special is for plain prompts; in a chat a message is always text");
    if (options->system != NULL && !options->chat && !options->interactive)
        return message_error(EXIT_CODE_USAGE, "--system needs --chat or -i");
    if (options->chat_template != NULL && !options->chat && !options->interactive)
        return message_error(EXIT_CODE_USAGE, "--chat-template needs --chat or -i");
    return EXIT_CODE_OK;
}

int command_run(const option_values *options) {
    run_job job = {.options = options, .plan = options->n_plans > 0 ? options->plans[0] : "auto"};
    int code = check_options(options);
    if (code == EXIT_CODE_OK) code = model_open(options->model, false, &job.model);
    if (code != EXIT_CODE_OK) return code;
    sxt_model_describe(job.model, &job.info);
    code = preset_check(options, job.model);
    if (code == EXIT_CODE_OK) code = options->interactive ? chat_loop(&job) : run_once(&job);
    sxt_session_free(job.session);
    sxt_model_close(job.model);
    return code;
}
