#include "command.h"

#include "eval/longbench_ask.h"
#include "eval/longbench_mark.h"
#include "eval/longbench_output.h"
#include "exit_code.h"
#include "interrupt.h"
#include "message.h"
#include "model_session.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct longbench_job {
    const option_values *options;
    sxt_model *model;
    task_files files;
    result_store *store; /* NULL without -o */
    task_scores scores;  /* plan by plan, task by task */
    progress line;
    int64_t n_done, n_total; /* questions */
} longbench_job;

static int check_options(const option_values *options) {
    if (options->data == NULL)
        return message_error(
            EXIT_CODE_USAGE,
            "longbench needs the folder with the downloaded files: --data DIR; docs/EVALUATION.md "
            "says what to download");
    if (options->resume && options->output == NULL)
        return message_error(EXIT_CODE_USAGE, "--resume needs the folder with the answers so far: -o FOLDER");
    for (int i = 0; i < options->n_plans; i++)
        for (int k = 0; k < i; k++)
            if (strcmp(options->plans[i], options->plans[k]) == 0)
                return message_error(EXIT_CODE_USAGE, "--extend %s is given twice; give it once",
                                     options->plans[i]);
    return EXIT_CODE_OK;
}

/* Every file is read once before the first question is asked: a fault in the last one must not cost a night. */
static int check_files(longbench_job *job) {
    int code = EXIT_CODE_OK;
    for (size_t i = 0; i < job->files.n && code == EXIT_CODE_OK; i++) {
        longbench_items items = {0};
        task_file *file = &job->files.list[i];
        code = longbench_prompt_check(file);
        if (code == EXIT_CODE_OK) code = longbench_items_read(file, job->options->per_length, &items);
        file->n_items = (int64_t)items.n;
        job->n_total += file->n_items * plan_count(job->options);
        longbench_items_free(&items);
    }
    return code;
}

static int check_plans(const longbench_job *job) {
    int code = EXIT_CODE_OK;
    for (int i = 0; i < plan_count(job->options) && code == EXIT_CODE_OK; i++) {
        longbench_asker asker;
        code = longbench_asker_open(job->options, job->model, plan_at(job->options, i), &asker);
    }
    return code;
}

/* Nor must one answer that belongs to another question. */
static int check_kept(const longbench_job *job) {
    int code = EXIT_CODE_OK;
    for (size_t i = 0; i < job->files.n && code == EXIT_CODE_OK; i++) {
        longbench_items items = {0};
        const task_file *file = &job->files.list[i];
        code = longbench_items_read(file, job->options->per_length, &items);
        for (int p = 0; p < plan_count(job->options) && code == EXIT_CODE_OK; p++) {
            longbench_answer *answers;
            code = answers_read(job->store, plan_at(job->options, p), file, &items, &answers);
            answers_free(answers, items.n);
        }
        longbench_items_free(&items);
    }
    return code;
}

/* A question without an answer is asked, unless Ctrl-C came before. What is kept is scored anew: the measures,
 * or the right answers in the file, may have been corrected since. */
static int ask_item(longbench_job *job, longbench_asker *asker, task_score *score, const longbench_item *item,
                    longbench_answer *answer) {
    const bool is_kept = answer->is_there;
    const double kept_score = answer->score;
    int code = EXIT_CODE_OK;
    if (!is_kept && interrupted()) return code;
    if (!is_kept) {
        progress_report(&job->line, job->n_done, job->n_total);
        code = longbench_ask(asker, score->file, item, answer);
    }
    if (code == EXIT_CODE_OK) code = longbench_mark(score->file->task, job->files.words, item, answer);
    if (code == EXIT_CODE_OK && !(is_kept && fabs(answer->score - kept_score) < 1e-12))
        code = answer_store_put(job->store, asker->plan, score->file, item, answer);
    if (code == EXIT_CODE_OK) {
        task_score_add(score, item, answer);
        job->n_done++;
    }
    return code == EXIT_CODE_INTERRUPTED ? EXIT_CODE_OK : code; /* interrupted() tells */
}

