/* The cells of a report, counted: a plan at a length. */
#include "eval/interval.h"
#include "model_session.h"
#include "report_page.h"

#include <string.h>

kept_window *report_text_at(const report_job *job, int p, int64_t l) {
    return &job->text[((int64_t)p * job->n_lengths + l) * job->n_windows];
}

kept_short *report_short_at(const report_job *job, int i_short, int64_t l) {
    return &job->shorts[((int64_t)i_short * job->n_short_lengths + l) * job->n_windows];
}

kept_window report_text_sum(const report_job *job, int p, int64_t l) {
    const kept_window *list = report_text_at(job, p, l);
    kept_window sum = {.within_limit = true};
    for (int64_t k = 0; k < job->n_windows; k++) {
        if (!list[k].is_done) continue;
        sum.is_done = true;
        sum.within_limit = sum.within_limit && list[k].within_limit;
        text_windows_add(&sum.score, &list[k].score);
    }
    return sum;
}

report_share report_keys_sum(const report_job *job, int p, int64_t length) {
    report_share s = {.within_limit = true};
    for (int64_t i = 0; i < job->keys.n; i++) {
        const kept_passkey *k = &job->found[p * job->keys.n + i];
        if (job->keys.list[i].length != length) continue;
        s.n++;
        if (!k->is_done) continue;
        s.n_asked++;
        s.n_right += k->right;
        s.within_limit = s.within_limit && k->within_limit;
    }
    s.share = s.n_asked > 0 ? (double)s.n_right / (double)s.n_asked : 0;
    interval_wilson(s.n_right, s.n_asked, &s.low, &s.high);
    return s;
}

int report_short_index(const report_job *job, int p) {
    int n = 0;
    if (strcmp(plan_at(job->options, p), "none") == 0) return -1;
    for (int i = 0; i < p; i++) n += strcmp(plan_at(job->options, i), "none") != 0;
    return n;
}

report_cost report_short_sum(const report_job *job, int i_short) {
    report_cost cost = {.n_rows = 0};
    for (int64_t l = 0; l < job->n_short_lengths; l++) {
        const kept_short *list = report_short_at(job, i_short, l);
        short_row row = {.length = job->short_lengths[l]};
        for (int64_t k = 0; k < job->n_windows; k++)
            if (list[k].is_done) prediction_change_join(&row.change, &list[k].change);
        if (row.change.n > 0) cost.rows[cost.n_rows++] = row;
    }
    if (cost.n_rows > 0) cost.verdict = short_trial_judge(cost.rows, cost.n_rows, 1);
    return cost;
}
