#include "eval/longbench_files.h"

#include "eval/longbench_words.h"
#include "exit_code.h"
#include "message.h"
#include "prompt.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Where the published downloads have their files, below the folder of --data. */
static const char *const data_folders[] = {
    "data",           ".", "LEval-data/Closed-ended-tasks", "LEval/Exam", "Closed-ended-tasks", "Exam",
    "lines/testcases"};
static const char *const config_folders[] = {"config", "."};

enum { N_DATA_FOLDERS = sizeof data_folders / sizeof *data_folders, N_CONFIG_FOLDERS = 2 };

static char *copy(const char *text) {
    size_t size = strlen(text) + 1;
    return memcpy(must_allocate(size), text, size);
}

void task_files_free(task_files *files) {
    for (size_t i = 0; i < files->n; i++) {
        free(files->list[i].name);
        free(files->list[i].path);
        free(files->list[i].prompt);
    }
    free(files->list);
    segmenter_stop(files->words);
    *files = (task_files){0};
}

static bool has_task(const task_files *files, const char *name) {
    for (size_t i = 0; i < files->n; i++)
        if (strcmp(files->list[i].name, name) == 0) return true;
    return false;
}

/* The path of NAME.jsonl, or NULL. */
static char *find(const char *data, const char *name) {
    for (int i = 0; i < N_DATA_FOLDERS; i++) {
        text_buffer path = {0};
        text_buffer_print(&path, "%s/%s/%s.jsonl", data, data_folders[i], name);
        if (access(path.bytes, F_OK) == 0) return path.bytes;
        text_buffer_free(&path);
    }
    return NULL;
}

static bool add_found(const char *data, const char *name, task_files *files) {
    char *path = find(data, name);
    if (path == NULL || has_task(files, name)) {
        free(path);
        return path != NULL;
    }
    files->list = must_reallocate(files->list, (files->n + 1) * sizeof *files->list);
    files->list[files->n++] = (task_file){metric_task_find(text_span_of(name)), copy(name), path, NULL, 0, 0};
    return true;
}

static int missing(const option_values *options, const char *name, metric_suite suite) {
    const char *data = options->data;
    if (suite == SUITE_LEVAL)
        return message_error(
            EXIT_CODE_FAILURE,
            "--data %s: no %s.jsonl for task %s; download L-Eval (github.com/OpenLMLab/LEval) so "
            "that %s/LEval-data/Closed-ended-tasks/%s.jsonl is there",
            data, name, name, data, name);
    if (suite == SUITE_LINES)
        return message_error(EXIT_CODE_FAILURE,
                             "--data %s: no %s.jsonl for task %s; download LongChat's test cases "
                             "(github.com/DachengLi1/LongChat, longeval/evaluation) so that "
                             "%s/lines/testcases/%s.jsonl is there",
                             data, name, name, data, name);
    return message_error(
        EXIT_CODE_FAILURE,
        "--data %s: no %s.jsonl for task %s; download data.zip from "
        "huggingface.co/datasets/THUDM/LongBench and unpack it so that %s/data/%s.jsonl is there",
        data, name, name, data, name);
}

/* Starts the word segmenter, once. */
static bool has_words(const option_values *options, task_files *files) {
    if (!files->has_looked) files->words = segmenter_start(options->python);
    files->has_looked = true;
    return files->words != NULL;
}

static int no_words(const option_values *options, const char *name) {
    return message_error(EXIT_CODE_USAGE,
                         "--tasks: %s needs Chinese words, and %s has no package jieba that works; install "
                         "Debian's python3-jieba, name another Python with --python, or leave the task out",
                         name, options->python != NULL ? options->python : "python3");
}

/* ---- Which tasks ----------------------------------------------------------------------------------------- */

