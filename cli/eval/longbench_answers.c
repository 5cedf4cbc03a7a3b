#include "eval/longbench_answers.h"

#include "exit_code.h"
#include "message.h"
#include "prompt.h"
#include "replaced_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char record_name[] = "longbench.json";

/* ---- The folder ------------------------------------------------------------------------------------------ */

/* What the answers in a folder have in common. */
static json_document *make_record(const option_values *options, const sxt_model_info *model) {
    json_document *record = document_object();
    char *path = realpath(model->path, NULL);
    document_put_text(record, "holds", "sextant longbench 1");
    document_put_text(record, "model", path != NULL ? path : model->path);
    document_put_integer(record, "n_params", model->n_params);
    document_put_integer(record, "weight_bytes", (int64_t)model->weight_bytes);
    document_put_text(record, "kv", options->kv);
    document_put_text(record, "precision", options->precision);
    document_put_integer(record, "max_tokens", options->max_tokens);
    document_put_integer(record, "ctx", options->ctx); /* prompts are cut to fit it */
    document_put_flag(record, "no_bos", options->no_bos);
    free(path);
    return record;
}

static int cannot(const char *path, int reason) {
    return message_error(EXIT_CODE_FAILURE, "-o %s: %s; give a folder that can be written", path,
                         strerror(reason));
}

static int make_folder(const char *path) {
    if (mkdir(path, 0777) == 0 || errno == EEXIST) return EXIT_CODE_OK;
    return cannot(path, errno);
}

static int write_record(const char *path, const json_document *record) {
    replaced_file file = {0};
    if (!replaced_file_open(&file, path)) return cannot(path, errno);
    char *line = document_dump(record);
    fprintf(file.stream, "%s\n", line);
    free(line);
    return replaced_file_commit(&file) ? EXIT_CODE_OK : cannot(path, errno);
}

/* The first field in which two records differ; NULL: none. */
static const char *difference(const json_document *a, const json_document *b) {
    static const char *const fields[] = {"holds",     "model", "n_params",   "weight_bytes", "kv",
                                         "precision", "ctx",   "max_tokens", "no_bos"};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        const json_document *x = document_get(a, fields[i]), *y = document_get(b, fields[i]);
        if (x == NULL || y == NULL) return fields[i];
        char *left = document_dump(x), *right = document_dump(y);
        bool same = strcmp(left, right) == 0;
        free(left);
        free(right);
        if (!same) return fields[i];
    }
    return NULL;
}

static int check_record(const option_values *options, const char *path, const json_document *record) {
    text_buffer text = {0};
    char problem[256];
    int code = prompt_read_file("-o", path, &text);
    json_document *before = NULL;
    if (code == EXIT_CODE_OK && !options->resume)
        code = message_error(EXIT_CODE_USAGE,
                             "-o %s has answers in it; add --resume to go on there, or name another folder",
                             options->output);
    if (code == EXIT_CODE_OK) {
        before = document_parse(text.bytes, text.n_bytes, problem, sizeof problem);
        const char *field = before == NULL ? "holds" : difference(before, record);
        if (field != NULL)
            code =
                message_error(EXIT_CODE_USAGE,
                              "-o %s belongs to another model or other settings (`%s` in its %s differs); name "
                              "another folder",
                              options->output, field, record_name);
    }
    if (before != NULL) document_free(before);
    text_buffer_free(&text);
    return code;
}

int answer_folder_open(const option_values *options, const sxt_model_info *model) {
    if (options->output == NULL) return EXIT_CODE_OK;
    text_buffer path = {0};
    json_document *record = make_record(options, model);
    int code = make_folder(options->output);
    text_buffer_print(&path, "%s/%s", options->output, record_name);
    if (code == EXIT_CODE_OK)
        code = access(path.bytes, F_OK) == 0 ? check_record(options, path.bytes, record)
                                             : write_record(path.bytes, record);
    document_free(record);
    text_buffer_free(&path);
    return code;
}

/* ---- The answers of a task ------------------------------------------------------------------------------- */

/* The file being read. */
typedef struct reading {
    const char *path;
    const longbench_items *items;
    longbench_answer *answers;
} reading;

static size_t find_item(const longbench_items *items, text_span id) {
    size_t i = 0;
    while (i < items->n && !text_equal(text_span_of(items->list[i].id), id)) i++;
    return i;
}

