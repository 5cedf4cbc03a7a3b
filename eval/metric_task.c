#include "eval/metric_task.h"

#include "eval/metric_answer.h"
#include "eval/metric_exam.h"

#define SINGLE "single-document QA"
#define MULTI "multi-document QA"
#define SUMMARY "summarization"
#define FEW_SHOT "few-shot learning"
#define SYNTHETIC "synthetic tasks"
#define CODE "code completion"

static const metric_task tasks[] = {
    {"narrativeqa", SUITE_LONGBENCH, METRIC_QA_F1, SINGLE, false, false, false, false},
    {"qasper", SUITE_LONGBENCH, METRIC_QA_F1, SINGLE, false, false, false, false},
    {"multifieldqa_en", SUITE_LONGBENCH, METRIC_QA_F1, SINGLE, false, false, false, false},
    {"multifieldqa_zh", SUITE_LONGBENCH, METRIC_QA_F1_ZH, SINGLE, true, false, false, false},
    {"hotpotqa", SUITE_LONGBENCH, METRIC_QA_F1, MULTI, false, false, false, false},
    {"2wikimqa", SUITE_LONGBENCH, METRIC_QA_F1, MULTI, false, false, false, false},
    {"musique", SUITE_LONGBENCH, METRIC_QA_F1, MULTI, false, false, false, false},
    {"dureader", SUITE_LONGBENCH, METRIC_ROUGE_L_ZH, MULTI, true, false, false, false},
    {"gov_report", SUITE_LONGBENCH, METRIC_ROUGE_L, SUMMARY, false, false, false, false},
    {"qmsum", SUITE_LONGBENCH, METRIC_ROUGE_L, SUMMARY, false, false, false, false},
    {"multi_news", SUITE_LONGBENCH, METRIC_ROUGE_L, SUMMARY, false, false, false, false},
    {"vcsum", SUITE_LONGBENCH, METRIC_ROUGE_L_ZH, SUMMARY, true, false, false, false},
    {"trec", SUITE_LONGBENCH, METRIC_CLASSES, FEW_SHOT, false, true, true, false},
    {"triviaqa", SUITE_LONGBENCH, METRIC_QA_F1, FEW_SHOT, false, true, true, false},
    {"samsum", SUITE_LONGBENCH, METRIC_ROUGE_L, FEW_SHOT, false, true, true, true},
    {"lsht", SUITE_LONGBENCH, METRIC_CLASSES, FEW_SHOT, true, true, true, false},
    {"passage_count", SUITE_LONGBENCH, METRIC_COUNT, SYNTHETIC, false, false, false, false},
    {"passage_retrieval_en", SUITE_LONGBENCH, METRIC_RETRIEVAL, SYNTHETIC, false, false, false, false},
    {"passage_retrieval_zh", SUITE_LONGBENCH, METRIC_RETRIEVAL_ZH, SYNTHETIC, true, false, false, false},
    {"lcc", SUITE_LONGBENCH, METRIC_CODE, CODE, false, false, true, false},
    {"repobench-p", SUITE_LONGBENCH, METRIC_CODE, CODE, false, false, true, false},
    {"tpo", SUITE_LEVAL, METRIC_CHOICE, NULL, false, false, false, false},
    {"quality", SUITE_LEVAL, METRIC_CHOICE, NULL, false, false, false, false},
    {"coursera", SUITE_LEVAL, METRIC_CHOICES, NULL, false, false, false, false},
    {"gsm100", SUITE_LEVAL, METRIC_NUMBER, NULL, false, false, false, false},
    {"codeU", SUITE_LEVAL, METRIC_OUTPUT, NULL, false, false, false, false},
    {"sci_fi", SUITE_LEVAL, METRIC_VERDICTS, NULL, false, false, false, false},
    {"topic_retrieval_longchat", SUITE_LEVAL, METRIC_TEXT, NULL, false, false, false, false},
    {"lines", SUITE_LINES, METRIC_LAST_NUMBER, NULL, false, false, false, false},
};

const metric_task *metric_task_at(size_t i) { return i < sizeof tasks / sizeof *tasks ? &tasks[i] : NULL; }

/* "200_lines" and "lines_200": the published files, and those that carry the number behind. */
static bool is_lines(text_span name) {
    text_span rest = name, number;
    if (!text_next_number(&rest, &number)) return false;
    size_t at = (size_t)(number.bytes - name.bytes);
    text_span before = text_cut(name, 0, at), behind = text_cut(name, at + number.n, name.n);
    return (before.n == 0 && text_equal(behind, text_span_of("_lines"))) ||
           (behind.n == 0 && text_equal(before, text_span_of("lines_")));
}