/* Files of lines have names of their own: all that are there. */
static size_t add_line_files(const char *data, task_files *files) {
    size_t n_before = files->n;
    for (int i = 0; i < N_DATA_FOLDERS; i++) {
        text_buffer path = {0};
        text_buffer_print(&path, "%s/%s", data, data_folders[i]);
        DIR *folder = opendir(path.bytes);
        text_buffer_free(&path);
        for (const struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;) {
            size_t n = strlen(entry->d_name);
            if (n < 7 || strcmp(entry->d_name + n - 6, ".jsonl") != 0) continue;
            char *name = copy(entry->d_name);
            name[n - 6] = '\0';
            const metric_task *task = metric_task_find(text_span_of(name));
            if (task != NULL && task->suite == SUITE_LINES) add_found(data, name, files);
            free(name);
        }
        if (folder != NULL) closedir(folder);
    }
    return files->n - n_before;
}

/* The tasks of a suite that are there. Those that cannot be scored are told of. */
static size_t add_suite(const option_values *options, metric_suite suite, const char *ending,
                        task_files *files) {
    size_t n_before = files->n;
    const char *data = options->data;
    if (suite == SUITE_LINES) return add_line_files(data, files);
    const metric_task *task;
    for (size_t i = 0; (task = metric_task_at(i)) != NULL; i++) {
        text_buffer name = {0};
        text_buffer_print(&name, "%s%s", task->name, ending);
        char *path = task->suite == suite ? find(data, name.bytes) : NULL;
        if (path != NULL && metric_task_needs_words(task) && !has_words(options, files))
            message_note("%s is left out: it needs Chinese words, and %s has no package jieba that works "
                         "(Debian: python3-jieba)",
                         name.bytes, options->python != NULL ? options->python : "python3");
        else if (path != NULL)
            add_found(data, name.bytes, files);
        free(path);
        text_buffer_free(&name);
    }
    return files->n - n_before;
}

static int add_named(const option_values *options, const char *name, task_files *files) {
    static const struct {
        const char *word, *ending, *example;
        metric_suite suite;
    } suites[] = {{"longbench", "", "hotpotqa", SUITE_LONGBENCH},
                  {"longbench-e", "_e", "hotpotqa_e", SUITE_LONGBENCH},
                  {"leval", "", "coursera", SUITE_LEVAL},
                  {"lines", "", "200_lines", SUITE_LINES}};
    for (size_t i = 0; i < sizeof suites / sizeof *suites; i++)
        if (strcmp(name, suites[i].word) == 0)
            return add_suite(options, suites[i].suite, suites[i].ending, files) > 0
                       ? EXIT_CODE_OK
                       : missing(options, suites[i].example, suites[i].suite);
    if (strcmp(name, "all") == 0) {
        size_t n = add_suite(options, SUITE_LONGBENCH, "", files);
        n += add_suite(options, SUITE_LEVAL, "", files) + add_suite(options, SUITE_LINES, "", files);
        return n > 0 ? EXIT_CODE_OK : missing(options, "hotpotqa", SUITE_LONGBENCH);
    }
    const metric_task *task = metric_task_find(text_span_of(name));
    if (task == NULL)
        return message_error(
            EXIT_CODE_USAGE,
            "--tasks: no task is called '%.80s'; name tasks of LongBench (hotpotqa, trec, ...), "
            "L-Eval (coursera, ...) or lines (200_lines), or all, longbench, longbench-e, leval, "
            "lines",
            name);
    if (metric_task_needs_words(task) && !has_words(options, files)) return no_words(options, name);
    return add_found(options->data, name, files) ? EXIT_CODE_OK : missing(options, name, task->suite);
}

/* ---- Prompts and answer lengths -------------------------------------------------------------------------- */

static int missing_config(const option_values *options, const char *name) {
    return message_error(EXIT_CODE_FAILURE,
                         "--data %s: no %s there nor in %s/config; download it from github.com/THUDM/LongBench "
                         "(LongBench/config) to %s/config/%s",
                         options->data, name, options->data, options->data, name);
}