static int ask_task(longbench_job *job, longbench_asker *asker, task_score *score) {
    longbench_items items = {0};
    longbench_answer *answers = NULL;
    int code = longbench_items_read(score->file, job->options->per_length, &items);
    score->n_asked = (int64_t)items.n;
    if (code == EXIT_CODE_OK) code = answers_read(job->store, asker->plan, score->file, &items, &answers);
    for (size_t i = 0; i < items.n && code == EXIT_CODE_OK; i++)
        code = ask_item(job, asker, score, &items.list[i], &answers[i]);
    if (code == EXIT_CODE_OK && score->all.n > 0)
        code = longbench_write_answers(job->options, asker->plan, score->file, &items, answers);
    answers_free(answers, items.n);
    longbench_items_free(&items);
    return code;
}

/* After Ctrl-C nothing is asked any more, but what an earlier run has kept still counts. */
static bool is_over(const longbench_job *job) { return interrupted() && !job->options->resume; }

static int ask_all(longbench_job *job) {
    const option_values *options = job->options;
    const size_t n_plans = (size_t)plan_count(options);
    int code = EXIT_CODE_OK;
    job->scores.list = must_allocate(n_plans * job->files.n * sizeof *job->scores.list);
    for (size_t p = 0; p < n_plans; p++)
        for (size_t i = 0; i < job->files.n; i++)
            job->scores.list[job->scores.n++] =
                (task_score){.file = &job->files.list[i], .plan = plan_at(options, (int)p)};
    for (size_t p = 0; p < n_plans && code == EXIT_CODE_OK && !is_over(job); p++) {
        longbench_asker asker;
        code = longbench_asker_open(options, job->model, plan_at(options, (int)p), &asker);
        for (size_t i = 0; i < job->files.n && code == EXIT_CODE_OK && !is_over(job); i++)
            code = ask_task(job, &asker, &job->scores.list[p * job->files.n + i]);
        longbench_asker_close(&asker);
    }
    return code == EXIT_CODE_OK && interrupted() ? EXIT_CODE_INTERRUPTED : code;
}

/* A template that the library cannot render is not passed over in silence. */
static void tell_template(const sxt_model_info *info) {
    if (strcmp(info->chat_template, "unknown") == 0)
        message_warning(
            "the model's chat template is not one that is known here; prompts are given without one");
}

/* What is there is worth showing, whatever ended the work. */
static int tell(const longbench_job *job, int code) {
    const option_values *options = job->options;
    if (job->n_done == 0) return code;
    if (options->json)
        document_print(task_scores_document(&job->scores));
    else
        task_scores_print(&job->scores);
    if (code != EXIT_CODE_OK && code != EXIT_CODE_INTERRUPTED) return code;
    int written = longbench_write_scores(options, &job->scores);
    if (code == EXIT_CODE_INTERRUPTED) output_folder_note_stop(options);
    return code != EXIT_CODE_OK ? code : written;
}

static int score_all(longbench_job *job) {
    sxt_model_info info;
    sxt_model_describe(job->model, &info);
    int code = check_plans(job);
    if (code == EXIT_CODE_OK) code = answer_store_open(job->options, job->model, &job->store);
    if (code == EXIT_CODE_OK) code = longbench_make_folders(job->options);
    if (code == EXIT_CODE_OK && job->options->resume) code = check_kept(job);
    if (code != EXIT_CODE_OK) return code;
    tell_template(&info);
    job->line = progress_start("answering", "questions");
    interrupt_watch(NULL);
    code = ask_all(job);
    interrupt_release();
    progress_end(&job->line);
    return tell(job, code);
}

int command_longbench(const option_values *options) {
    longbench_job job = {.options = options};
    int code = check_options(options);
    if (code == EXIT_CODE_OK) code = task_files_find(options, &job.files);
    if (code == EXIT_CODE_OK) code = check_files(&job);
    if (code == EXIT_CODE_OK) code = model_open(options->model, false, &job.model);
    if (code == EXIT_CODE_OK) {
        code = score_all(&job);
        output_folder_close(job.store);
        sxt_model_close(job.model);
    }
    free(job.scores.list);
    task_files_free(&job.files);
    return code;
}
