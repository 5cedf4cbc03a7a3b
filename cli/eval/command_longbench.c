#include "command.h"

#include "eval/longbench_ask.h"
#include "eval/longbench_scores.h"
#include "exit_code.h"
#include "interrupt.h"
#include "message.h"
#include "model_session.h"

#include <stdlib.h>
#include <string.h>

typedef struct longbench_job {
    const option_values *options;
    sxt_model *model;
    task_files files;
    task_scores scores; /* plan by plan, task by task */
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

/* Questions without an answer are asked; all answers are scored. */
static int ask_items(longbench_job *job, longbench_asker *asker, const longbench_items *items,
                     longbench_answer *answers, answer_file *kept, task_score *score) {
    int code = EXIT_CODE_OK;
    for (size_t i = 0; i < items->n && code == EXIT_CODE_OK; i++) {
        const longbench_item *item = &items->list[i];
        if (!answers[i].is_there) {
            progress_report(&job->line, job->n_done, job->n_total);
            code = longbench_ask(asker, score->file, item, &answers[i]);
            if (code == EXIT_CODE_OK) code = answer_file_add(kept, items, i, &answers[i]);
        }
        if (answers[i].is_there && !task_score_add(score, item, &answers[i]) && code == EXIT_CODE_OK)
            code = message_error(EXIT_CODE_FAILURE, "not enough memory to score an answer");
        job->n_done += answers[i].is_there;
        if (code == EXIT_CODE_OK && interrupted()) code = EXIT_CODE_INTERRUPTED;
    }
    return code;
}

static int ask_task(longbench_job *job, longbench_asker *asker, task_score *score) {
    longbench_items items = {0};
    answer_file kept = {-1, NULL};
    longbench_answer *answers = NULL;
    int code = longbench_items_read(score->file, job->options->per_length, &items);
    if (code == EXIT_CODE_OK) {
        answers = must_allocate(items.n * sizeof *answers);
        memset(answers, 0, items.n * sizeof *answers);
        score->n_asked = (int64_t)items.n;
        code = answer_file_open(job->options, asker->plan, score->file, &items, answers, &kept);
    }
    if (code == EXIT_CODE_OK) code = ask_items(job, asker, &items, answers, &kept, score);
    answer_file_close(&kept);
    for (size_t i = 0; answers != NULL && i < items.n; i++) free(answers[i].text);
    free(answers);
    longbench_items_free(&items);
    return code;
}

static int ask_all(longbench_job *job) {
    const option_values *options = job->options;
    const size_t n_plans = (size_t)plan_count(options);
    int code = EXIT_CODE_OK;
    job->scores.list = must_allocate(n_plans * job->files.n * sizeof *job->scores.list);
    for (size_t p = 0; p < n_plans; p++)
        for (size_t i = 0; i < job->files.n; i++)
            job->scores.list[job->scores.n++] =
                (task_score){.file = &job->files.list[i], .plan = plan_at(options, (int)p)};
    for (size_t p = 0; p < n_plans && code == EXIT_CODE_OK; p++) {
        longbench_asker asker;
        code = longbench_asker_open(options, job->model, plan_at(options, (int)p), &asker);
        for (size_t i = 0; i < job->files.n && code == EXIT_CODE_OK; i++)
            code = ask_task(job, &asker, &job->scores.list[p * job->files.n + i]);
        longbench_asker_close(&asker);
    }
    return code;
}

/* A template that the library cannot render is not passed over in silence. */
static void tell_template(const sxt_model_info *info) {
    if (strcmp(info->chat_template, "unknown") == 0)
        message_warning(
            "the model's chat template is not one that is known here; prompts are given without one");
}

static int score_all(longbench_job *job) {
    sxt_model_info info;
    sxt_model_describe(job->model, &info);
    int code = check_plans(job);
    if (code == EXIT_CODE_OK) code = answer_folder_open(job->options, &info);
    if (code != EXIT_CODE_OK) return code;
    tell_template(&info);
    job->line = progress_start("answering", "questions");
    interrupt_watch(NULL);
    code = ask_all(job);
    interrupt_release();
    progress_end(&job->line);
    /* What is there is worth showing, whatever ended the work. */
    if (job->n_done > 0) task_scores_print(&job->scores, job->options->json);
    return code;
}

int command_longbench(const option_values *options) {
    longbench_job job = {.options = options};
    int code = check_options(options);
    if (code == EXIT_CODE_OK) code = task_files_find(options, &job.files);
    if (code == EXIT_CODE_OK) code = check_files(&job);
    if (code == EXIT_CODE_OK) code = model_open(options->model, false, &job.model);
    if (code == EXIT_CODE_OK) {
        code = score_all(&job);
        sxt_model_close(job.model);
    }
    free(job.scores.list);
    task_files_free(&job.files);
    return code;
}
