#include "eval/longbench_scores.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *const length_names[N_LENGTH_CLASSES] = {"0-4k", "4-8k", "8k+"};

static void add(score_sum *sum, double score) {
    sum->sum += score;
    sum->n++;
}

/* In percent; NaN of nothing. */
static double mean(const score_sum *sum) { return sum->n > 0 ? 100 * sum->sum / (double)sum->n : (double)NAN; }

void task_score_add(task_score *score, const longbench_item *item, const longbench_answer *answer) {
    add(&score->all, answer->score);
    if (item->length >= 0)
        add(&score->by_length[item->length < 4000 ? 0 : item->length < 8000 ? 1 : 2], answer->score);
    score->n_cut += answer->is_cut;
    score->n_past_limit += !answer->within_limit;
    if (answer->n_tokens > score->longest) score->longest = answer->n_tokens;
}

/* ---- Averages -------------------------------------------------------------------------------------------- */

/* Tasks that belong into one average: LongBench's in English and code, LongBench-E's, L-Eval's, lines. */
typedef enum family { FAMILY_LONGBENCH, FAMILY_LONGBENCH_E, FAMILY_LEVAL, FAMILY_LINES, N_FAMILIES } family;

static const char *const family_names[N_FAMILIES] = {"LongBench", "LongBench-E", "L-Eval", "line retrieval"};

static family family_of(const task_file *file) {
    switch (file->task->suite) {
    case SUITE_LEVAL: return FAMILY_LEVAL;
    case SUITE_LINES: return FAMILY_LINES;
    case SUITE_LONGBENCH: break;
    }
    return strcmp(file->name, file->task->name) == 0 ? FAMILY_LONGBENCH : FAMILY_LONGBENCH_E;
}

enum { MOST_GROUPS = 8 };

typedef struct averages {
    score_sum tasks;                       /* of the tasks' means */
    score_sum by_length[N_LENGTH_CLASSES]; /* likewise */
    struct {
        const char *name;
        score_sum tasks;
    } groups[MOST_GROUPS];
    int n_groups;
} averages;

static void add_to_group(averages *all, const char *name, double score) {
    int i = 0;
    while (i < all->n_groups && strcmp(all->groups[i].name, name) != 0) i++;
    if (i == MOST_GROUPS) return;
    if (i == all->n_groups) all->groups[all->n_groups++].name = name;
    add(&all->groups[i].tasks, score);
}

/* Every task counts the same, however many questions it has. */
static averages average(const task_scores *scores, const char *plan, family wanted) {
    averages all = {0};
    for (size_t i = 0; i < scores->n; i++) {
        const task_score *score = &scores->list[i];
        const metric_task *task = score->file->task;
        if (strcmp(score->plan, plan) != 0 || family_of(score->file) != wanted || task->is_chinese ||
            score->all.n == 0)
            continue;
        add(&all.tasks, mean(&score->all) / 100);
        for (int k = 0; k < N_LENGTH_CLASSES; k++)
            if (score->by_length[k].n > 0) add(&all.by_length[k], mean(&score->by_length[k]) / 100);
        if (task->group != NULL) add_to_group(&all, task->group, mean(&score->all) / 100);
    }
    return all;
}

/* Every group of tasks counts the same: the average of the published table. */
static double mean_of_groups(const averages *all) {
    score_sum groups = {0};
    for (int i = 0; i < all->n_groups; i++) add(&groups, mean(&all->groups[i].tasks) / 100);
    return mean(&groups);
}

/* ---- JSON ------------------------------------------------------------------------------------------------ */

static json_document *lengths_document(const score_sum sums[N_LENGTH_CLASSES]) {
    json_document *lengths = document_object();
    for (int k = 0; k < N_LENGTH_CLASSES; k++)
        if (sums[k].n > 0) document_put_real(lengths, length_names[k], mean(&sums[k]));
    return lengths;
}

static json_document *task_document(const task_score *score) {
    json_document *row = document_object();
    document_put_text(row, "task", score->file->name);
    document_put_text(row, "suite", family_names[family_of(score->file)]);
    if (score->file->task->group != NULL) document_put_text(row, "group", score->file->task->group);
    document_put_text(row, "measure", metric_task_measure(score->file->task));
    document_put_text(row, "plan", score->plan);
    document_put_integer(row, "questions", score->n_asked);
    document_put_integer(row, "answered", score->all.n);
    document_put_real(row, "score", mean(&score->all));
    document_put(row, "by_length", lengths_document(score->by_length));
    document_put_integer(row, "longest_prompt", score->longest);
    document_put_integer(row, "cut", score->n_cut);
    document_put_integer(row, "past_limit", score->n_past_limit);
    return row;
}

static json_document *average_document(const char *plan, family which, const averages *all) {
    json_document *row = document_object();
    document_put_text(row, "suite", family_names[which]);
    document_put_text(row, "plan", plan);
    document_put_integer(row, "tasks", all->tasks.n);
    document_put_real(row, "score", mean(&all->tasks));
    document_put(row, "by_length", lengths_document(all->by_length));
    if (all->n_groups == 0) return row;
    json_document *groups = document_object();
    for (int i = 0; i < all->n_groups; i++)
        document_put_real(groups, all->groups[i].name, mean(&all->groups[i].tasks));
    document_put(row, "groups", groups);
    document_put_real(row, "mean_of_groups", mean_of_groups(all));
    return row;
}

