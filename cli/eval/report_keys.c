/* Hidden keys: which are found, how far, at which depth. */
#include "model_session.h"
#include "passkey_picture.h"
#include "report_tables.h"

html_cell report_keys_cell(const report_job *job, int p, int64_t l, report_cell_texts *texts) {
    report_share s = report_keys_sum(job, p, job->options->lengths.values[l]);
    if (s.n == 0) return (html_cell){.text = "no prompts"};
    return s.n_asked > 0 ? report_share_cell(&s, texts) : report_empty_cell(job, p, l);
}

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
    const int n_together = report_maps_together(job);
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
    report_table(page, job, "Keys found of those asked for, with the 95 % interval of the share (Wilson)",
                 report_keys_cell);
    report_write_command(page, job, REPORT_COMMAND_KEYS);
    html_section_end(page);
}
