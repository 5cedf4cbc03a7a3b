/* One page about a model and the plans that carry it past its window, made of measurements on this machine. */
#include "command.h"

#include "exit_code.h"
#include "message.h"
#include "model_session.h"
#include "output_folder.h"
#include "passkey_picture.h"
#include "report_job.h"

#include <stdlib.h>
#include <string.h>

/* What --plans said, cut up; plans of --extend come first. `auto` beside `none` where neither is given. */
static int choose_plans(option_values *options, char **split) {
    const char *list = options->methods;
    if (list == NULL && options->n_plans == 0) list = "none auto";
    if (list == NULL) return EXIT_CODE_OK;
    char *rest = *split = must_allocate(strlen(list) + 1), *plan;
    memcpy(rest, list, strlen(list) + 1);
    while ((plan = strsep(&rest, "; \t\n")) != NULL) {
        if (*plan == '\0') continue;
        if (options->n_plans == MAX_PLANS)
            return message_error(EXIT_CODE_USAGE, "--plans names more than %d plans; leave some out",
                                 (int)MAX_PLANS);
        options->plans[options->n_plans++] = plan;
    }
    if (options->n_plans == 0)
        return message_error(EXIT_CODE_USAGE, "--plans names no plan; give 'none; auto' or others");
    return EXIT_CODE_OK;
}

/* Half the trained window, all of it, twice and four times, unless --lengths says otherwise. */
static void choose_lengths(option_values *options, int64_t trained, integer_list *lengths) {
    const integer_list *given = &options->lengths;
    lengths->values = must_allocate((size_t)(given->n + 4) * sizeof *lengths->values);
    for (int64_t i = 0; i < given->n; i++) lengths->values[lengths->n++] = given->values[i];
    for (int64_t twice = 1; twice <= 8 && given->n == 0; twice *= 2)
        if (trained * twice / 2 >= 2) lengths->values[lengths->n++] = trained * twice / 2;
    number_sort_once(lengths);
    options->lengths = *lengths;
}

/* Everything that can be refused is refused before the first window is read. */
static int check_plans(const option_values *options, const sxt_model *model) {
    for (int i = 0; i < options->n_plans; i++) {
        sxt_plan_info plan;
        sxt_error error;
        for (int k = 0; k < i; k++)
            if (strcmp(options->plans[k], options->plans[i]) == 0)
                return message_error(EXIT_CODE_USAGE, "the plan %s is given twice; leave one out",
                                     options->plans[i]);
        if (sxt_plan_resolve(model, options->plans[i], number_greatest(&options->lengths), &plan, &error) !=
            SXT_OK)
            return message_library_error(&error);
    }
    return EXIT_CODE_OK;
}

/* ---- What is measured ------------------------------------------------------------------------------------ */

static bool is_length(const option_values *options, int64_t length) {
    for (int64_t i = 0; i < options->lengths.n; i++)
        if (options->lengths.values[i] == length) return true;
    return false;
}

/* Prompts of --keys that are of other lengths than --lengths are left out. */
static int read_keys(report_job *job) {
    int code = passkey_items_read("--keys", job->options->prompts, job->options, job->model, &job->keys);
    passkey_items kept = {0};
    for (int64_t i = 0; i < job->keys.n && code == EXIT_CODE_OK; i++)
        if (is_length(job->options, job->keys.list[i].length)) {
            *passkey_items_add(&kept) = job->keys.list[i];
            job->keys.list[i] = (passkey_item){0};
        }
    passkey_items_free(&job->keys);
    job->keys = kept;
    if (code == EXIT_CODE_OK && kept.n == 0)
        code = message_error(EXIT_CODE_USAGE,
                             "--keys %s has no prompt of a length that --lengths names; name theirs",
                             job->options->prompts);
    return code;
}

/* The text itself surrounds the keys unless --filler names another one. */
static int make_keys(report_job *job) {
    option_values with_filler = *job->options;
    if (with_filler.filler == NULL) with_filler.filler = with_filler.file;
    return passkey_items_make(&with_filler, job->model, INT64_MAX, &job->keys);
}

static void *zeroed(size_t n, size_t size) {
    void *list = must_allocate((n + 1) * size);
    memset(list, 0, (n + 1) * size);
    return list;
}

static int find_what_fits(report_job *job) {
    int code = EXIT_CODE_OK;
    job->fits = zeroed((size_t)(job->n_plans * job->n_lengths), sizeof *job->fits);
    for (int p = 0; p < job->n_plans; p++)
        for (int64_t l = 0; l < job->n_lengths && code == EXIT_CODE_OK; l++) {
            const int64_t length = job->options->lengths.values[l];
            code = session_fits_length(job->options, job->model, plan_at(job->options, p), length,
                                       &job->fits[p * job->n_lengths + l]);
        }
    return code;
}

