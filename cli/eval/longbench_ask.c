#include "eval/longbench_ask.h"

#include "exit_code.h"
#include "generation.h"
#include "interrupt.h"
#include "message.h"
#include "model_session.h"

#include <stdlib.h>
#include <string.h>

int longbench_asker_open(const option_values *options, const sxt_model *model, const char *plan,
                         longbench_asker *asker) {
    sxt_model_info info;
    sxt_error error;
    sxt_model_describe(model, &info);
    bool has_template = info.chat_template[0] != '\0' && strcmp(info.chat_template, "unknown") != 0;
    *asker = (longbench_asker){.options = options, .plan = plan};
    asker->asking = (longbench_asking){model, has_template, options->no_bos};
    if (sxt_plan_resolve(model, plan, info.n_ctx_train, &(sxt_plan_info){0}, &error) != SXT_OK)
        return message_library_error(&error);
    if (plan_reach(model, plan, &asker->most, NULL, &error) != SXT_OK) return message_library_error(&error);
    return longbench_template_tokens(&asker->asking, &asker->n_template);
}

void longbench_asker_close(longbench_asker *asker) {
    interrupt_watch(NULL);
    sxt_session_free(asker->session);
    asker->session = NULL;
}

/* The longest prompt before the template is put around it; 0: any. The answer must fit behind it, but takes no
 * more than half. */
static int64_t longest_prompt(const longbench_asker *asker, const task_file *file) {
    if (file->task->suite == SUITE_LINES) return 0; /* a cut would take the line away that is asked for */
    if (asker->options->max_tokens > 0) return asker->options->max_tokens;
    int64_t most =
        asker->options->ctx > 0 && asker->options->ctx < asker->most ? asker->options->ctx : asker->most;
    if (most > SXT_MOST_CTX) return 0;
    int64_t left = most - file->n_answer - (file->task->is_bare ? 0 : asker->n_template);
    if (left < most / 2) left = most / 2;
    return left > 2 ? left : 2;
}

/* Grows the session where it must. */
static int make_room(longbench_asker *asker, int64_t n_ctx) {
    if (asker->session != NULL && asker->n_ctx >= n_ctx) return EXIT_CODE_OK;
    longbench_asker_close(asker);
    sxt_session_params params = session_params(asker->options, asker->plan, n_ctx);
    params.reread = true; /* of another plan nothing may be left */
    int code = session_open(asker->asking.model, &params, NULL, &asker->session);
    asker->n_ctx = params.n_ctx;
    interrupt_watch(asker->session);
    return code;
}

/* ---- Answers of one line --------------------------------------------------------------------------------- */

static int newline_token(const sxt_model *model, int32_t *id) {
    int32_t *ids;
    int64_t n;
    sxt_error error;
    if (sxt_tokenize(model, "\n", 1, 0, &ids, &n, &error) != SXT_OK) return message_library_error(&error);
    *id = n > 0 ? ids[n - 1] : -1;
    sxt_free(ids);
    return EXIT_CODE_OK;
}

/* The likeliest token that neither ends the answer nor the line. */
static int32_t likeliest(const sxt_model *model, const float *logits, int32_t n_vocab, int32_t newline) {
    int32_t best = -1;
    for (int32_t id = 0; id < n_vocab; id++)
        if ((best < 0 || logits[id] > logits[best]) && id != newline && !sxt_token_ends(model, id)) best = id;
    return best;
}

/* Puts the first token of the answer behind the prompt. */
static int force_first(longbench_asker *asker, token_list *tokens, int32_t newline, int64_t n_answer,
                       generation *answer) {
    const sxt_model *model = asker->asking.model;
    sxt_model_info info;
    sxt_error error;
    const float *logits;
    sxt_model_describe(model, &info);
    sxt_status status = sxt_session_logits(asker->session, &logits, &error);
    if (status == SXT_E_CANCELLED) return EXIT_CODE_INTERRUPTED;
    if (status != SXT_OK) return message_library_error(&error);
    int32_t *longer = must_allocate((size_t)(tokens->n + 1) * sizeof *longer);
    memcpy(longer, tokens->ids, (size_t)tokens->n * sizeof *longer);
    longer[tokens->n] = likeliest(model, logits, info.n_vocab, newline);
    answer->capacity = n_answer + 1;
    answer->ids = must_allocate((size_t)answer->capacity * sizeof *answer->ids);
    answer->ids[answer->n++] = longer[tokens->n];
    int code = read_prompt(asker->session, longer, tokens->n + 1, n_answer - 1);
    free(longer);
    return code;
}

