#include "eval/longbench_mark.h"

#include "exit_code.h"
#include "message.h"

static int no_memory(void) { return message_error(EXIT_CODE_FAILURE, "not enough memory to score an answer"); }

static int cut(segmenter *words, text_span text, text_made *made) {
    if (segmenter_cut(words, text, made)) return EXIT_CODE_OK;
    return message_error(
        EXIT_CODE_FAILURE,
        "the word segmenter jieba has ended or gave another text back; see that it has memory, "
        "then go on with --resume");
}

/* The best over the references, both sides with blanks between their words. */
static int mark_words(const metric_task *task, segmenter *words, const longbench_item *item,
                      longbench_answer *answer) {
    text_made said = {0};
    int code = cut(words, (text_span){answer->text, answer->n_bytes}, &said);
    answer->score = 0;
    for (size_t i = 0; i < item->n_references && code == EXIT_CODE_OK; i++) {
        text_made right = {0};
        double score = 0;
        code = cut(words, item->references[i], &right);
        const text_span reference = text_made_span(&right);
        if (code == EXIT_CODE_OK &&
            !metric_task_score(task, text_made_span(&said), &reference, 1, NULL, 0, &score))
            code = no_memory();
        if (score > answer->score) answer->score = score;
        text_made_free(&right);
    }
    text_made_free(&said);
    return code;
}

int longbench_mark(const metric_task *task, segmenter *words, const longbench_item *item,
                   longbench_answer *answer) {
    const text_span said = {answer->text, answer->n_bytes};
    if (metric_task_needs_words(task)) return mark_words(task, words, item, answer);
    if (metric_task_score(task, said, item->references, item->n_references, item->classes, item->n_classes,
                          &answer->score))
        return EXIT_CODE_OK;
    return no_memory();
}
