/* Two output folders side by side. */
#include "command.h"

#include "eval/interval.h"
#include "eval/result_store.h"
#include "exit_code.h"
#include "json_document.h"
#include "message.h"
#include "text_buffer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the scores of cells are whose keys begin so. Those in nats are means over the cell's `n` predictions,
 * and told as what users know them by. */
typedef struct figure_kind {
    const char *prefix, *unit;
    bool is_in_nats;
    double (*told)(double mean);
} figure_kind;

static double cost_in_percent(double nats) { return 100 * expm1(nats); }

static const figure_kind kinds[] = {{"perplexity|", "perplexity", true, exp},
                                    {"short|", "% cost", true, cost_in_percent},
                                    {"speed|", "tokens/s", false, NULL},
                                    {"", "share", false, NULL}};

static const figure_kind *kind_of(const char *key) {
    const figure_kind *kind = kinds;
    while (strncmp(key, kind->prefix, strlen(kind->prefix)) != 0) kind++;
    return kind;
}

/* Repeats of one figure, in one run. */
typedef struct figure {
    char *name; /* the cells' key up to its last | */
    const figure_kind *kind;
    int64_t n, n_right;
    double score, weight; /* sums */
    bool is_share;        /* every cell says whether it is right */
} figure;

/* A run's figures, in the order of their names. */
typedef struct run_figures {
    const char *folder;
    result_store *store;
    figure *list;
    int64_t n;
    bool damaged;
} run_figures;

/* ---- Reading --------------------------------------------------------------------------------------------- */

static figure *figure_of(run_figures *run, const char *key) {
    const char *bar = strrchr(key, '|');
    size_t n = bar != NULL ? (size_t)(bar - key) : strlen(key);
    figure *last = run->n > 0 ? &run->list[run->n - 1] : NULL;
    if (last != NULL && strlen(last->name) == n && memcmp(last->name, key, n) == 0) return last;
    run->list = must_reallocate(run->list, (size_t)(run->n + 1) * sizeof *run->list);
    figure *added = &run->list[run->n++];
    *added = (figure){.name = must_allocate(n + 1), .kind = kind_of(key), .is_share = true};
    memcpy(added->name, key, n);
    added->name[n] = '\0';
    return added;
}

static bool add_cell(void *user, const char *key, const char *value) {
    run_figures *run = user;
    char problem[256];
    int64_t right = 0, n_predictions = 1;
    double score = 0;
    json_document *cell = document_parse(value, strlen(value), problem, sizeof problem);
    bool good = cell != NULL && document_is_object(cell);
    bool has_right = good && document_get_integer(cell, "right", &right);
    bool has_score = good && document_get_real(cell, "score", &score);
    if (good && kind_of(key)->is_in_nats) document_get_integer(cell, "n", &n_predictions);
    if (cell != NULL) document_free(cell);
    run->damaged = !good;
    if (!good || (!has_right && !has_score)) return good;
    figure *f = figure_of(run, key);
    f->n++;
    f->n_right += right != 0;
    f->score += (double)n_predictions * (has_score ? score : (double)(right != 0));
    f->weight += (double)n_predictions;
    f->is_share = f->is_share && has_right;
    return true;
}

static int compare_names(const void *a, const void *b) {
    return strcmp(((const figure *)a)->name, ((const figure *)b)->name);
}

/* Keys and names are not always in one order: where a name begins with another one, its repeats can lie apart.
 */
static void gather(run_figures *run) {
    int64_t n = 0;
    qsort(run->list, (size_t)run->n, sizeof *run->list, compare_names);
    for (int64_t i = 0; i < run->n; i++) {
        figure *f = &run->list[i], *last = n > 0 ? &run->list[n - 1] : NULL;
        if (last == NULL || strcmp(last->name, f->name) != 0) {
            run->list[n++] = *f;
            continue;
        }
        last->n += f->n;
        last->n_right += f->n_right;
        last->score += f->score;
        last->weight += f->weight;
        last->is_share = last->is_share && f->is_share;
        free(f->name);
    }
    run->n = n;
}

