#include "needle_report.h"

#include "eval/interval.h"
#include "model_session.h"

#include <string.h>

needle_tally needle_count(const needle_run *run, int i_plan, int64_t length, double depth) {
    needle_tally t = {.within_limit = true};
    for (int64_t i = 0; i < run->prompts.n; i++) {
        const needle_prompt *p = &run->prompts.list[i];
        const needle_outcome *o = needle_run_outcome(run, i_plan, i);
        if ((length > 0 && p->length != length) || (depth >= 0 && p->depth != depth)) continue;
        t.n_prompts++;
        t.n_not_run += o->state == NEEDLE_NOT_RUN;
        if (o->state != NEEDLE_DONE) continue;
        if (t.n_done == 0) t.plan = o->plan;
        if (t.plan != NULL && strcmp(t.plan, o->plan) != 0) t.plan = NULL;
        t.n_done++;
        t.n_exact += o->exact;
        t.n_right += o->n_found == p->n_values;
        t.score += (double)o->n_found / p->n_values;
        t.within_limit = t.within_limit && o->within_limit;
    }
    return t;
}

/* ---- The grid's axes ------------------------------------------------------------------------------------- */

int64_t needle_depth_count(const needle_run *run) {
    return run->prompts.task.layout == NEEDLE_WORD_LIST ? 1 : run->options->depths.n;
}

double needle_depth_at(const needle_run *run, int64_t i) {
    if (run->prompts.task.layout == NEEDLE_WORD_LIST) return 0;
    return 100 * (run->options->depths.values[i] / 100); /* as the prompts have it */
}

/* A length without prompts is past what any plan has memory for. */
static const char *state_of(const needle_tally *t) {
    if (t->n_prompts == 0 || t->n_not_run > 0) return "not run";
    return t->n_done == t->n_prompts ? "done" : "unfinished";
}

/* ---- Table ----------------------------------------------------------------------------------------------- */

static void print_share(int64_t n_good, int64_t n) {
    double low, high;
    interval_wilson(n_good, n, &low, &high);
    printf("   %.2f [%.2f %.2f]", (double)n_good / (double)n, low, high);
}

static bool has_several_values(const needle_run *run) { return run->prompts.task.n_values > 1; }

static void print_row(const needle_run *run, int i_plan, int64_t length) {
    needle_tally all = needle_count(run, i_plan, length, -1);
    printf("%8lld", (long long)length);
    for (int64_t d = 0; d < needle_depth_count(run); d++) {
        needle_tally t = needle_count(run, i_plan, length, needle_depth_at(run, d));
        const char *state = state_of(&t);
        if (strcmp(state, "done") == 0)
            printf(" %5.2f%s", t.score / (double)t.n_done, t.within_limit ? " " : "*");
        else
            printf(" %5s ", strcmp(state, "not run") == 0 ? "-" : ".");
    }
    if (all.n_done > 0) {
        if (has_several_values(run)) printf("   %.3f", all.score / (double)all.n_done);
        print_share(all.n_right, all.n_done);
        print_share(all.n_exact, all.n_done);
    }
    printf("\n");
}

static void print_plan(const needle_run *run, int i_plan) {
    printf("%splan %s\n%8s", i_plan > 0 ? "\n" : "", plan_at(run->options, i_plan), "length");
    for (int64_t d = 0; d < needle_depth_count(run); d++) {
        char depth[32] = "all";
        if (run->prompts.task.layout != NEEDLE_WORD_LIST)
            snprintf(depth, sizeof depth, "%.10g%%", needle_depth_at(run, d));
        printf(" %5s ", depth);
    }
    printf("%s   %-16s   %s\n", has_several_values(run) ? "   score" : "", "found", "exact");
    for (int64_t l = 0; l < run->options->lengths.n; l++)
        print_row(run, i_plan, run->options->lengths.values[l]);
}

void needle_print_table(const needle_run *run) {
    printf(
        "task %s: share of what was hidden for %lld %s that the answers hold; *: past the plan's limit, -: not "
        "run for want of memory, .: not finished\n",
        run->prompts.task.name, (long long)run->options->trials,
        run->options->trials == 1 ? "prompt" : "prompts");
    for (int i = 0; i < plan_count(run->options); i++) print_plan(run, i);
    fflush(stdout);
}

