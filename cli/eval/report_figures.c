/* The figures of a report's page, as tables and pictures. */
#include "eval/display_text.h"
#include "model_session.h"
#include "passkey_picture.h"
#include "perplexity_picture.h"
#include "report_page.h"

#include <math.h>
#include <string.h>

/* A share of keys from which on a plan is said to find them, and where colours end: half as much perplexity
 * again is as red as no key found, and so is a tenth more of it in short texts. */
static const double found_share = 0.9, most_excess = 0.5, most_short_cost = 0.1;

enum { N_TEXT = 96, MOST_COLUMNS = 1 + MOST_REPORT_LENGTHS };

/* One cell's texts, which live until its row is written. */
typedef struct cell_texts {
    char text[N_TEXT], note[160], value[40];
} cell_texts;

static double held(double share) { return share < 0 ? 0 : share > 1 ? 1 : share; }

static double perplexity(const kept_window *w) { return exp(w->score.nll / (double)w->score.n); }

/* The least perplexity of any plan at this length or a shorter one: what a plan could reach here. */
static double best_perplexity(const report_job *job, int64_t l) {
    double best = INFINITY;
    for (int64_t i = 0; i <= l; i++)
        for (int p = 0; p < job->n_plans; p++) {
            kept_window sum = report_text_sum(job, p, i);
            if (sum.is_done && perplexity(&sum) < best) best = perplexity(&sum);
        }
    return best;
}

/* ---- Tables of plans over lengths ------------------------------------------------------------------------ */

static void begin_table(html_page *page, const report_job *job, const char *caption) {
    char labels[MOST_COLUMNS][32];
    const char *heads[MOST_COLUMNS] = {"Plan"};
    int n = 1;
    for (int64_t l = 0; l < job->n_lengths && n < MOST_COLUMNS; l++, n++) {
        char tokens[24];
        display_text_tokens((double)job->options->lengths.values[l], tokens, sizeof tokens);
        snprintf(labels[n], sizeof labels[n], "%s tokens", tokens);
        heads[n] = labels[n];
    }
    html_table_begin(page, caption, heads, n);
}

/* What stands where nothing was measured. */
static html_cell empty_cell(const report_job *job, int p, int64_t l) {
    return (html_cell){.text = job->fits[p * job->n_lengths + l] ? "not measured yet" : "not run: no memory"};
}

typedef html_cell (*cell_fn)(const report_job *job, int p, int64_t l, cell_texts *texts);

static void write_rows(html_page *page, const report_job *job, cell_fn fn) {
    cell_texts texts[MOST_COLUMNS];
    html_cell cells[MOST_COLUMNS];
    for (int p = 0; p < job->n_plans; p++) {
        int n = 1;
        cells[0] = (html_cell){.text = plan_at(job->options, p), .is_head = true};
        for (int64_t l = 0; l < job->n_lengths && n < MOST_COLUMNS; l++, n++)
            cells[n] = fn(job, p, l, &texts[n]);
        html_row(page, cells, n);
    }
    html_table_end(page);
}

static html_cell perplexity_cell(const report_job *job, int p, int64_t l, cell_texts *texts) {
    kept_window sum = report_text_sum(job, p, l);
    if (!sum.is_done) return empty_cell(job, p, l);
    double ppl = perplexity(&sum), excess = ppl / best_perplexity(job, l) - 1;
    snprintf(texts->text, sizeof texts->text, "%.3f", ppl);
    snprintf(texts->value, sizeof texts->value, "%.15g", ppl);
    snprintf(texts->note, sizeof texts->note, "last quarter %.3f%s",
             exp(sum.score.late_nll / (double)sum.score.n_late), sum.within_limit ? "" : ", past its limit");
    return (html_cell){.text = texts->text,
                       .note = texts->note,
                       .value = texts->value,
                       .is_number = true,
                       .is_coloured = true,
                       .share = isfinite(excess) ? held(1 - excess / most_excess) : 0};
}

