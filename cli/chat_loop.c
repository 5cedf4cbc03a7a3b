/* run -i: a conversation. Each turn hands the session the whole of it; what it already holds is reused. */
#include "exit_code.h"
#include "interrupt.h"
#include "line_editor.h"
#include "message.h"
#include "nearest.h"
#include "prompt.h"
#include "run_job.h"
#include "session_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ANSWER_TOKENS = 1024, WINDOWS = 8, MOST_CONTEXT = 32768, LEAST_CONTEXT = 512 };

typedef struct turn {
    const char *role;
    text_buffer text;
} turn;

typedef struct conversation {
    turn *turns;
    int64_t n;
    bool warned, saved;
    generation last;
} conversation;

static void add_turn(conversation *talk, const char *role, const char *bytes, size_t n_bytes) {
    talk->turns = must_reallocate(talk->turns, (size_t)(talk->n + 1) * sizeof *talk->turns);
    talk->turns[talk->n] = (turn){role, {0}};
    text_buffer_add(&talk->turns[talk->n].text, bytes, n_bytes);
    talk->n++;
}

/* Forgets the turns from index n on. */
static void drop_turns(conversation *talk, int64_t n) {
    while (talk->n > n) text_buffer_free(&talk->turns[--talk->n].text);
}

static int64_t n_kept_turns(const run_job *job) { return job->options->system != NULL ? 1 : 0; }

static int render(const run_job *job, const conversation *talk, token_list *tokens) {
    sxt_message *messages = must_allocate((size_t)talk->n * sizeof *messages);
    sxt_error error;
    for (int64_t i = 0; i < talk->n; i++)
        messages[i] =
            (sxt_message){talk->turns[i].role, talk->turns[i].text.bytes, talk->turns[i].text.n_bytes};
    sxt_status status = sxt_chat_tokens(job->model, job->options->chat_template, messages, talk->n, true,
                                        &tokens->ids, &tokens->n, &error);
    free(messages);
    return status == SXT_OK ? EXIT_CODE_OK : message_library_error(&error);
}

/* Eight trained windows, as far as half of the free memory goes; no end where the text costs nothing. */
static int64_t choose_context(const run_job *job) {
    int64_t trained = job->info.n_ctx_train, most = trained > MOST_CONTEXT ? trained : MOST_CONTEXT;
    int64_t n_ctx = trained < most / WINDOWS ? trained * WINDOWS : most;
    sxt_session_params params = session_params(job->options, job->plan, n_ctx);
    if (job->options->ctx > 0) return job->options->ctx;
    if (plan_forgets(job->model, &params)) return SXT_MOST_CTX;
    for (; params.n_ctx > LEAST_CONTEXT; params.n_ctx /= 2) {
        sxt_memory_plan memory;
        if (sxt_memory_needed(job->model, &params, &memory, NULL) != SXT_OK) break;
        uint64_t ours = memory.kv_bytes + memory.scratch_bytes;
        if (memory.available_bytes == 0 || ours <= memory.available_bytes / 2) break;
    }
    return params.n_ctx;
}

static int64_t room_for_answer(const run_job *job, int64_t n_tokens) {
    const option_values *options = job->options;
    int64_t wanted = options_given(options, "predict") ? options->n_generate : ANSWER_TOKENS;
    int64_t room = job->n_ctx - n_tokens;
    return wanted < room ? wanted : room;
}

static void warn_once(const run_job *job, conversation *talk) {
    sxt_plan_info plan;
    sxt_session_plan(job->session, &plan);
    if (talk->warned || plan.within_limit) return;
    talk->warned = true;
    message_warning("plan %s: %s", plan.plan, plan.advice);
}

/* Answers what the conversation ends with. An interrupted answer stays as far as it came; an interrupted
 * reading takes the question back. */
static int answer(run_job *job, conversation *talk, const token_list *tokens) {
    int64_t n_generate = room_for_answer(job, tokens->n);
    generation_free(&talk->last);
    job->line = progress_start("reading", "tokens");
    interrupt_watch(job->session);
    int code = read_prompt(job->session, tokens->ids, tokens->n, n_generate);
    progress_end(&job->line);
    if (code == EXIT_CODE_OK && job->options->session != NULL && !talk->saved)
        code = session_store_save(job->session, job->options->session);
    talk->saved = true;
    warn_once(job, talk);
    if (code == EXIT_CODE_OK) {
        text_output output = text_output_open();
        code = generate(job->model, job->session, n_generate, false, &output, &talk->last);
        bool delivered = text_output_close(&output);
        if (delivered && !output.is_terminal) delivered = fputc('\n', stdout) != EOF && fflush(stdout) == 0;
        if (!delivered && code == EXIT_CODE_OK) code = EXIT_CODE_FAILURE;
    }
    interrupt_watch(NULL);
    interrupt_forget();
    return code;
}

/* Says `text` to the model. 0 means that the conversation may go on. */
static int say(run_job *job, conversation *talk, const char *text, size_t n_bytes) {
    token_list tokens = {0};
    add_turn(talk, "user", text, n_bytes);
    int code = render(job, talk, &tokens);
    if (code == EXIT_CODE_OK && tokens.n >= job->n_ctx) {
        message_error(
            EXIT_CODE_OK,
            "the conversation would have %lld tokens and the context holds %lld; /reset forgets it, a "
            "larger -c lets it grow",
            (long long)tokens.n, (long long)job->n_ctx);
        drop_turns(talk, talk->n - 1);
    } else if (code == EXIT_CODE_OK) {
        code = answer(job, talk, &tokens);
        const text_buffer *said = &talk->last.text;
        if (code == EXIT_CODE_OK)
            add_turn(talk, "assistant", said->n_bytes > 0 ? said->bytes : "", said->n_bytes);
        if (code == EXIT_CODE_INTERRUPTED) {
            message_note("stopped; the message was taken back");
            drop_turns(talk, talk->n - 1);
            code = EXIT_CODE_OK;
        }
    }
    sxt_free(tokens.ids);
    return code;
}

