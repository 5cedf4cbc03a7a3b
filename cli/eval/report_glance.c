/* The plans at the longest length, in one table. */
#include "eval/display_text.h"
#include "model_session.h"
#include "report_tables.h"

/* A share of keys from which on a plan is said to find them. */
static const double found_share = 0.9;

/* The longest length up to which, at every length, the plan finds nearly all keys; 0: none. */
static int64_t reach(const report_job *job, int p) {
    int64_t longest = 0;
    for (int64_t l = 0; l < job->n_lengths; l++) {
        report_share s = report_keys_sum(job, p, job->options->lengths.values[l]);
        if (s.n == 0) continue;
        if (s.n_asked == 0 || s.share < found_share) break;
        longest = job->options->lengths.values[l];
    }
    return longest;
}

static html_cell reach_cell(const report_job *job, int p, report_cell_texts *texts) {
    const int64_t longest = number_greatest(&job->options->lengths), reached = reach(job, p);
    char tokens[24];
    display_text_tokens((double)reached, tokens, sizeof tokens);
    snprintf(texts->text, sizeof texts->text, reached > 0 ? "%s tokens" : "none", tokens);
    snprintf(texts->value, sizeof texts->value, "%lld", (long long)reached);
    return (html_cell){.text = texts->text,
                       .note = reached == longest ? "the longest that was asked" : NULL,
                       .value = texts->value,
                       .is_number = true};
}

static html_cell harm_cell(const report_job *job, int p, report_cell_texts *texts) {
    int i = report_short_index(job, p);
    if (i < 0) return (html_cell){.text = "as trained"};
    report_cost cost = report_short_sum(job, i);
    if (cost.n_rows == 0) return (html_cell){.text = "not measured"};
    snprintf(texts->text, sizeof texts->text, "%s", cost.verdict.is_harmless ? "harmless" : "changed");
    snprintf(texts->note, sizeof texts->note, "%+.2f %% perplexity at worst", 100 * cost.verdict.cost + 0.0);
    return (html_cell){
        .text = texts->text,
        .note = texts->note,
        .is_coloured = true,
        .share = cost.verdict.is_harmless ? 1 : report_held(1 - cost.verdict.cost / report_most_short_cost)};
}

void report_glance_section(html_page *page, const report_job *job) {
    char keys[64], text[64], tokens[24];
    const int64_t last = job->n_lengths - 1;
    display_text_tokens((double)job->options->lengths.values[last], tokens, sizeof tokens);
    snprintf(keys, sizeof keys, "Keys found at %s", tokens);
    snprintf(text, sizeof text, "Perplexity at %s", tokens);
    const char *heads[] = {"Plan", "Finds 9 keys of 10 up to", keys, text, "Short texts"};
    html_section_begin(page, "glance", "At a glance");
    html_table_begin(page, "Each plan at the longest length, and what it does to short texts", heads, 5);
    for (int p = 0; p < job->n_plans; p++) {
        report_cell_texts texts[5];
        const html_cell cells[] = {{.text = plan_at(job->options, p), .is_head = true},
                                   reach_cell(job, p, &texts[1]),
                                   report_keys_cell(job, p, last, &texts[2]),
                                   report_perplexity_cell(job, p, last, &texts[3]),
                                   harm_cell(job, p, &texts[4])};
        html_row(page, cells, 5);
    }
    html_table_end(page);
    html_section_end(page);
}