static html_cell keys_cell(const report_job *job, int p, int64_t l, cell_texts *texts) {
    report_share s = report_keys_sum(job, p, job->options->lengths.values[l]);
    if (s.n == 0) return (html_cell){.text = "no prompts"};
    if (s.n_asked == 0) return empty_cell(job, p, l);
    snprintf(texts->text, sizeof texts->text, "%lld of %lld", (long long)s.n_right, (long long)s.n_asked);
    snprintf(texts->value, sizeof texts->value, "%.15g", s.share);
    snprintf(texts->note, sizeof texts->note, "%.0f %% (%.0f\u2013%.0f)%s", 100 * s.share, 100 * s.low,
             100 * s.high, s.within_limit ? "" : ", past its limit");
    return (html_cell){.text = texts->text,
                       .note = texts->note,
                       .value = texts->value,
                       .is_number = true,
                       .is_coloured = true,
                       .share = s.share};
}

static html_cell speed_cell(const report_job *job, int p, int64_t l, cell_texts *texts) {
    const report_speed *s = &job->speeds[p * job->n_lengths + l];
    if (!s->is_done) return empty_cell(job, p, l);
    snprintf(texts->text, sizeof texts->text, "%.0f", s->read);
    snprintf(texts->value, sizeof texts->value, "%.15g", s->read);
    snprintf(texts->note, sizeof texts->note, "generates %.0f", s->generated);
    return (html_cell){.text = texts->text, .note = texts->note, .value = texts->value, .is_number = true};
}

static html_cell memory_cell(const report_job *job, int p, int64_t l, cell_texts *texts) {
    sxt_session_params params =
        session_params(job->options, plan_at(job->options, p), job->options->lengths.values[l]);
    sxt_memory_plan memory;
    sxt_error error;
    if (sxt_memory_needed(job->model, &params, &memory, &error) != SXT_OK)
        return (html_cell){.text = "not known"};
    const double mib = 1048576;
    snprintf(texts->text, sizeof texts->text, "%.2f", (double)memory.kv_bytes / mib);
    snprintf(texts->value, sizeof texts->value, "%llu", (unsigned long long)memory.kv_bytes);
    snprintf(texts->note, sizeof texts->note, "all: %.1f", (double)memory.total_bytes / mib);
    return (html_cell){.text = texts->text, .note = texts->note, .value = texts->value, .is_number = true};
}

/* ---- Perplexity ------------------------------------------------------------------------------------------ */

static void show_chart(html_page *page, const report_job *job) {
    const char *plans[MAX_PLANS];
    char problem[160] = "";
    perplexity_picture *picture = perplexity_picture_new(job->options, job->model);
    for (int p = 0; p < job->n_plans; p++) {
        plans[p] = plan_at(job->options, p);
        for (int64_t l = 0; l < job->n_lengths; l++) {
            kept_window sum = report_text_sum(job, p, l);
            if (sum.is_done)
                perplexity_picture_add(picture, p, (double)job->options->lengths.values[l], perplexity(&sum),
                                       sum.within_limit);
        }
    }
    html_picture(
        page, perplexity_picture_draw(picture, plans, job->n_plans, problem, sizeof problem),
        "Line chart: perplexity against context length, a line for each plan, the trained window marked. "
        "The table below has the same figures.",
        problem);
    perplexity_picture_free(picture);
}

void report_perplexity_section(html_page *page, const report_job *job) {
    html_section_begin(page, "perplexity", "Perplexity against length");
    html_paragraph(page,
                   "How well the next token is predicted, over windows spread evenly over the text: less is "
                   "better. A flat line past the trained window means that the plan does no harm there. It "
                   "does not prove that the model sees all of the window; the pass keys do.");
    show_chart(page, job);
    begin_table(
        page, job,
        "Perplexity over whole windows, and over their last quarters (green: the best of any plan up to this "
        "length; dark red: half as much again, or more)");
    write_rows(page, job, perplexity_cell);
    report_write_command(page, job, REPORT_COMMAND_PERPLEXITY);
    html_section_end(page);
}