static int open_run(run_figures *run) {
    char problem[1024];
    result_store_answer answer =
        result_store_open(run->folder, RESULT_STORE_READ, NULL, 0, &run->store, problem, sizeof problem);
    if (answer == RESULT_STORE_REFUSED) return message_error(EXIT_CODE_USAGE, "%s", problem);
    if (answer != RESULT_STORE_OK || !result_store_each(run->store, "", add_cell, run, problem, sizeof problem))
        return message_error(EXIT_CODE_FAILURE, "%s", problem);
    if (run->damaged)
        return message_error(EXIT_CODE_FAILURE,
                             "%s/results.sqlite has a cell that is no JSON object; make it anew", run->folder);
    if (run->n == 0)
        return message_error(EXIT_CODE_USAGE,
                             "%s/results.sqlite has no figures; give the folder of a run that has "
                             "finished something",
                             run->folder);
    gather(run);
    return EXIT_CODE_OK;
}

static void close_run(run_figures *run) {
    for (int64_t i = 0; i < run->n; i++) free(run->list[i].name);
    free(run->list);
    result_store_close(run->store);
}

/* ---- Side by side ---------------------------------------------------------------------------------------- */

/* A figure that both runs have. */
typedef struct pair {
    const figure *a, *b;
    double value[2], low[2], high[2];
    bool has_intervals, overlap;
} pair;

static void fill_side(pair *p, int side, const figure *f) {
    const double mean = f->score / f->weight;
    p->value[side] = p->has_intervals        ? (double)f->n_right / (double)f->n
                     : f->kind->told != NULL ? f->kind->told(mean)
                                             : mean;
    if (p->has_intervals) interval_wilson(f->n_right, f->n, &p->low[side], &p->high[side]);
}

static pair make_pair(const figure *a, const figure *b) {
    pair p = {.a = a, .b = b, .has_intervals = a->is_share && b->is_share};
    fill_side(&p, 0, a);
    fill_side(&p, 1, b);
    p.overlap = p.low[0] <= p.high[1] && p.low[1] <= p.high[0];
    return p;
}

static void print_side(const pair *p, int side) {
    printf("  %8.4f", p->value[side]);
    if (p->has_intervals)
        printf(" [%.2f %.2f]", p->low[side], p->high[side]);
    else
        printf(" %11s", "");
    printf(" %6lld", (long long)(side == 0 ? p->a : p->b)->n);
}

static void print_pair(const pair *p) {
    text_buffer name = {0};
    text_buffer_add_visible(&name, p->a->name, strlen(p->a->name), VISIBLE_ONE_LINE, true);
    printf("%-52s %-10s", name.bytes != NULL ? name.bytes : "", p->a->kind->unit);
    text_buffer_free(&name);
    print_side(p, 0);
    print_side(p, 1);
    printf("  %+8.4f  %s\n", p->value[1] - p->value[0],
           !p->has_intervals ? ""
           : p->overlap      ? "overlap"
                             : "apart");
}

static void put_side(json_document *row, const char *name, const pair *p, int side) {
    json_document *document = document_object();
    document_put_real(document, "value", p->value[side]);
    document_put_integer(document, "n", (side == 0 ? p->a : p->b)->n);
    if (p->has_intervals) {
        document_put_real(document, "low", p->low[side]);
        document_put_real(document, "high", p->high[side]);
    }
    document_put(row, name, document);
}

static void put_pair(json_document *rows, const pair *p) {
    json_document *row = document_object();
    document_put_text(row, "figure", p->a->name);
    document_put_text(row, "unit", p->a->kind->unit);
    put_side(row, "a", p, 0);
    put_side(row, "b", p, 1);
    document_put_real(row, "difference", p->value[1] - p->value[0]);
    if (p->has_intervals) document_put_flag(row, "overlap", p->overlap);
    document_append(rows, row);
}

