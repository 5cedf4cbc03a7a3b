/* What plans cost in time and memory. */
#include "model_session.h"
#include "report_tables.h"

static html_cell speed_cell(const report_job *job, int p, int64_t l, report_cell_texts *texts) {
    const report_speed *s = &job->speeds[p * job->n_lengths + l];
    if (!s->is_done) return report_empty_cell(job, p, l);
    snprintf(texts->text, sizeof texts->text, "%.0f", s->read);
    snprintf(texts->value, sizeof texts->value, "%.15g", s->read);
    snprintf(texts->note, sizeof texts->note, "generates %.0f", s->generated);
    return (html_cell){.text = texts->text, .note = texts->note, .value = texts->value, .is_number = true};
}

static html_cell memory_cell(const report_job *job, int p, int64_t l, report_cell_texts *texts) {
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

void report_cost_section(html_page *page, const report_job *job) {
    char words[256];
    html_section_begin(page, "cost", "Speed and memory");
    html_paragraph(page,
                   "Tokens per second while a text of this length is read, and while the last tokens of it are "
                   "generated one by one: one measurement of each, on this machine, while it did whatever else "
                   "it had to do. The command below measures the longest with repeats.");
    report_table(page, job, "Speed in tokens per second", speed_cell);
    snprintf(words, sizeof words,
             "Memory in MiB: keys and values (cache %s), and all together with weights of %.1f",
             job->options->kv, (double)job->info.weight_bytes / 1048576);
    report_table(page, job, words, memory_cell);
    report_write_command(page, job, REPORT_COMMAND_SPEED);
    html_section_end(page);
}
