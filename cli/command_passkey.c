#include "command.h"

#include "exit_code.h"
#include "interrupt.h"
#include "json_document.h"
#include "kept_trial.h"
#include "message.h"
#include "model_session.h"
#include "passkey_picture.h"
#include "preset.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N_DEPTHS = 11, MAX_STYLES = 16 };

typedef struct passkey_job {
    const option_values *options;
    const sxt_model *model;
    passkey_items items;
    int64_t n_ctx; /* of the session: for the longest prompt of a length and its answer */
    result_store *store;
    json_document *rows;
    passkey_picture *picture;
    progress line;
    int64_t n_done, n_total; /* prompts, for the progress */
} passkey_job;

/* A share of right answers, labelled. */
typedef struct share {
    const char *label;
    int64_t n, n_right;
} share;

static double accuracy(const share *s) { return s->n > 0 ? (double)s->n_right / (double)s->n : 0; }

static void add_share(share *s, bool right) {
    s->n++;
    s->n_right += right;
}

/* One row: the items of one length under one plan. */
typedef struct passkey_row {
    int64_t length;
    share all, by_depth[N_DEPTHS], by_style[MAX_STYLES];
    int n_styles;
    char plan[256];
    bool is_auto; /* the plan is auto's choice */
    bool within_limit;
} passkey_row;

static void add_style(passkey_row *row, const char *style, bool right) {
    int k = 0;
    while (k < row->n_styles && strcmp(row->by_style[k].label, style) != 0) k++;
    if (k == MAX_STYLES) return;
    if (k == row->n_styles) row->by_style[row->n_styles++] = (share){style, 0, 0};
    add_share(&row->by_style[k], right);
}

/* Items of one length may differ by some tokens, and `auto` may choose differently for them. */
static void add_plan(passkey_row *row, const char *asked, const kept_passkey *key) {
    if (row->all.n == 0) {
        snprintf(row->plan, sizeof row->plan, "%s", key->plan);
        row->within_limit = true;
        row->is_auto = strcmp(asked, "auto") == 0;
    }
    if (strcmp(row->plan, key->plan) != 0) snprintf(row->plan, sizeof row->plan, "%s", asked);
    row->within_limit = row->within_limit && key->within_limit;
}

static void add_item(passkey_row *row, const passkey_item *item, const char *asked, const kept_passkey *key) {
    add_plan(row, asked, key);
    add_share(&row->all, key->right);
    if (item->depth >= 0) add_share(&row->by_depth[(int)floor(item->depth * 10 + 0.5)], key->right);
    if (item->style != NULL) add_style(row, item->style, key->right);
}

static void put_row(json_document *rows, const passkey_row *row) {
    json_document *document = document_object(), *depths = document_object();
    document_put_integer(document, "length", row->length);
    document_put_text(document, "plan", row->plan);
    document_put_integer(document, "trials", row->all.n);
    document_put_real(document, "accuracy", accuracy(&row->all));
    for (int i = 0; i < N_DEPTHS; i++) {
        char depth[8];
        snprintf(depth, sizeof depth, "%d.%d", i / 10, i % 10);
        if (row->by_depth[i].n > 0) document_put_real(depths, depth, accuracy(&row->by_depth[i]));
    }
    document_put(document, "by_depth", depths);
    if (row->n_styles > 0) {
        json_document *styles = document_object();
        for (int i = 0; i < row->n_styles; i++)
            document_put_real(styles, row->by_style[i].label, accuracy(&row->by_style[i]));
        document_put(document, "by_style", styles);
    }
    document_put_flag(document, "within_limit", row->within_limit);
    if (row->is_auto) document_put_text(document, "asked", "auto");
    document_append(rows, document);
}

static void print_header(void) {
    printf("%8s  %-40s %6s %8s  %-12s  %s\n", "length", "plan", "trials", "accuracy", "within_limit",
           "by depth, style");
}

