#include "eval/longbench_output.h"

#include "exit_code.h"
#include "message.h"
#include "model_session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int longbench_make_folders(const option_values *options) {
    int code = EXIT_CODE_OK;
    for (int i = 0; options->output != NULL && i < plan_count(options) && code == EXIT_CODE_OK; i++) {
        text_buffer path = {0};
        text_buffer_print(&path, "%s/%s/", options->output, plan_at(options, i));
        if ((mkdir(path.bytes, 0777) != 0 && errno != EEXIST) || access(path.bytes, W_OK) != 0)
            code = message_error(EXIT_CODE_FAILURE, "-o: %s: %s; give a folder that can be written", path.bytes,
                                 strerror(errno));
        text_buffer_free(&path);
    }
    return code;
}

/* ---- Answers --------------------------------------------------------------------------------------------- */

typedef struct answer_list {
    const longbench_items *items;
    const longbench_answer *answers; /* (items->n) */
} answer_list;

static json_document *texts_document(const text_span *texts, size_t n) {
    json_document *array = document_array();
    for (size_t i = 0; i < n; i++) document_append(array, document_text(texts[i].bytes, texts[i].n));
    return array;
}

/* The fields that eval.py reads come first. */
static json_document *answer_document(const longbench_item *item, const longbench_answer *answer) {
    json_document *line = document_object();
    document_put(line, "pred", document_text(answer->text, answer->n_bytes));
    document_put(line, "answers", texts_document(item->references, item->n_references));
    document_put(line, "all_classes", texts_document(item->classes, item->n_classes));
    if (item->length >= 0) document_put_integer(line, "length", item->length);
    document_put_text(line, "_id", item->id);
    document_put_integer(line, "n_tokens", answer->n_tokens);
    document_put_integer(line, "cut", answer->is_cut);
    document_put_integer(line, "past_limit", !answer->within_limit);
    return line;
}

static bool write_answers(void *user, FILE *stream) {
    const answer_list *list = user;
    for (size_t i = 0; i < list->items->n; i++) {
        if (!list->answers[i].is_there) continue;
        json_document *line = answer_document(&list->items->list[i], &list->answers[i]);
        char *text = document_dump(line);
        fprintf(stream, "%s\n", text);
        free(text);
        document_free(line);
    }
    return true;
}

int longbench_write_answers(const option_values *options, const char *plan, const task_file *file,
                            const longbench_items *items, const longbench_answer *answers) {
    answer_list list = {items, answers};
    text_buffer name = {0};
    text_buffer_print(&name, "%s/%s.jsonl", plan, file->name);
    int code = output_folder_write(options, name.bytes, write_answers, &list);
    text_buffer_free(&name);
    return code;
}

/* ---- Scores ---------------------------------------------------------------------------------------------- */

static bool write_csv(void *user, FILE *stream) {
    task_scores_write_csv(user, stream);
    return true;
}

int longbench_write_scores(const option_values *options, const task_scores *scores) {
    task_scores list = *scores;
    json_document *document = task_scores_document(&list);
    int code = output_folder_write(options, "longbench.csv", write_csv, &list);
    if (code == EXIT_CODE_OK) code = output_folder_write_document(options, "longbench.json", document);
    document_free(document);
    return code;
}