/* Answers to questions past --limit are left in the file, and alone. */
static int take_line(void *user, int64_t i_line, json_document *line) {
    const reading *at = user;
    text_span id, said;
    bool good = (id.bytes = document_get_text(line, "_id", &id.n)) != NULL &&
                (said.bytes = document_get_text(line, "pred", &said.n)) != NULL;
    size_t i = good ? find_item(at->items, id) : at->items->n;
    if (i < at->items->n && !at->answers[i].is_there) {
        longbench_answer *answer = &at->answers[i];
        const json_document *no_limit = document_get(line, "past_limit"), *cut = document_get(line, "cut");
        int64_t n_tokens = 0, flag = 0;
        document_get_integer(line, "n_tokens", &n_tokens);
        *answer = (longbench_answer){must_allocate(said.n + 1), said.n, n_tokens, false, true, true};
        memcpy(answer->text, said.bytes, said.n);
        answer->is_cut = cut != NULL && document_get_integer(line, "cut", &flag) && flag != 0;
        answer->within_limit =
            no_limit == NULL || !document_get_integer(line, "past_limit", &flag) || flag == 0;
    }
    document_free(line);
    if (good) return EXIT_CODE_OK;
    return message_error(EXIT_CODE_FAILURE,
                         "%s line %lld: `_id` or `pred` is missing; take the line out, or name another folder",
                         at->path, (long long)i_line);
}

/* Everything behind the last line feed was not written to its end. */
static int drop_unfinished(const answer_file *file) {
    text_buffer text = {0};
    int code = prompt_read_file("-o", file->path, &text);
    size_t n = text.n_bytes;
    while (n > 0 && text.bytes[n - 1] != '\n') n--;
    if (code == EXIT_CODE_OK && n < text.n_bytes && ftruncate(file->descriptor, (off_t)n) != 0)
        code = cannot(file->path, errno);
    text_buffer_free(&text);
    return code;
}

int answer_file_open(const option_values *options, const char *plan, const task_file *task,
                     const longbench_items *items, longbench_answer *answers, answer_file *file) {
    *file = (answer_file){-1, NULL};
    if (options->output == NULL) return EXIT_CODE_OK;
    text_buffer path = {0};
    text_buffer_print(&path, "%s/%s", options->output, plan);
    int code = make_folder(path.bytes);
    text_buffer_print(&path, "/%s.jsonl", task->name);
    file->path = path.bytes;
    if (code == EXIT_CODE_OK) {
        file->descriptor = open(file->path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
        if (file->descriptor < 0) code = cannot(file->path, errno);
    }
    if (code == EXIT_CODE_OK) code = drop_unfinished(file);
    reading at = {file->path, items, answers};
    return code == EXIT_CODE_OK ? json_lines_read(file->path, take_line, &at) : code;
}

/* The fields that eval.py reads come first. */
static json_document *make_line(const longbench_items *items, size_t i, const longbench_answer *answer) {
    const longbench_item *item = &items->list[i];
    json_document *line = document_object(), *references = document_array(), *classes = document_array();
    for (size_t k = 0; k < item->n_references; k++)
        document_append(references, document_text(item->references[k].bytes, item->references[k].n));
    for (size_t k = 0; k < item->n_classes; k++)
        document_append(classes, document_text(item->classes[k].bytes, item->classes[k].n));
    document_put(line, "pred", document_text(answer->text, answer->n_bytes));
    document_put(line, "answers", references);
    document_put(line, "all_classes", classes);
    if (item->length >= 0) document_put_integer(line, "length", item->length);
    document_put_text(line, "_id", item->id);
    document_put_integer(line, "n_tokens", answer->n_tokens);
    document_put_integer(line, "cut", answer->is_cut);
    document_put_integer(line, "past_limit", !answer->within_limit);
    return line;
}

static bool write_all(int descriptor, const char *bytes, size_t n) {
    while (n > 0) {
        ssize_t written = write(descriptor, bytes, n);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        bytes += written;
        n -= (size_t)written;
    }
    return true;
}

int answer_file_add(answer_file *file, const longbench_items *items, size_t i, const longbench_answer *answer) {
    if (file->descriptor < 0) return EXIT_CODE_OK;
    text_buffer line = {0};
    json_document *document = make_line(items, i, answer);
    char *text = document_dump(document);
    text_buffer_print(&line, "%s\n", text);
    document_free(document);
    free(text);
    off_t before = lseek(file->descriptor, 0, SEEK_END);
    bool good =
        before >= 0 && write_all(file->descriptor, line.bytes, line.n_bytes) && fsync(file->descriptor) == 0;
    int reason = errno;
    text_buffer_free(&line);
    if (good) return EXIT_CODE_OK;
    if (before >= 0 && ftruncate(file->descriptor, before) != 0) reason = errno;
    return message_error(EXIT_CODE_FAILURE,
                         "-o %s: %s; the answers before are kept: make room and add --resume", file->path,
                         strerror(reason));
}

void answer_file_close(answer_file *file) {
    if (file->descriptor >= 0) close(file->descriptor);
    free(file->path);
    *file = (answer_file){-1, NULL};
}