/* ---- CSV ------------------------------------------------------------------------------------------------- */

static void write_shares(FILE *stream, int64_t n_good, int64_t n) {
    double low, high;
    interval_wilson(n_good, n, &low, &high);
    if (n > 0)
        fprintf(stream, ",%lld,%.6f,%.6f", (long long)n_good, low, high);
    else
        fprintf(stream, ",,,");
}

/* Plans have commas, so their texts are quoted. */
static void write_cell(const needle_run *run, int i_plan, int64_t length, double depth, FILE *stream) {
    needle_tally t = needle_count(run, i_plan, length, depth);
    fprintf(stream, "\"%s\",%lld,%.10g,%s,%lld,%lld", plan_at(run->options, i_plan), (long long)length, depth,
            state_of(&t), (long long)run->options->trials, (long long)t.n_done);
    write_shares(stream, t.n_right, t.n_done);
    write_shares(stream, t.n_exact, t.n_done);
    if (t.n_done > 0)
        fprintf(stream, ",%.6f,%s,\"%s\"\n", t.score / (double)t.n_done, t.within_limit ? "true" : "false",
                t.plan != NULL ? t.plan : "");
    else
        fprintf(stream, ",,,\n");
}

void needle_write_csv(const needle_run *run, FILE *stream) {
    fprintf(stream,
            "plan,length,depth,state,trials,done,found,found_low,found_high,exact,exact_low,exact_high,score,"
            "within_limit,ran\n");
    for (int i = 0; i < plan_count(run->options); i++)
        for (int64_t l = 0; l < run->options->lengths.n; l++)
            for (int64_t d = 0; d < needle_depth_count(run); d++)
                write_cell(run, i, run->options->lengths.values[l], needle_depth_at(run, d), stream);
}

/* ---- JSON ------------------------------------------------------------------------------------------------ */

static void put_share(json_document *cell, const char *name, int64_t n_good, int64_t n) {
    json_document *share = document_object();
    double low, high;
    interval_wilson(n_good, n, &low, &high);
    document_put_integer(share, "n", n_good);
    document_put_real(share, "share", (double)n_good / (double)n);
    document_put_real(share, "low", low);
    document_put_real(share, "high", high);
    document_put(cell, name, share);
}

static json_document *cell_document(const needle_run *run, int i_plan, int64_t length, double depth) {
    needle_tally t = needle_count(run, i_plan, length, depth);
    json_document *cell = document_object();
    document_put_text(cell, "plan", plan_at(run->options, i_plan));
    document_put_integer(cell, "length", length);
    document_put_real(cell, "depth", depth);
    document_put_text(cell, "state", state_of(&t));
    document_put_integer(cell, "done", t.n_done);
    if (t.n_done == 0) return cell;
    put_share(cell, "found", t.n_right, t.n_done);
    put_share(cell, "exact", t.n_exact, t.n_done);
    document_put_real(cell, "score", t.score / (double)t.n_done);
    document_put_flag(cell, "within_limit", t.within_limit);
    if (t.plan != NULL) document_put_text(cell, "ran", t.plan);
    return cell;
}

json_document *needle_document(const needle_run *run, bool with_cost) {
    json_document *document = document_object(), *cells = document_array();
    sxt_model_info info;
    sxt_model_describe(run->model, &info);
    document_put_text(document, "task", run->prompts.task.name);
    document_put_integer(document, "n_ctx_train", info.n_ctx_train);
    document_put_integer(document, "trials", run->options->trials);
    for (int i = 0; i < plan_count(run->options); i++)
        for (int64_t l = 0; l < run->options->lengths.n; l++)
            for (int64_t d = 0; d < needle_depth_count(run); d++)
                document_append(
                    cells, cell_document(run, i, run->options->lengths.values[l], needle_depth_at(run, d)));
    document_put(document, "cells", cells);
    if (!with_cost) return document;
    document_put_integer(document, "prompt_tokens", run->n_tokens);
    document_put_integer(document, "read_tokens", run->n_read);
    document_put_real(document, "seconds", run->seconds);
    return document;
}
