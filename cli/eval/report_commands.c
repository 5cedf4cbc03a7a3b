/* What to type to measure again what a page shows. */
#include "model_session.h"
#include "report_page.h"
#include "shell_words.h"

#include <string.h>

/* Long commands go on on the next line, as they do in a shell. */
static void add_option(text_buffer *command, const char *name, const char *value) {
    enum { WIDTH = 100 };
    if (value == NULL) return;
    text_buffer words = {0};
    const char *line = command->n_bytes > 0 ? strrchr(command->bytes, '\n') : NULL;
    size_t n_line = line != NULL ? strlen(line) : command->n_bytes;
    shell_words_add(&words, name);
    shell_words_add(&words, value);
    text_buffer_print(command, "%s%s", n_line + words.n_bytes > WIDTH ? " \\\n    " : " ", words.bytes);
    text_buffer_free(&words);
}

static void add_integer(text_buffer *line, const char *name, int64_t value) {
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)value);
    add_option(line, name, text);
}

static void add_lengths(text_buffer *line, const report_job *job) {
    text_buffer list = {0};
    for (int64_t l = 0; l < job->n_lengths; l++)
        text_buffer_print(&list, "%s%lld", l > 0 ? "," : "", (long long)job->options->lengths.values[l]);
    add_option(line, "--lengths", list.bytes);
    text_buffer_free(&list);
}

static void add_reals(text_buffer *line, const char *name, const real_list *values) {
    text_buffer list = {0};
    for (int64_t i = 0; i < values->n; i++)
        text_buffer_print(&list, "%s%.10g", i > 0 ? "," : "", values->values[i]);
    add_option(line, name, list.bytes);
    text_buffer_free(&list);
}

static void add_plans(text_buffer *line, const report_job *job, bool with_none) {
    for (int p = 0; p < job->n_plans; p++)
        if (with_none || strcmp(plan_at(job->options, p), "none") != 0)
            add_option(line, "--extend", plan_at(job->options, p));
}

/* How the cache is stored and numbers are multiplied, where that is not usual. */
static void add_arithmetic(text_buffer *line, const report_job *job) {
    if (strcmp(job->options->kv, "f16") != 0) add_option(line, "--kv", job->options->kv);
    if (strcmp(job->options->precision, "fast") != 0) add_option(line, "--precision", job->options->precision);
}

static void add_seed(text_buffer *line, const report_job *job) {
    char text[32];
    snprintf(text, sizeof text, "%llu", (unsigned long long)job->options->seed);
    if (job->options->seed != 0) add_option(line, "--seed", text);
}

static void add_made_keys(text_buffer *line, const report_job *job, bool with_filler) {
    const option_values *options = job->options;
    add_reals(line, "--depths", &options->depths);
    add_integer(line, "--trials", options->trials);
    add_seed(line, job);
    const char *filler = options->filler != NULL ? options->filler : with_filler ? options->file : NULL;
    add_option(line, "--filler", filler);
}

static void add_chat(text_buffer *line, const option_values *options) {
    if (options->chat) shell_words_add(line, "--chat");
    if (options->chat) add_option(line, "--chat-template", options->chat_template);
}

static void add_needles(text_buffer *line, const report_job *job) {
    const option_values *options = job->options;
    add_lengths(line, job);
    add_option(line, "--task", options->task);
    add_reals(line, "--depths", &options->needle_depths);
    add_integer(line, "--trials", options->needle_trials);
    add_option(line, "--haystack", options->file);
    add_chat(line, options);
    add_seed(line, job);
    add_plans(line, job, true);
}

static void add_all(text_buffer *line, const report_job *job) {
    add_option(line, "-f", job->options->file);
    add_lengths(line, job);
    add_integer(line, "--windows", job->n_windows);
    if (job->options->prompts != NULL)
        add_option(line, "--keys", job->options->prompts);
    else
        add_made_keys(line, job, false);
    if (job->options->prompts != NULL) add_seed(line, job); /* of the needles */
    add_option(line, "--task", job->options->task);
    if (job->needles.options != NULL) {
        add_reals(line, "--needle-depths", &job->options->needle_depths);
        add_integer(line, "--needle-trials", job->options->needle_trials);
        add_chat(line, job->options);
    }
    add_plans(line, job, true);
}

static void add_keys(text_buffer *line, const report_job *job) {
    if (job->options->prompts != NULL) {
        add_option(line, "--file", job->options->prompts);
    } else {
        add_lengths(line, job);
        add_made_keys(line, job, true);
    }
    add_plans(line, job, true);
}

static void add_perplexity(text_buffer *line, const report_job *job, bool is_short) {
    add_option(line, "-f", job->options->file);
    if (!is_short) add_lengths(line, job);
    add_integer(line, "--windows", job->n_windows);
    add_plans(line, job, !is_short);
}

static void add_speed(text_buffer *line, const report_job *job) {
    add_integer(line, "-p", number_greatest(&job->options->lengths));
    add_integer(line, "-n", 16);
    add_option(line, "--depths", "0");
    add_plans(line, job, true);
}

void report_write_command(html_page *page, const report_job *job, report_command which) {
    static const char *const names[] = {"report",  "info",   "methods", "perplexity",
                                        "passkey", "needle", "short",   "bench"};
    text_buffer line = {0};
    shell_words_add(&line, "sextant");
    shell_words_add(&line, names[which]);
    add_option(&line, "-m", job->options->model);
    if (which == REPORT_COMMAND_ALL) add_all(&line, job);
    if (which == REPORT_COMMAND_PERPLEXITY) add_perplexity(&line, job, false);
    if (which == REPORT_COMMAND_KEYS) add_keys(&line, job);
    if (which == REPORT_COMMAND_NEEDLES) add_needles(&line, job);
    if (which == REPORT_COMMAND_SHORT) add_perplexity(&line, job, true);
    if (which == REPORT_COMMAND_SPEED) add_speed(&line, job);
    bool runs = which != REPORT_COMMAND_MODEL && which != REPORT_COMMAND_PLANS;
    if (runs) add_arithmetic(&line, job);
    if (runs && which != REPORT_COMMAND_SPEED && job->options->no_bos) shell_words_add(&line, "--no-bos");
    if (which == REPORT_COMMAND_ALL) add_option(&line, "-o", job->options->output);
    html_command(page, line.bytes);
    text_buffer_free(&line);
}