static void print_table_row(const passkey_row *row) {
    text_buffer line = {0};
    char name[280];
    snprintf(name, sizeof name, "%s%s", row->plan,
             row->is_auto && strcmp(row->plan, "auto") != 0 ? " (auto)" : "");
    text_buffer_print(&line, "%8lld  %-40s %6lld %8.3f  %-12s ", (long long)row->length, name,
                      (long long)row->all.n, accuracy(&row->all), row->within_limit ? "yes" : "no");
    for (int i = 0; i < N_DEPTHS; i++)
        if (row->by_depth[i].n > 0)
            text_buffer_print(&line, " %d.%d:%.2f", i / 10, i % 10, accuracy(&row->by_depth[i]));
    for (int i = 0; i < row->n_styles; i++) {
        text_buffer_print(&line, "  ");
        text_buffer_add_visible(&line, row->by_style[i].label, strlen(row->by_style[i].label), VISIBLE_ONE_LINE,
                                true);
        text_buffer_print(&line, ":%.2f", accuracy(&row->by_style[i]));
    }
    printf("%s\n", line.bytes);
    fflush(stdout);
    text_buffer_free(&line);
}

/* A session is kept between the prompts of a fixed plan, which share a beginning; `auto` must choose for
 * each prompt as if it were the first. */
static int ready_session(const passkey_job *job, const char *plan, sxt_session **session) {
    if (*session != NULL && strcmp(plan, "auto") != 0) return EXIT_CODE_OK;
    sxt_session_params params = session_params(job->options, plan, job->n_ctx);
    interrupt_watch(NULL);
    sxt_session_free(*session);
    *session = NULL;
    int code = session_open(job->model, &params, NULL, session);
    interrupt_watch(*session);
    return code;
}

static int ask(passkey_job *job, const char *plan, int64_t i, sxt_session **session, kept_passkey *key) {
    const passkey_item *item = &job->items.list[i];
    sxt_plan_info ran;
    bool right = false;
    int code = ready_session(job, plan, session);
    if (code == EXIT_CODE_OK) code = passkey_ask(job->model, *session, item, &right);
    if (code != EXIT_CODE_OK) return code;
    sxt_session_plan(*session, &ran);
    code = kept_passkey_put(job->store, plan, item, i, right, &ran, key);
    progress_report(&job->line, ++job->n_done, job->n_total);
    return code;
}

static void tell_row(passkey_job *job, const passkey_row *row) {
    if (!job->options->json && document_count(job->rows) == 0) print_header();
    if (!job->options->json) print_table_row(row);
    put_row(job->rows, row);
}

/* The context that the prompts of a length (0: all) and their answers need; how many they are. */
static int64_t longest_of(const passkey_items *items, int64_t length, int64_t *n_prompts) {
    int64_t longest = 0;
    *n_prompts = 0;
    for (int64_t i = 0; i < items->n; i++) {
        int64_t n = items->list[i].tokens.n + passkey_answer_tokens(&items->list[i]);
        if (length != 0 && items->list[i].length != length) continue;
        *n_prompts += 1;
        if (n > longest) longest = n;
    }
    return longest;
}

static int measure_length(passkey_job *job, int i_plan, int64_t length) {
    const char *plan = plan_at(job->options, i_plan);
    passkey_row row = {.length = length};
    sxt_session *session = NULL;
    bool fits = false;
    int64_t n_prompts;
    job->n_ctx = longest_of(&job->items, length, &n_prompts);
    int code = session_fits_length(job->options, job->model, plan, job->n_ctx, &fits);
    if (code == EXIT_CODE_OK && !fits) {
        session_note_not_run(plan, length);
        job->n_total -= n_prompts;
    }
    if (code != EXIT_CODE_OK || !fits) return code;
    for (int64_t i = 0; i < job->items.n && code == EXIT_CODE_OK; i++) {
        const passkey_item *item = &job->items.list[i];
        kept_passkey key = {0};
        if (item->length != length) continue;
        code = kept_passkey_load(job->store, plan, item, i, &key);
        job->n_total -= key.is_done;
        if (!key.is_done && code == EXIT_CODE_OK) code = ask(job, plan, i, &session, &key);
        if (code != EXIT_CODE_OK) break;
        add_item(&row, item, plan, &key);
        passkey_picture_add(job->picture, i_plan, item, key.right, key.within_limit);
    }
    interrupt_watch(NULL);
    sxt_session_free(session);
    progress_end(&job->line);
    if (code == EXIT_CODE_OK) tell_row(job, &row);
    return code;
}

/* The smallest length above `after`; 0 when there is none. */
static int64_t next_length(const passkey_items *items, int64_t after) {
    int64_t next = 0;
    for (int64_t i = 0; i < items->n; i++) {
        int64_t length = items->list[i].length;
        if (length > after && (next == 0 || length < next)) next = length;
    }
    return next;
}