const metric_task *metric_task_find(text_span name) {
    const size_t n_tasks = sizeof tasks / sizeof *tasks;
    bool is_even = name.n > 2 && text_equal(text_cut(name, name.n - 2, name.n), text_span_of("_e"));
    text_span stem = is_even ? text_cut(name, 0, name.n - 2) : name;
    if (is_lines(name)) return &tasks[n_tasks - 1];
    for (size_t i = 0; i + 1 < n_tasks; i++)
        if (text_equal(tasks[i].suite == SUITE_LONGBENCH ? stem : name, text_span_of(tasks[i].name)))
            return &tasks[i];
    return NULL;
}

const char *metric_task_measure(const metric_task *task) {
    switch (task->kind) {
    case METRIC_QA_F1: return "F1";
    case METRIC_QA_F1_ZH: return "Chinese F1";
    case METRIC_ROUGE_L: return "ROUGE-L";
    case METRIC_ROUGE_L_ZH: return "Chinese ROUGE-L";
    case METRIC_CLASSES: return "accuracy of class";
    case METRIC_RETRIEVAL:
    case METRIC_RETRIEVAL_ZH:
    case METRIC_COUNT: return "share of numbers";
    case METRIC_CODE: return "edit similarity";
    case METRIC_LAST_NUMBER: return "last number";
    default: return "exact match";
    }
}

bool metric_task_is_right_or_wrong(const metric_task *task) {
    switch (task->kind) {
    case METRIC_CHOICE:
    case METRIC_NUMBER:
    case METRIC_OUTPUT:
    case METRIC_TEXT:
    case METRIC_LAST_NUMBER: return true;
    default: return false;
    }
}

bool metric_task_needs_words(const metric_task *task) {
    return task->kind == METRIC_QA_F1_ZH || task->kind == METRIC_ROUGE_L_ZH;
}

const char *metric_task_reference_fault(const metric_task *task, text_span reference) {
    text_span number, word;
    if (task->kind == METRIC_RETRIEVAL && !metric_retrieval_number(reference, "Paragraph ", &number))
        return "an answer has no number behind \"Paragraph \"";
    if (task->kind == METRIC_RETRIEVAL_ZH && !metric_retrieval_number(reference, "段落", &number))
        return "an answer has no number behind \"段落\"";
    if (task->kind == METRIC_VERDICTS && !text_contains(reference, text_span_of("[fact:")))
        return "an answer has no \"[fact: ...]\"";
    if (task->suite == SUITE_LEVAL && !text_next_word(&reference, &word)) return "an answer is empty";
    return NULL;
}

static bool score_one(metric_kind kind, text_span answer, text_span reference, const text_span *classes,
                      size_t n_classes, double *score) {
    switch (kind) {
    case METRIC_QA_F1: return metric_qa_f1(answer, reference, score);
    case METRIC_QA_F1_ZH: return metric_qa_f1_chinese(answer, reference, score);
    case METRIC_ROUGE_L:
    case METRIC_ROUGE_L_ZH: return metric_rouge_l(answer, reference, score);
    case METRIC_CLASSES: return metric_classes(answer, reference, classes, n_classes, score);
    case METRIC_RETRIEVAL: metric_retrieval(answer, reference, "Paragraph ", score); return true;
    case METRIC_RETRIEVAL_ZH: metric_retrieval(answer, reference, "段落", score); return true;
    case METRIC_COUNT: metric_count(answer, reference, score); return true;
    case METRIC_CODE: return metric_code(answer, reference, score);
    case METRIC_CHOICE: return metric_exam_choice(answer, reference, false, score);
    case METRIC_CHOICES: return metric_exam_choice(answer, reference, true, score);
    case METRIC_NUMBER: return metric_exam_number(answer, reference, score);
    case METRIC_OUTPUT: return metric_exam_output(answer, reference, score);
    case METRIC_VERDICTS: return metric_exam_verdicts(answer, reference, score);
    case METRIC_TEXT: return metric_exam_text(answer, reference, score);
    case METRIC_LAST_NUMBER: metric_last_number(answer, reference, score); return true;
    }
    *score = 0;
    return true;
}

bool metric_task_score(const metric_task *task, text_span prediction, const text_span *references,
                       size_t n_references, const text_span *classes, size_t n_classes, double *score) {
    text_span answer = task->first_line_only ? text_first_line(prediction) : prediction;
    double best = 0;
    for (size_t i = 0; i < n_references; i++) {
        double one;
        if (!score_one(task->kind, answer, references[i], classes, n_classes, &one)) return false;
        if (one > best) best = one;
    }
    *score = best;
    return true;
}