/* NULL in *config when there is no such file. */
static int read_config(const option_values *options, const char *name, json_document **config) {
    text_buffer path = {0}, text = {0};
    char problem[256];
    int code = EXIT_CODE_OK;
    bool found = false;
    for (int i = 0; i < N_CONFIG_FOLDERS && !found; i++) {
        text_buffer_free(&path);
        text_buffer_print(&path, "%s/%s/%s", options->data, config_folders[i], name);
        found = access(path.bytes, F_OK) == 0;
    }
    if (found) code = prompt_read_file("--data:", path.bytes, &text);
    if (found && code == EXIT_CODE_OK) {
        *config = document_parse(text.bytes, text.n_bytes, problem, sizeof problem);
        if (*config == NULL)
            code = message_error(EXIT_CODE_FAILURE, "%s: not JSON: %s; download it again", path.bytes, problem);
        else if (!document_is_object(*config))
            code =
                message_error(EXIT_CODE_FAILURE, "%s: not an object of tasks; download it again", path.bytes);
    }
    text_buffer_free(&path);
    text_buffer_free(&text);
    return code;
}

/* LongBench-E uses the entries of the tasks that it is made from. */
static int set_prompt(const option_values *options, const json_document *prompts, const json_document *lengths,
                      task_file *file) {
    const metric_task *task = file->task;
    const char *name = task->name;
    size_t n = 0;
    const char *prompt = prompts == NULL ? NULL : document_get_text(prompts, name, &n);
    bool has_length = lengths != NULL && document_get_integer(lengths, name, &file->n_answer);
    if (task->suite == SUITE_LINES) {
        file->n_answer = LINES_ANSWER_TOKENS;
        return EXIT_CODE_OK;
    }
    if (task->suite == SUITE_LEVAL && !has_length) file->n_answer = LEVAL_ANSWER_TOKENS;
    if (task->suite == SUITE_LEVAL && prompt == NULL) prompt = longbench_own_prompt(task->kind);
    if (prompts == NULL && prompt == NULL) return missing_config(options, "dataset2prompt.json");
    if (lengths == NULL && task->suite == SUITE_LONGBENCH)
        return missing_config(options, "dataset2maxlen.json");
    if (prompt == NULL)
        return message_error(EXIT_CODE_FAILURE, "dataset2prompt.json: no text for task %s; download it again",
                             name);
    if (file->n_answer < 1 || file->n_answer > 1000000)
        return message_error(
            EXIT_CODE_FAILURE,
            "dataset2maxlen.json: no number of tokens from 1 to 1000000 for task %s; download it "
            "again",
            name);
    file->prompt = copy(prompt);
    return EXIT_CODE_OK;
}

static int set_prompts(const option_values *options, task_files *files) {
    json_document *prompts = NULL, *lengths = NULL;
    int code = read_config(options, "dataset2prompt.json", &prompts);
    if (code == EXIT_CODE_OK) code = read_config(options, "dataset2maxlen.json", &lengths);
    for (size_t i = 0; i < files->n && code == EXIT_CODE_OK; i++)
        code = set_prompt(options, prompts, lengths, &files->list[i]);
    if (prompts != NULL) document_free(prompts);
    if (lengths != NULL) document_free(lengths);
    return code;
}

/* By the table's order; files of one task by the numbers in their names, then by name. */
static int compare_files(const void *left, const void *right) {
    const task_file *a = left, *b = right;
    text_span x = text_span_of(a->name), y = text_span_of(b->name), m, n;
    if (a->task != b->task) return a->task < b->task ? -1 : 1;
    if (a->task->suite == SUITE_LINES && text_next_number(&x, &m) && text_next_number(&y, &n) && m.n != n.n)
        return m.n < n.n ? -1 : 1;
    return strcmp(a->name, b->name);
}

int task_files_find(const option_values *options, task_files *files) {
    DIR *folder = opendir(options->data);
    if (folder == NULL)
        return message_error(EXIT_CODE_FAILURE, "--data %s: %s; give the folder with the downloaded files",
                             options->data, strerror(errno));
    closedir(folder);
    char *list = copy(options->tasks), *rest = list, *name;
    int code = EXIT_CODE_OK;
    while (code == EXIT_CODE_OK && (name = strsep(&rest, ",")) != NULL)
        if (*name != '\0') code = add_named(options, name, files);
    free(list);
    if (code == EXIT_CODE_OK && files->n == 0)
        code = message_error(EXIT_CODE_USAGE, "--tasks names no task; give names, or all");
    if (code == EXIT_CODE_OK) qsort(files->list, files->n, sizeof *files->list, compare_files);
    if (code == EXIT_CODE_OK) code = set_prompts(options, files);
    return code;
}