/* ---- Pass keys ------------------------------------------------------------------------------------------- */

/* What the maps of n plans from the first on show, in words. */
static void describe_maps(const report_job *job, int first, int n, text_buffer *words) {
    text_buffer_print(words, "Heat maps: share of pass keys found, by context length and depth.");
    for (int p = first; p < first + n; p++) {
        text_buffer_print(words, " Plan %s:", plan_at(job->options, p));
        for (int64_t l = 0; l < job->n_lengths; l++) {
            report_share s = report_keys_sum(job, p, job->options->lengths.values[l]);
            if (s.n_asked > 0)
                text_buffer_print(words, " %.0f %% at %lld tokens,", 100 * s.share,
                                  (long long)job->options->lengths.values[l]);
        }
        words->bytes[words->n_bytes - 1] = '.';
    }
}

static bool has_depths(const report_job *job) {
    bool has = false;
    for (int64_t i = 0; i < job->keys.n; i++) has = has || job->keys.list[i].depth >= 0;
    return has;
}

static void show_maps(html_page *page, const report_job *job) {
    char problem[160] = "";
    passkey_picture *picture = passkey_picture_new(job->options, &job->keys, problem, sizeof problem);
    for (int p = 0; p < job->n_plans; p++)
        for (int64_t i = 0; i < job->keys.n; i++) {
            const kept_passkey *k = &job->found[p * job->keys.n + i];
            if (k->is_done) passkey_picture_add(picture, p, &job->keys.list[i], k->right, k->within_limit);
        }
    /* As many side by side as a page is wide. */
    const int n_together = job->n_lengths <= 4 ? 3 : 2;
    for (int p = 0; p < job->n_plans && picture != NULL; p += n_together) {
        const int n = job->n_plans - p < n_together ? job->n_plans - p : n_together;
        text_buffer words = {0};
        describe_maps(job, p, n, &words);
        html_picture(page,
                     passkey_picture_draw(picture, job->options, job->model, p, n, problem, sizeof problem),
                     words.bytes, problem);
        text_buffer_free(&words);
    }
    passkey_picture_free(picture);
}

void report_keys_section(html_page *page, const report_job *job) {
    html_section_begin(page, "keys", "Pass keys: what is found, how far, at which depth");
    html_paragraph(
        page, "A number is hidden in a long text and asked for at its end. An answer counts when it begins "
              "with exactly that number. Dark red is none found, light green all; the black line is the "
              "trained window; a cut corner marks a length past the plan's own limit; hatched cells were "
              "not run.");
    if (has_depths(job)) show_maps(page, job);
    begin_table(page, job, "Keys found of those asked for, with the 95 % interval of the share (Wilson)");
    write_rows(page, job, keys_cell);
    report_write_command(page, job, REPORT_COMMAND_KEYS);
    html_section_end(page);
}

/* ---- Short texts ----------------------------------------------------------------------------------------- */

static html_cell short_cell(const short_row *row, cell_texts *texts) {
    double cost = short_row_cost(row);
    snprintf(texts->text, sizeof texts->text, "%+.2f %%", 100 * cost + 0.0);
    snprintf(texts->value, sizeof texts->value, "%.15g", cost);
    snprintf(texts->note, sizeof texts->note, "%.1f %% the same, from %.3f", 100 * short_row_same_share(row),
             short_row_perplexity(row->change.nll_before, row));
    return (html_cell){.text = texts->text,
                       .note = texts->note,
                       .value = texts->value,
                       .is_number = true,
                       .is_coloured = true,
                       .share = held(1 - cost / most_short_cost)};
}

static void write_short_row(html_page *page, const report_job *job, int i_short) {
    report_cost cost = report_short_sum(job, i_short);
    cell_texts texts[MOST_SHORT_LENGTHS];
    html_cell cells[MOST_SHORT_LENGTHS + 2] = {{.text = job->short_plans[i_short], .is_head = true}};
    int n = 1;
    for (int64_t l = 0; l < job->n_short_lengths; l++, n++)
        cells[n] =
            l < cost.n_rows ? short_cell(&cost.rows[l], &texts[l]) : (html_cell){.text = "not measured yet"};
    cells[n++] = (html_cell){.text = cost.n_rows > 0 ? cost.verdict.text : ""};
    html_row(page, cells, n);
}