static int check(passkey_job *job) {
    const option_values *options = job->options;
    sxt_plan_info plan;
    int64_t n_prompts;
    const int64_t longest = longest_of(&job->items, 0, &n_prompts);
    if (options->ctx > 0 && options->ctx < longest)
        return message_error(
            EXIT_CODE_USAGE,
            "the longest prompt and its answer have %lld tokens and -c is %lld; give -c %lld or leave "
            "it out",
            (long long)longest, (long long)options->ctx, (long long)longest);
    for (int i = 0; i < plan_count(options); i++) {
        int code = plan_announce(job->model, plan_at(options, i), longest, &plan);
        if (code != EXIT_CODE_OK) return code;
    }
    return EXIT_CODE_OK;
}

static int open_store(passkey_job *job) {
    kept_facts facts;
    kept_facts_of_keys(&job->items, &facts);
    const result_fact list[] = {{"key prompts", facts.prompts}};
    return output_folder_open(job->options, job->model, "passkey", list, 1, &job->store);
}

static int measure_all(passkey_job *job) {
    const option_values *options = job->options;
    int code = EXIT_CODE_OK;
    job->n_total = job->items.n * plan_count(options);
    job->rows = document_array();
    interrupt_watch(NULL);
    for (int64_t length = next_length(&job->items, 0); length > 0 && code == EXIT_CODE_OK;
         length = next_length(&job->items, length))
        for (int i = 0; i < plan_count(options) && code == EXIT_CODE_OK; i++)
            code = measure_length(job, i, length);
    interrupt_release();
    return code;
}

/* After Ctrl-C too: of what was asked until then. */
static int run(passkey_job *job) {
    int code = measure_all(job), told = EXIT_CODE_OK;
    bool kept = code == EXIT_CODE_OK || code == EXIT_CODE_INTERRUPTED;
    if (kept) told = output_folder_write_document(job->options, "passkey.json", job->rows);
    if (kept && told == EXIT_CODE_OK) told = passkey_picture_save(job->picture, job->options, job->model);
    if (code == EXIT_CODE_INTERRUPTED) output_folder_note_stop(job->options);
    if (kept && job->options->json)
        document_print(job->rows);
    else
        document_free(job->rows);
    return code == EXIT_CODE_OK ? told : code;
}

/* A length that no plan has the memory for gets no prompts: they alone might not fit. */
static int make_items(passkey_job *job) {
    const option_values *options = job->options;
    int64_t longest = 0;
    int code = EXIT_CODE_OK;
    for (int64_t l = 0; l < options->lengths.n && code == EXIT_CODE_OK; l++) {
        const int64_t length = options->lengths.values[l];
        bool fits = length <= longest;
        for (int i = 0; i < plan_count(options) && !fits && code == EXIT_CODE_OK; i++)
            code = session_fits_length(options, job->model, plan_at(options, i), length, &fits);
        if (fits && length > longest) longest = length;
        if (!fits && code == EXIT_CODE_OK) session_note_not_run(NULL, length);
    }
    if (code == EXIT_CODE_OK && longest == 0)
        return message_error(EXIT_CODE_FAILURE, "none of --lengths can be run; give shorter ones");
    return code == EXIT_CODE_OK ? passkey_items_make(options, job->model, longest, &job->items) : code;
}

int command_passkey(const option_values *options) {
    bool made = options->lengths.n > 0;
    if (made == (options->file != NULL))
        return message_error(EXIT_CODE_USAGE, "passkey needs one of --file X.jsonl and --lengths N,N,...");
    passkey_job job = {.options = options};
    sxt_model *model = NULL;
    int code = passkey_picture_check(options);
    if (code == EXIT_CODE_OK) code = model_open(options->model, false, &model);
    if (code != EXIT_CODE_OK) return code;
    job.model = model;
    code = preset_check(options, model);
    code = made ? make_items(&job) : passkey_items_read("--file", options->file, options, model, &job.items);
    job.line = progress_start("asking", "prompts");
    job.picture = passkey_picture_begin(options, &job.items, &code);
    if (code == EXIT_CODE_OK) code = check(&job);
    if (code == EXIT_CODE_OK) code = open_store(&job);
    if (code == EXIT_CODE_OK) code = run(&job);
    output_folder_close(job.store);
    passkey_picture_free(job.picture);
    passkey_items_free(&job.items);
    sxt_model_close(model);
    return code;
}