/* Short texts are held against `none`, which needs no comparison with itself. */
static void prepare_shorts(report_job *job) {
    for (int i = 0; i < job->n_plans; i++)
        if (strcmp(plan_at(job->options, i), "none") != 0)
            job->short_plans[job->n_short_plans++] = plan_at(job->options, i);
    job->n_short_lengths = short_trial_lengths(job->info.n_ctx_train, job->short_lengths);
    while (job->n_short_lengths > 0 && job->short_lengths[job->n_short_lengths - 1] > job->windows.longest)
        job->n_short_lengths--;
    int64_t longest = job->n_short_lengths > 0 ? job->short_lengths[job->n_short_lengths - 1] : 1;
    job->reader = short_trial_begin(&job->trial, &job->windows, job->short_plans, job->n_short_plans, longest);
    job->shorts =
        zeroed((size_t)(job->n_short_plans * job->n_short_lengths * job->n_windows), sizeof *job->shorts);
}

static int prepare(report_job *job) {
    const option_values *options = job->options;
    job->n_plans = plan_count(options);
    job->n_lengths = options->lengths.n;
    job->n_windows = options->windows;
    if (job->n_lengths > MOST_REPORT_LENGTHS)
        return message_error(EXIT_CODE_USAGE, "--lengths names %lld lengths; a page has room for %d",
                             (long long)job->n_lengths, (int)MOST_REPORT_LENGTHS);
    int code = check_plans(options, job->model);
    if (code == EXIT_CODE_OK)
        code = text_windows_open(options, job->model, number_greatest(&options->lengths), &job->windows);
    if (code == EXIT_CODE_OK) code = options->prompts != NULL ? read_keys(job) : make_keys(job);
    if (code == EXIT_CODE_OK) code = find_what_fits(job);
    if (code == EXIT_CODE_OK) code = report_needles_prepare(job);
    if (code != EXIT_CODE_OK) return code;
    size_t n_cells = (size_t)job->n_plans * (size_t)job->n_lengths;
    job->text = zeroed(n_cells * (size_t)job->n_windows, sizeof *job->text);
    job->speeds = zeroed(n_cells, sizeof *job->speeds);
    job->found = zeroed((size_t)job->n_plans * (size_t)job->keys.n, sizeof *job->found);
    prepare_shorts(job);
    return EXIT_CODE_OK;
}

static void release(report_job *job) {
    free(job->text);
    free(job->speeds);
    free(job->found);
    free(job->fits);
    free(job->shorts);
    short_trial_end(&job->reader);
    needle_run_free(&job->needles);
    text_windows_close(&job->windows);
    passkey_items_free(&job->keys);
    output_folder_close(job->store);
}

static int open_store(report_job *job) {
    kept_facts facts;
    kept_facts_of_text(&job->windows, &facts);
    kept_facts_of_keys(&job->keys, &facts);
    needle_facts of_needles;
    result_fact list[3 + N_NEEDLE_FACTS] = {
        {"windows", facts.windows}, {"text", facts.text}, {"key prompts", facts.prompts}, {"task", "none"}};
    int n = 4;
    if (job->needles.options != NULL) {
        needle_run_facts(&job->needles, &of_needles);
        memcpy(list + 3, of_needles.list, sizeof of_needles.list);
        n = 3 + N_NEEDLE_FACTS;
    }
    return output_folder_open(job->options, job->model, "report", list, n, &job->store);
}

static int run(report_job *job) {
    int code = prepare(job);
    if (code == EXIT_CODE_OK) code = open_store(job);
    if (code == EXIT_CODE_OK) code = report_load(job);
    if (code != EXIT_CODE_OK) return code;
    job->trial.line = progress_start("measuring", "tokens");
    code = report_measure(job);
    if (code != EXIT_CODE_OK && code != EXIT_CODE_INTERRUPTED) return code;
    int written = output_folder_write(job->options, "report.html", report_write_page, job);
    if (written != EXIT_CODE_OK) return written;
    printf("%s/report.html\n", job->options->output);
    if (code == EXIT_CODE_INTERRUPTED) output_folder_note_stop(job->options);
    return code;
}

int command_report(const option_values *given) {
    if (given->file == NULL) return message_error(EXIT_CODE_USAGE, "report needs a text: -f FILE");
    if (given->output == NULL) return message_error(EXIT_CODE_USAGE, "report needs a folder: -o FOLDER");
    option_values options = *given;
    report_job job = {.options = &options};
    integer_list lengths = {0};
    char *split = NULL;
    sxt_model *model = NULL;
    int code = choose_plans(&options, &split);
    if (code == EXIT_CODE_OK) code = model_open(options.model, false, &model);
    if (code == EXIT_CODE_OK) {
        job.model = model;
        job.trial = (plan_trial){.options = &options, .model = model};
        sxt_model_describe(model, &job.info);
        choose_lengths(&options, job.info.n_ctx_train, &lengths);
        code = run(&job);
    }
    release(&job);
    sxt_model_close(model);
    free(lengths.values);
    free(split);
    return code;
}