void report_short_section(html_page *page, const report_job *job) {
    char labels[MOST_SHORT_LENGTHS][32];
    const char *heads[MOST_SHORT_LENGTHS + 2] = {"Plan"};
    int n = 1;
    html_section_begin(page, "short", "Short texts: inside the trained window");
    html_paragraph(
        page, "What a plan changes where the model needs none: its perplexity against that of none, and how "
              "often the likeliest next token stays the same. Harmless is a plan that costs at most 1 % "
              "and keeps at least 90 % of the tokens.");
    if (job->n_short_plans == 0 || job->n_short_lengths == 0) {
        html_paragraph(page, "There is nothing to compare: no plan but none, or a text of too few tokens.");
        html_section_end(page);
        return;
    }
    for (int64_t l = 0; l < job->n_short_lengths; l++, n++) {
        snprintf(labels[l], sizeof labels[l], "%lld tokens", (long long)job->short_lengths[l]);
        heads[n] = labels[l];
    }
    heads[n++] = "Verdict";
    html_table_begin(page, "Perplexity above that of none (dark red: a tenth more, or worse)", heads, n);
    for (int i = 0; i < job->n_short_plans; i++) write_short_row(page, job, i);
    html_table_end(page);
    report_write_command(page, job, REPORT_COMMAND_SHORT);
    html_section_end(page);
}

/* ---- Speed and memory ------------------------------------------------------------------------------------ */

void report_cost_section(html_page *page, const report_job *job) {
    char words[256];
    html_section_begin(page, "cost", "Speed and memory");
    html_paragraph(page,
                   "Tokens per second while a text of this length is read, and while the last tokens of it are "
                   "generated one by one: one measurement of each, on this machine, while it did whatever else "
                   "it had to do. The command below measures the longest with repeats.");
    begin_table(page, job, "Speed in tokens per second");
    write_rows(page, job, speed_cell);
    snprintf(words, sizeof words,
             "Memory in MiB: keys and values (cache %s), and all together with weights of %.1f",
             job->options->kv, (double)job->info.weight_bytes / 1048576);
    begin_table(page, job, words);
    write_rows(page, job, memory_cell);
    report_write_command(page, job, REPORT_COMMAND_SPEED);
    html_section_end(page);
}

/* ---- At a glance ----------------------------------------------------------------------------------------- */

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

static html_cell reach_cell(const report_job *job, int p, cell_texts *texts) {
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

static html_cell harm_cell(const report_job *job, int p, cell_texts *texts) {
    int i = report_short_index(job, p);
    if (i < 0) return (html_cell){.text = "as trained"};
    report_cost cost = report_short_sum(job, i);
    if (cost.n_rows == 0) return (html_cell){.text = "not measured"};
    snprintf(texts->text, sizeof texts->text, "%s", cost.verdict.is_harmless ? "harmless" : "changed");
    snprintf(texts->note, sizeof texts->note, "%+.2f %% perplexity at worst", 100 * cost.verdict.cost + 0.0);
    return (html_cell){.text = texts->text,
                       .note = texts->note,
                       .is_coloured = true,
                       .share = cost.verdict.is_harmless ? 1 : held(1 - cost.verdict.cost / most_short_cost)};
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
        cell_texts texts[5];
        const html_cell cells[] = {{.text = plan_at(job->options, p), .is_head = true},
                                   reach_cell(job, p, &texts[1]),
                                   keys_cell(job, p, last, &texts[2]),
                                   perplexity_cell(job, p, last, &texts[3]),
                                   harm_cell(job, p, &texts[4])};
        html_row(page, cells, 5);
    }
    html_table_end(page);
    html_section_end(page);
}
