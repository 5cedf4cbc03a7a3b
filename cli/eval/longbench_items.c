#include "eval/longbench_items.h"

#include "exit_code.h"
#include "message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void longbench_items_free(longbench_items *items) {
    for (size_t i = 0; i < items->n; i++) {
        free(items->list[i].id);
        free(items->list[i].references);
        free(items->list[i].classes);
    }
    for (size_t i = 0; i < items->n_lines; i++) document_free(items->lines[i]);
    free(items->list);
    free(items->lines);
    *items = (longbench_items){0};
}

/* The file being read, and where in it. */
typedef struct reading {
    const task_file *file;
    int64_t limit, i_line;
    longbench_items *items;
} reading;

static int fault(const reading *at, const char *problem) {
    return message_error(EXIT_CODE_FAILURE, "%s line %lld: %s; download or make the file again", at->file->path,
                         (long long)at->i_line, problem);
}

static bool is_full(const reading *at) { return at->limit > 0 && at->items->n >= (size_t)at->limit; }

static longbench_item *add_item(longbench_items *items) {
    if ((items->n & (items->n + 1)) == 0) /* 0, 1, 3, 7, ...: room for as many again */
        items->list = must_reallocate(items->list, (2 * items->n + 1) * sizeof *items->list);
    longbench_item *item = &items->list[items->n++];
    *item = (longbench_item){.number = (int64_t)items->n, .length = -1};
    return item;
}

static bool get_text(const json_document *object, const char *key, text_span *text) {
    text->bytes = document_get_text(object, key, &text->n);
    return text->bytes != NULL;
}

static char *make_text(const char *bytes, size_t n) {
    char *text = must_allocate(n + 1);
    memcpy(text, bytes, n);
    text[n] = '\0';
    return text;
}

/* An array of strings; false for anything else. */
static bool get_texts(const json_document *object, const char *key, text_span **texts, size_t *n) {
    const json_document *array = document_get(object, key);
    size_t count = document_count(array);
    if (count == 0) return false;
    *texts = must_allocate(count * sizeof **texts);
    for (*n = 0; *n < count; ++*n) {
        text_span *text = &(*texts)[*n];
        text->bytes = document_string(document_at(array, *n), &text->n);
        if (text->bytes == NULL) return false;
    }
    return true;
}

static int check_references(const reading *at, const longbench_item *item) {
    for (size_t i = 0; i < item->n_references; i++) {
        const char *problem = metric_task_reference_fault(at->file->task, item->references[i]);
        if (problem != NULL) return fault(at, problem);
    }
    return EXIT_CODE_OK;
}

/* {"input", "context", "answers", "length", "dataset", "language", "all_classes", "_id"} */
static int read_longbench(const reading *at, const json_document *line) {
    longbench_item *item = add_item(at->items);
    text_span id;
    if (!get_text(line, "_id", &id) || id.n == 0) return fault(at, "`_id` is missing or not a string");
    if (memchr(id.bytes, '\0', id.n) != NULL) return fault(at, "`_id` has a NUL in it");
    item->id = make_text(id.bytes, id.n);
    if (!get_text(line, "input", &item->input)) return fault(at, "`input` is missing or not a string");
    if (!get_text(line, "context", &item->context)) return fault(at, "`context` is missing or not a string");
    if (!get_texts(line, "answers", &item->references, &item->n_references))
        return fault(at, "`answers` is missing, empty or not an array of strings");
    if (document_has(line, "length") &&
        (!document_get_integer(line, "length", &item->length) || item->length < 0))
        return fault(at, "`length` is not a whole number of at least 0");
    if (at->file->task->kind == METRIC_CLASSES &&
        !get_texts(line, "all_classes", &item->classes, &item->n_classes))
        return fault(at, "`all_classes` is missing, empty or not an array of strings");
    return check_references(at, item);
}