static void tell_fact(const char *name, const char *left, const char *right, json_document *facts) {
    if (left == NULL) left = "";
    if (right == NULL) right = "";
    if (strcmp(left, right) == 0) return;
    if (facts == NULL) {
        text_buffer line = {0};
        text_buffer_print(&line, "%s: %s | %s", name, left, right);
        text_buffer visible = {0};
        text_buffer_add_visible(&visible, line.bytes, line.n_bytes, VISIBLE_ONE_LINE, true);
        printf("%s\n", visible.bytes);
        text_buffer_free(&line);
        text_buffer_free(&visible);
        return;
    }
    json_document *fact = document_object();
    document_put_text(fact, "a", left);
    document_put_text(fact, "b", right);
    document_put(facts, name, fact);
}

/* What the runs say of themselves, where they differ. */
static void tell_facts(const run_figures *a, const run_figures *b, json_document *facts) {
    result_fact fact;
    for (int i = 0; result_store_fact_at(a->store, i, &fact); i++)
        tell_fact(fact.name, fact.value, result_store_fact(b->store, fact.name), facts);
    for (int i = 0; result_store_fact_at(b->store, i, &fact); i++)
        if (result_store_fact(a->store, fact.name) == NULL) tell_fact(fact.name, NULL, fact.value, facts);
}

/* Runs that measured different things stand beside each other in nothing. */
static int check_common(const run_figures *a, const run_figures *b) {
    const char *left = result_store_fact(a->store, "command"), *right = result_store_fact(b->store, "command");
    for (int64_t i = 0, k = 0; i < a->n && k < b->n;) {
        int order = strcmp(a->list[i].name, b->list[k].name);
        if (order == 0) return EXIT_CODE_OK;
        i += order < 0;
        k += order > 0;
    }
    return message_error(
        EXIT_CODE_USAGE,
        "%s (%s) and %s (%s) have no figure in common; give two runs of the same plans and lengths", a->folder,
        left != NULL ? left : "?", b->folder, right != NULL ? right : "?");
}

/* Both lists are in order: one walk over them. */
static void compare_figures(const run_figures *a, const run_figures *b, json_document *rows,
                            int64_t n_only[2]) {
    int64_t i = 0, k = 0;
    while (i < a->n || k < b->n) {
        int order = i == a->n ? 1 : k == b->n ? -1 : strcmp(a->list[i].name, b->list[k].name);
        if (order == 0) {
            pair p = make_pair(&a->list[i], &b->list[k]);
            if (rows != NULL)
                put_pair(rows, &p);
            else
                print_pair(&p);
        } else {
            n_only[order > 0]++;
        }
        i += order <= 0;
        k += order >= 0;
    }
}

static void tell(const option_values *options, const run_figures *a, const run_figures *b) {
    int64_t n_only[2] = {0, 0};
    if (options->json) {
        json_document *document = document_object(), *facts = document_object(), *rows = document_array();
        tell_facts(a, b, facts);
        compare_figures(a, b, rows, n_only);
        document_put(document, "facts_that_differ", facts);
        document_put(document, "figures", rows);
        document_put_integer(document, "only_in_a", n_only[0]);
        document_put_integer(document, "only_in_b", n_only[1]);
        document_print(document);
        return;
    }
    tell_facts(a, b, NULL);
    printf("%-52s %-10s  %8s %-11s %6s  %8s %-11s %6s  %8s\n", "figure", "unit", "A", "95 %", "n", "B", "95 %",
           "n", "B - A");
    compare_figures(a, b, NULL, n_only);
    if (n_only[0] > 0 || n_only[1] > 0)
        printf("%lld only in A, %lld only in B\n", (long long)n_only[0], (long long)n_only[1]);
}

int command_compare_runs(const option_values *options) {
    if (options->n_positional != 2)
        return message_error(EXIT_CODE_USAGE,
                             "compare-runs needs two output folders: sextant compare-runs A B");
    run_figures a = {.folder = options->positional[0]}, b = {.folder = options->positional[1]};
    int code = open_run(&a);
    if (code == EXIT_CODE_OK) code = open_run(&b);
    if (code == EXIT_CODE_OK) code = check_common(&a, &b);
    if (code == EXIT_CODE_OK) tell(options, &a, &b);
    close_run(&a);
    close_run(&b);
    return code;
}