/* True for the first task of a plan: there its averages are taken. */
static bool begins_plan(const task_scores *scores, size_t i) {
    return i == 0 || strcmp(scores->list[i].plan, scores->list[i - 1].plan) != 0;
}

json_document *task_scores_document(const task_scores *scores) {
    json_document *document = document_object(), *rows = document_array(), *means = document_array();
    for (size_t i = 0; i < scores->n; i++)
        if (scores->list[i].all.n > 0) document_append(rows, task_document(&scores->list[i]));
    for (size_t i = 0; i < scores->n; i++)
        for (family k = 0; begins_plan(scores, i) && k < N_FAMILIES; k++) {
            averages all = average(scores, scores->list[i].plan, k);
            if (all.tasks.n > 0) document_append(means, average_document(scores->list[i].plan, k, &all));
        }
    document_put(document, "tasks", rows);
    document_put(document, "averages", means);
    return document;
}

/* ---- CSV ------------------------------------------------------------------------------------------------- */

static void write_score(const score_sum *sum, FILE *stream) {
    if (sum->n > 0)
        fprintf(stream, ",%.6f", mean(sum));
    else
        fprintf(stream, ",");
}

/* Plans have commas, so their texts are quoted. */
static void write_row(const task_score *score, FILE *stream) {
    const metric_task *task = score->file->task;
    fprintf(stream, "\"%s\",%s,%s,%s,%s,%lld,%lld", score->plan, score->file->name,
            family_names[family_of(score->file)], task->group != NULL ? task->group : "",
            metric_task_measure(task), (long long)score->n_asked, (long long)score->all.n);
    write_score(&score->all, stream);
    for (int k = 0; k < N_LENGTH_CLASSES; k++) write_score(&score->by_length[k], stream);
    fprintf(stream, ",%lld,%lld,%lld\n", (long long)score->longest, (long long)score->n_cut,
            (long long)score->n_past_limit);
}

void task_scores_write_csv(const task_scores *scores, FILE *stream) {
    fprintf(stream, "plan,task,suite,group,measure,questions,answered,score");
    for (int k = 0; k < N_LENGTH_CLASSES; k++) fprintf(stream, ",%s", length_names[k]);
    fprintf(stream, ",longest_prompt,cut,past_limit\n");
    for (size_t i = 0; i < scores->n; i++)
        if (scores->list[i].all.n > 0) write_row(&scores->list[i], stream);
}

/* ---- Table ----------------------------------------------------------------------------------------------- */

static void print_score(double score) {
    if (isnan(score))
        printf(" %7s", "-");
    else
        printf(" %7.2f", score);
}

static void print_lengths(const score_sum sums[N_LENGTH_CLASSES]) {
    for (int k = 0; k < N_LENGTH_CLASSES; k++) print_score(mean(&sums[k]));
}

static void print_row(const task_score *score) {
    printf("%-25s %-17s %5lld", score->file->name, metric_task_measure(score->file->task),
           (long long)score->all.n);
    print_score(mean(&score->all));
    print_lengths(score->by_length);
    printf(" %7lld %5lld%s\n", (long long)score->longest, (long long)score->n_cut,
           score->n_past_limit > 0 ? "*" : "");
}

static void print_averages(const task_scores *scores, const char *plan, family which) {
    averages all = average(scores, plan, which);
    if (all.tasks.n < 2) return;
    printf("%-25s %-17s %5lld", family_names[which], "mean of tasks", (long long)all.tasks.n);
    print_score(mean(&all.tasks));
    print_lengths(all.by_length);
    printf("\n");
    for (int i = 0; all.n_groups > 1 && i < all.n_groups; i++) {
        printf("  %-23s %-17s %5lld", all.groups[i].name, "mean of tasks", (long long)all.groups[i].tasks.n);
        print_score(mean(&all.groups[i].tasks));
        printf("\n");
    }
    if (all.n_groups < 2) return;
    printf("%-25s %-17s %5d", family_names[which], "mean of groups", all.n_groups);
    print_score(mean_of_groups(&all));
    printf("\n");
}

void task_scores_print(const task_scores *scores) {
    bool is_first = true;
    for (size_t i = 0; i < scores->n; i++) {
        const task_score *score = &scores->list[i];
        if (begins_plan(scores, i)) {
            printf("%splan %s (* past its limit)\n%-25s %-17s %5s %7s %7s %7s %7s %7s %5s\n",
                   is_first ? "" : "\n", score->plan, "task", "measure", "n", "score", length_names[0],
                   length_names[1], length_names[2], "longest", "cut");
            is_first = false;
        }
        if (score->all.n > 0) print_row(score);
        if (i + 1 == scores->n || begins_plan(scores, i + 1))
            for (family k = 0; k < N_FAMILIES; k++) print_averages(scores, score->plan, k);
    }
    fflush(stdout);
}