/* One message: lines joined where a line ends with a backslash. False at the end of the input. */
static bool read_message(line_editor *editor, text_buffer *message) {
    const char *prompt = "> ";
    for (;;) {
        char *line = line_editor_read(editor, prompt);
        if (line == NULL) return message->n_bytes > 0;
        size_t length = strlen(line);
        bool goes_on = length > 0 && line[length - 1] == '\\';
        text_buffer_add(message, line, goes_on ? length - 1 : length);
        free(line);
        if (!goes_on) return true;
        text_buffer_add(message, "\n", 1);
        prompt = ". ";
    }
}

typedef enum typed { TYPED_MESSAGE, TYPED_COMMAND, TYPED_QUIT } typed;

static typed obey(const run_job *job, conversation *talk, const char *line) {
    static const char *const names[] = {"/help", "/reset", "/quit"};
    if (line[0] != '/') return TYPED_MESSAGE;
    if (strcmp(line, "/quit") == 0) return TYPED_QUIT;
    if (strcmp(line, "/reset") == 0) {
        drop_turns(talk, n_kept_turns(job));
        message_note("the conversation is forgotten");
    } else if (strcmp(line, "/help") == 0) {
        message_line("/reset forgets the conversation, /quit or Ctrl-D ends, Ctrl-C stops an answer");
        message_line("a backslash at the end of a line continues the message on the next");
    } else {
        nearest search = nearest_to(line);
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) nearest_offer(&search, names[i]);
        message_line("no command %s; %s%s", line, search.best != NULL ? "did you mean " : "type /help",
                     search.best != NULL ? search.best : "");
    }
    return TYPED_COMMAND;
}

/* `opening` is what -f and -p gave: with -p it is the first message, else it stands before it. */
static int talk_on(run_job *job, conversation *talk, text_buffer *opening) {
    line_editor *editor = line_editor_open();
    int code = EXIT_CODE_OK;
    if (job->options->prompt != NULL) {
        code = say(job, talk, opening->bytes, opening->n_bytes);
        text_buffer_free(opening);
    }
    while (code == EXIT_CODE_OK) {
        text_buffer message = {0};
        text_buffer_add(&message, "", 0);
        bool typed_any = read_message(editor, &message);
        typed kind = typed_any ? obey(job, talk, message.bytes) : TYPED_QUIT;
        if (kind == TYPED_MESSAGE && message.n_bytes > 0) {
            text_buffer full = *opening;
            *opening = (text_buffer){0};
            if (full.n_bytes > 0) text_buffer_add(&full, "\n\n", 2);
            text_buffer_add(&full, message.bytes, message.n_bytes);
            code = say(job, talk, full.bytes, full.n_bytes);
            text_buffer_free(&full);
        }
        text_buffer_free(&message);
        if (kind == TYPED_QUIT) break;
    }
    line_editor_close(editor);
    return code;
}

static int open_conversation(run_job *job, conversation *talk) {
    token_list tokens = {0};
    if (job->options->system != NULL)
        add_turn(talk, "system", job->options->system, strlen(job->options->system));
    /* A template that is missing is told before the first message is typed. */
    add_turn(talk, "user", "?", 1);
    int code = render(job, talk, &tokens);
    sxt_free(tokens.ids);
    drop_turns(talk, talk->n - 1);
    if (code == EXIT_CODE_OK) code = run_job_open_session(job, choose_context(job));
    return code;
}

static void tell_context(const run_job *job) {
    sxt_session_stats stats;
    sxt_plan_info plan;
    text_buffer line = {0};
    sxt_session_describe(job->session, &stats);
    sxt_session_plan(job->session, &plan);
    if (job->n_ctx == SXT_MOST_CTX && plan.n_remembered < INT64_MAX)
        text_buffer_print(&line, "context without end, of which %lld tokens are remembered",
                          (long long)plan.n_remembered);
    else
        text_buffer_print(&line, "context of %lld tokens", (long long)job->n_ctx);
    message_note("%s, cache %.1f MiB (the trained window is %lld); /help lists the commands", line.bytes,
                 (double)stats.kv_bytes / 1048576, (long long)job->info.n_ctx_train);
    text_buffer_free(&line);
}

int chat_loop(run_job *job) {
    conversation talk = {0};
    text_buffer opening = {0};
    int code = prompt_text(job->options, &opening);
    if (code == EXIT_CODE_OK) code = open_conversation(job, &talk);
    if (code == EXIT_CODE_OK) {
        tell_context(job);
        interrupt_watch(NULL);
        code = talk_on(job, &talk, &opening);
        interrupt_release();
        if (code == EXIT_CODE_OK && talk.last.stopped_by != NULL) run_job_summary(job, &talk.last);
    }
    generation_free(&talk.last);
    drop_turns(&talk, 0);
    free(talk.turns);
    text_buffer_free(&opening);
    return code;
}