/* As the published program does it for dialogues, which models go on writing: at least one token, and no line
 * feed in the answer. */
static int generate_line(longbench_asker *asker, token_list *tokens, int64_t n_answer, generation *answer) {
    int32_t newline = -1;
    int code = newline_token(asker->asking.model, &newline);
    if (code == EXIT_CODE_OK) code = force_first(asker, tokens, newline, n_answer, answer);
    while (code == EXIT_CODE_OK && answer->n < n_answer) {
        int64_t n_before = answer->n;
        code = generate(asker->asking.model, asker->session, n_before + 1, false, NULL, answer);
        if (code != EXIT_CODE_OK || answer->n == n_before) break;
        if (answer->ids[n_before] == newline) {
            answer->n = n_before;
            break;
        }
    }
    return code;
}

/* ---- One question ---------------------------------------------------------------------------------------- */

/* The text of the answer, as a text of its own and valid UTF-8. */
static int add_text(const sxt_model *model, const generation *answer, text_made *text) {
    char *bytes = NULL;
    size_t n_bytes = 0;
    sxt_error error;
    if (answer->n > 0 && sxt_detokenize(model, answer->ids, answer->n, 0, &bytes, &n_bytes, &error) != SXT_OK)
        return message_library_error(&error);
    text_made_add_repaired(text, (text_span){bytes, n_bytes});
    sxt_free(bytes);
    return text->failed ? message_error(EXIT_CODE_FAILURE, "not enough memory for an answer") : EXIT_CODE_OK;
}

static int answer_tokens(longbench_asker *asker, const task_file *file, token_list *tokens, text_made *text) {
    generation answer = {0};
    int code = make_room(asker, tokens->n + file->n_answer);
    if (code == EXIT_CODE_OK) code = read_prompt(asker->session, tokens->ids, tokens->n, file->n_answer);
    if (code == EXIT_CODE_OK)
        code = file->task->stops_at_line
                   ? generate_line(asker, tokens, file->n_answer, &answer)
                   : generate(asker->asking.model, asker->session, file->n_answer, false, NULL, &answer);
    if (code == EXIT_CODE_OK && interrupted()) code = EXIT_CODE_INTERRUPTED;
    if (code == EXIT_CODE_OK) code = add_text(asker->asking.model, &answer, text);
    generation_free(&answer);
    return code;
}

/* L-Eval's second question: "... [fact: True]" is added to the answer. */
static int add_world(longbench_asker *asker, const task_file *file, const longbench_item *item,
                     text_made *text) {
    token_list tokens = {0};
    int code = longbench_world_tokens(&asker->asking, item, &tokens);
    text_made_add(text, text_span_of(" [fact: "));
    if (code == EXIT_CODE_OK) code = answer_tokens(asker, file, &tokens, text);
    text_made_add(text, text_span_of("]"));
    sxt_free(tokens.ids);
    return code;
}

int longbench_ask(longbench_asker *asker, const task_file *file, const longbench_item *item,
                  longbench_answer *answer) {
    token_list tokens = {0};
    text_made text = {0};
    sxt_plan_info plan = {0};
    bool is_cut;
    int code =
        longbench_prompt_tokens(&asker->asking, file, item, longest_prompt(asker, file), &tokens, &is_cut);
    if (code == EXIT_CODE_OK) code = answer_tokens(asker, file, &tokens, &text);
    if (code == EXIT_CODE_OK) sxt_session_plan(asker->session, &plan);
    if (code == EXIT_CODE_OK && file->task->kind == METRIC_VERDICTS) code = add_world(asker, file, item, &text);
    if (code == EXIT_CODE_OK) {
        *answer = (longbench_answer){.text = must_allocate(text.n + 1),
                                     .n_bytes = text.n,
                                     .n_tokens = tokens.n,
                                     .is_cut = is_cut,
                                     .within_limit = plan.within_limit,
                                     .is_there = true};
        if (text.n > 0) memcpy(answer->text, text.bytes, text.n);
    }
    text_made_free(&text);
    sxt_free(tokens.ids);
    return code;
}