/* {"input", "instructions", "outputs"}: a document and the questions on it. */
static int read_leval(const reading *at, const json_document *line) {
    const json_document *questions = document_get(line, "instructions"),
                        *answers = document_get(line, "outputs");
    text_span context;
    if (!get_text(line, "input", &context)) return fault(at, "`input` is missing or not a string");
    if (document_count(questions) == 0) return fault(at, "`instructions` is missing, empty or not an array");
    if (document_count(answers) != document_count(questions))
        return fault(at, "`outputs` is not an array of as many strings as `instructions`");
    for (size_t i = 0; i < document_count(questions) && !is_full(at); i++) {
        longbench_item *item = add_item(at->items);
        char id[48];
        int n = snprintf(id, sizeof id, "%lld.%zu", (long long)at->i_line, i + 1);
        item->id = make_text(id, (size_t)n);
        item->context = context;
        item->input.bytes = document_string(document_at(questions, i), &item->input.n);
        item->references = must_allocate(sizeof *item->references);
        item->references[0].bytes = document_string(document_at(answers, i), &item->references[0].n);
        if (item->input.bytes == NULL) return fault(at, "`instructions` has something that is not a string");
        if (item->references[0].bytes == NULL) return fault(at, "`outputs` has something that is not a string");
        item->n_references = 1;
        int code = check_references(at, item);
        if (code != EXIT_CODE_OK) return code;
    }
    return EXIT_CODE_OK;
}

/* {"prompt", "expected_number"}. The digits are moved with the list: they are pointed to when it is complete.
 */
static int read_lines(const reading *at, const json_document *line) {
    longbench_item *item = add_item(at->items);
    int64_t number;
    char id[24];
    int n = snprintf(id, sizeof id, "%lld", (long long)at->i_line);
    item->id = make_text(id, (size_t)n);
    if (!get_text(line, "prompt", &item->context)) return fault(at, "`prompt` is missing or not a string");
    if (!document_get_integer(line, "expected_number", &number) || number < 0)
        return fault(at, "`expected_number` is missing or not a whole number of at least 0");
    snprintf(item->digits, sizeof item->digits, "%lld", (long long)number);
    return EXIT_CODE_OK;
}

static int take_line(void *user, int64_t i_line, json_document *line) {
    reading *at = user;
    longbench_items *items = at->items;
    if (is_full(at)) {
        document_free(line);
        return EXIT_CODE_OK;
    }
    at->i_line = i_line;
    items->lines = must_reallocate(items->lines, (items->n_lines + 1) * sizeof(json_document *));
    items->lines[items->n_lines++] = line;
    switch (at->file->task->suite) {
    case SUITE_LONGBENCH: return read_longbench(at, line);
    case SUITE_LEVAL: return read_leval(at, line);
    case SUITE_LINES: break;
    }
    return read_lines(at, line);
}

static void point_to_digits(longbench_items *items) {
    for (size_t i = 0; i < items->n; i++) {
        longbench_item *item = &items->list[i];
        if (item->references != NULL) continue;
        item->references = must_allocate(sizeof *item->references);
        item->references[0] = text_span_of(item->digits);
        item->n_references = 1;
    }
}

static int compare_ids(const void *left, const void *right) {
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* eval.py's files tell answers apart by them. */
static int check_ids(const task_file *file, const longbench_items *items) {
    const char **ids = must_allocate((items->n + 1) * sizeof(const char *));
    int code = EXIT_CODE_OK;
    for (size_t i = 0; i < items->n; i++) ids[i] = items->list[i].id;
    qsort((void *)ids, items->n, sizeof *ids, compare_ids);
    for (size_t i = 1; i < items->n && code == EXIT_CODE_OK; i++)
        if (strcmp(ids[i - 1], ids[i]) == 0)
            code =
                message_error(EXIT_CODE_FAILURE, "%s: two lines have the `_id` %.80s; download the file again",
                              file->path, ids[i]);
    free((void *)ids);
    return code;
}

int longbench_items_read(const task_file *file, int64_t limit, longbench_items *items) {
    reading at = {file, limit, 0, items};
    int code = json_lines_read(file->path, take_line, &at);
    if (code == EXIT_CODE_OK && items->n == 0)
        code = message_error(EXIT_CODE_FAILURE, "%s holds no questions; download it again", file->path);
    if (code == EXIT_CODE_OK) point_to_digits(items);
    return code == EXIT_CODE_OK ? check_ids(file, items) : code;
}
