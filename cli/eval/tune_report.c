/* What `tune` says: every candidate with what was measured of it, and the choice beside auto's. */
#include "tune_job.h"

#include "json_document.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct ranked {
    const tune_job *job;
    int64_t candidate;
} ranked;

static int64_t n_items(const tune_result *r) { return r->n_windows + r->n_keys; }

/* Those that stayed longest in the race first, in each round the best first. */
static int by_rank(const void *a, const void *b) {
    const ranked *x = a, *y = b;
    const tune_result *p = &x->job->results[x->candidate], *q = &y->job->results[y->candidate];
    if (p->failed != q->failed) return p->failed ? 1 : -1;
    if (n_items(p) != n_items(q)) return n_items(p) > n_items(q) ? -1 : 1;
    double own = tune_loss(p, p->n_windows, p->n_keys), other = tune_loss(q, q->n_windows, q->n_keys);
    if (own != other) return own < other ? -1 : 1;
    return (x->candidate > y->candidate) - (x->candidate < y->candidate);
}

static ranked *rank_all(const tune_job *job) {
    ranked *order = must_allocate((size_t)job->candidates.n * sizeof *order);
    for (int64_t i = 0; i < job->candidates.n; i++) order[i] = (ranked){job, i};
    qsort(order, (size_t)job->candidates.n, sizeof *order, by_rank);
    return order;
}

/* ---- A document ------------------------------------------------------------------------------------------ */

static json_document *candidate_document(const tune_job *job, int64_t i) {
    const tune_result *r = &job->results[i];
    const tune_candidate *c = &job->candidates.list[i];
    tune_difference cost = tune_against_auto(job, i);
    json_document *row = document_object();
    document_put_text(row, "plan", c->plan);
    document_put_text(row, "method", c->method);
    if (c->window > 0) document_put_integer(row, "window", c->window);
    if (c->group > 0) document_put_integer(row, "group", c->group);
    document_put_integer(row, "windows", r->n_windows);
    document_put_integer(row, "keys", r->n_keys);
    document_put_real(row, "ppl_last_quarter", exp(tune_surprise(r, r->n_windows)));
    document_put_real(row, "accuracy", tune_found(r, r->n_keys));
    document_put_real(row, "loss", tune_loss(r, r->n_windows, r->n_keys));
    document_put_real(row, "perplexity_against_auto", cost.perplexity);
    document_put_real(row, "keys_against_auto", cost.keys);
    document_put_flag(row, "failed", r->failed);
    return row;
}

static void print_document(const tune_job *job, const ranked *order, int64_t chosen) {
    json_document *document = document_object(), *rows = document_array();
    document_put_integer(document, "target", job->options->target);
    document_put_integer(document, "trained_window", job->info.n_ctx_train);
    if (chosen >= 0)
        document_put(document, "chosen", candidate_document(job, chosen));
    else
        document_put_null(document, "chosen");
    document_put(document, "auto", candidate_document(job, 0));
    for (int64_t i = 0; i < job->candidates.n; i++)
        document_append(rows, candidate_document(job, order[i].candidate));
    document_put(document, "candidates", rows);
    document_print(document);
}

/* ---- A table --------------------------------------------------------------------------------------------- */

/* A figure, or a dash where nothing was measured. */
static void print_figure(const char *format, double value, int width) {
    char text[40] = "-";
    if (isfinite(value)) snprintf(text, sizeof text, format, value);
    printf(" %*s", width, text);
}

static void print_row(const tune_job *job, int64_t i) {
    const tune_result *r = &job->results[i];
    tune_difference cost = tune_against_auto(job, i);
    printf("%-44s %7lld %5lld", job->candidates.list[i].plan, (long long)r->n_windows, (long long)r->n_keys);
    print_figure("%.3f", exp(tune_surprise(r, r->n_windows)), 16);
    print_figure("%.3f", tune_found(r, r->n_keys), 8);
    print_figure("%+.2f %%", 100 * cost.perplexity, 10);
    print_figure("%+.1f", 0.0 - 100 * cost.keys, 7);
    printf("%s%s\n", i == 0 ? "  auto" : "", r->failed ? "  failed" : "");
}

static void print_choice(const tune_job *job, int64_t chosen) {
    tune_difference cost = tune_against_auto(job, chosen);
    printf("chosen for %lld tokens: %s", (long long)job->options->target, job->candidates.list[chosen].plan);
    if (chosen == 0)
        printf(", which is what auto runs");
    else if (isfinite(cost.perplexity) && isfinite(cost.keys))
        printf("; against auto: perplexity %+.2f %%, keys %+.1f points", 100 * cost.perplexity,
               0.0 - 100 * cost.keys);
    else if (isfinite(cost.keys))
        printf("; against auto: keys %+.1f points", 0.0 - 100 * cost.keys);
    printf("\n");
}

void tune_report(const tune_job *job, int64_t chosen) {
    ranked *order = rank_all(job);
    if (job->options->json) {
        print_document(job, order, chosen);
    } else {
        printf("%-44s %7s %5s %16s %8s %10s %7s\n", "plan", "windows", "keys", "ppl_last_quarter", "found",
               "ppl:auto", "keys");
        for (int64_t i = 0; i < job->candidates.n; i++)
            if (n_items(&job->results[order[i].candidate]) > 0 || job->results[order[i].candidate].failed)
                print_row(job, order[i].candidate);
        if (chosen >= 0) print_choice(job, chosen);
    }
    free(order);
}
