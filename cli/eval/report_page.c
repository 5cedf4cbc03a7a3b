/* A report's page from its heading to its date: who was measured, under which plans, and when. */
#include "report_page.h"

#include "eval/display_text.h"
#include "eval/picture_files.h"
#include "kernel_levels.h"
#include "model_session.h"

#include <string.h>
#include <time.h>

static void write_fact(html_page *page, const char *name, const char *value) {
    const html_cell cells[] = {{.text = name, .is_head = true}, {.text = value}};
    html_row(page, cells, 2);
}

static void write_number(html_page *page, const char *name, const char *format, double number) {
    char text[128];
    snprintf(text, sizeof text, format, number);
    write_fact(page, name, text);
}

/* ---- The model ------------------------------------------------------------------------------------------- */

/* The types of the matrices, most bytes first: one in nearly all files. */
static void list_types(const sxt_model *model, text_buffer *text) {
    enum { MOST_TYPES = 32 };
    sxt_type types[MOST_TYPES];
    uint64_t bytes[MOST_TYPES] = {0};
    int n = 0;
    sxt_tensor_info tensor;
    for (int64_t i = 0; sxt_model_tensor(model, i, &tensor); i++) {
        int k = 0;
        while (k < n && types[k] != tensor.type) k++;
        if (k == MOST_TYPES) continue;
        if (k == n) types[n++] = tensor.type;
        bytes[k] += tensor.n_bytes;
    }
    for (int written = 0; written < n; written++) {
        int most = 0;
        for (int k = 1; k < n; k++)
            if (bytes[k] > bytes[most]) most = k;
        const char *name = sxt_type_name(types[most]);
        text_buffer_print(text, "%s%s (%.3g MiB)", written > 0 ? ", " : "", name != NULL ? name : "?",
                          (double)bytes[most] / 1048576);
        bytes[most] = 0;
    }
}

static void write_size(html_page *page, const sxt_model_info *m) {
    char text[192];
    snprintf(text, sizeof text, "%.4g million in %lld tensors, %.1f MiB", (double)m->n_params / 1e6,
             (long long)m->n_tensors, (double)m->weight_bytes / 1048576);
    write_fact(page, "Parameters", text);
    snprintf(text, sizeof text, "%d layers, width %d, %d heads of %d (%d for keys and values)",
             (int)m->n_layers, (int)m->d_model, (int)m->n_heads, (int)m->head_dim, (int)m->n_kv_heads);
    write_fact(page, "Shape", text);
}

static void write_positions(html_page *page, const sxt_model_info *m) {
    char text[256];
    write_number(page, "Trained window", "%.0f tokens", (double)m->n_ctx_train);
    if (m->n_rot > 0)
        snprintf(text, sizeof text, "rotary, theta %.10g, scaling %s", m->rope_theta, m->rope_scaling);
    else
        snprintf(text, sizeof text, "a bias of the scores (ALiBi)");
    write_fact(page, "Positions", text);
    if (m->n_sliding > 0) {
        snprintf(text, sizeof text, "%lld tokens in %d of %d layers", (long long)m->sliding_window,
                 (int)m->n_sliding, (int)m->n_layers);
        write_fact(page, "Sliding window", text);
    }
}

static void write_tokenizer(html_page *page, const sxt_model_info *m) {
    text_buffer text = {0};
    text_buffer_print(&text, "%s%s%s, %d tokens", m->tokenizer, m->pre_tokenizer[0] != '\0' ? " / " : "",
                      m->pre_tokenizer, (int)m->n_vocab);
    write_fact(page, "Tokenizer", text.bytes);
    text_buffer_free(&text);
}

static void write_model_section(html_page *page, const report_job *job) {
    const char *heads[] = {"Property", "Value"};
    const sxt_model_info *m = &job->info;
    text_buffer types = {0};
    text_buffer_add(&types, "", 0);
    list_types(job->model, &types);
    html_section_begin(page, "model", "The model");
    html_table_begin(page, "What the file says of itself", heads, 2);
    write_fact(page, "Name", m->name[0] != '\0' ? m->name : "none in the file");
    write_fact(page, "Family", m->architecture);
    write_size(page, m);
    write_fact(page, "Types", types.bytes);
    write_positions(page, m);
    write_tokenizer(page, m);
    write_fact(page, "File", job->options->model);
    write_fact(page, "Format", m->format);
    html_table_end(page);
    report_write_command(page, job, REPORT_COMMAND_MODEL);
    html_section_end(page);
    text_buffer_free(&types);
}

/* ---- The plans ------------------------------------------------------------------------------------------- */

/* "self-extend" of "self-extend:group=8,window=64+log-n". */
static void method_of(const char *plan, char *name, size_t n) {
    snprintf(name, n, "%.*s", (int)strcspn(plan, ":+"), plan);
}

/* What the method and its add-ons do, and who published them. */
static void explain(const char *plan, text_buffer *does, text_buffer *source) {
    char method[64];
    const char *name, *summary;
    method_of(plan, method, sizeof method);
    for (int64_t i = 0; (name = sxt_plan_name(i, &summary)) != NULL; i++)
        if (strcmp(name, method) == 0) text_buffer_print(does, "%s", summary);
    text_buffer_print(source, "%s", sxt_plan_source(method) != NULL ? sxt_plan_source(method) : "");
    for (int64_t i = 0; (name = sxt_plan_add_on(i, &summary)) != NULL; i++) {
        if (strstr(plan, name) == NULL) continue;
        text_buffer_print(does, "; %s: %s", name, summary);
        if (sxt_plan_source(name) != NULL)
            text_buffer_print(source, "%s%s", source->n_bytes > 0 ? "; " : "", sxt_plan_source(name));
    }
}

/* Takes a dense prompt's end out of a plan: it is another at each length, and says no more than the length. */
static void leave_prompt_out(char *plan) {
    static const char name[] = ",prompt=";
    char *at = strstr(plan, name);
    if (at == NULL) return;
    const char *end = at + strlen(name) + strspn(at + strlen(name), "0123456789");
    memmove(at, end, strlen(end) + 1);
}

/* What a plan runs at each length, where that is not the plan itself: `auto`'s choices, and defaults. */
static void tell_choices(const report_job *job, const char *plan, text_buffer *text) {
    char last[256] = "";
    text_buffer_add(text, "", 0);
    for (int64_t l = 0; l < job->n_lengths; l++) {
        sxt_plan_info info;
        sxt_error error;
        char tokens[24];
        const int64_t length = job->options->lengths.values[l];
        if (sxt_plan_resolve(job->model, plan, length, &info, &error) != SXT_OK) continue;
        if (strstr(plan, "prompt=") == NULL) leave_prompt_out(info.plan);
        if (strcmp(info.plan, last) == 0 || strcmp(info.plan, plan) == 0) continue;
        snprintf(last, sizeof last, "%s", info.plan);
        display_text_tokens((double)length, tokens, sizeof tokens);
        text_buffer_print(text, "%sfrom %s tokens: %s", text->n_bytes > 0 ? "; " : "", tokens, info.plan);
    }
}

static void tell_limit(const report_job *job, const char *plan, char *text, size_t n) {
    int64_t tokens = 0;
    sxt_error error;
    if (plan_reach(job->model, plan, &tokens, NULL, &error) != SXT_OK)
        snprintf(text, n, "not known");
    else if (tokens == INT64_MAX)
        snprintf(text, n, "any length");
    else
        snprintf(text, n, "%lld tokens", (long long)tokens);
}

static void tell_memory(const report_job *job, const char *plan, char *text, size_t n) {
    sxt_plan_info info;
    sxt_error error;
    if (sxt_plan_resolve(job->model, plan, number_greatest(&job->options->lengths), &info, &error) != SXT_OK)
        snprintf(text, n, "not known");
    else if (info.n_remembered == INT64_MAX)
        snprintf(text, n, "all of the text");
    else
        snprintf(text, n, "%lld tokens at most", (long long)info.n_remembered);
}

static void write_plan(html_page *page, const report_job *job, const char *plan) {
    char limit[64], memory[64];
    text_buffer does = {0}, source = {0}, choices = {0};
    text_buffer_add(&does, "", 0);
    explain(plan, &does, &source);
    tell_choices(job, plan, &choices);
    tell_limit(job, plan, limit, sizeof limit);
    tell_memory(job, plan, memory, sizeof memory);
    const html_cell cells[] = {{.text = plan, .is_head = true},
                               {.text = does.bytes, .note = choices.bytes},
                               {.text = limit},
                               {.text = memory},
                               {.text = source.n_bytes > 0 ? source.bytes : "the model as it is"}};
    html_row(page, cells, 5);
    text_buffer_free(&does);
    text_buffer_free(&source);
    text_buffer_free(&choices);
}

static void write_plans_section(html_page *page, const report_job *job) {
    const char *heads[] = {"Plan", "What it does", "Limit", "Remembers", "Source"};
    html_section_begin(page, "plans", "The plans");
    html_paragraph(page,
                   "A plan says at which positions a query and a key stand. Up to its limit no distance leaves "
                   "what the model was trained on. What it remembers is how much of a text can still be seen. "
                   "Where a plan depends on the length, pass keys are asked under what is chosen for a little "
                   "more than the length that stands above them, for their answers come on top of it.");
    html_table_begin(page, "The plans of this report", heads, 5);
    for (int p = 0; p < job->n_plans; p++) write_plan(page, job, plan_at(job->options, p));
    html_table_end(page);
    report_write_command(page, job, REPORT_COMMAND_PLANS);
    html_section_end(page);
}

/* ---- How it was made ------------------------------------------------------------------------------------- */

static void write_machine(html_page *page) {
    uint32_t version = sxt_version();
    char text[256], levels[160], date[64] = "not known";
    time_t now = time(NULL);
    struct tm utc;
    if (gmtime_r(&now, &utc) != NULL) strftime(date, sizeof date, "%Y-%m-%d %H:%M UTC", &utc);
    snprintf(text, sizeof text, "Sextant %u.%u.%u", version >> 16, version >> 8 & 255, version & 255);
    write_fact(page, "Version", text);
    snprintf(text, sizeof text, "%s (of %s)", sxt_kernel_name(), kernel_levels_text(levels, sizeof levels));
    write_fact(page, "CPU level", text);
    write_fact(page, "Date", date);
}

static void write_how_section(html_page *page, const report_job *job) {
    const char *heads[] = {"Setting", "Value"};
    const option_values *options = job->options;
    text_buffer keys = {0};
    char windows[96], arithmetic[64];
    snprintf(windows, sizeof windows, "%lld for each length, spread evenly", (long long)job->n_windows);
    snprintf(arithmetic, sizeof arithmetic, "%s, cache %s", options->precision, options->kv);
    if (options->prompts != NULL)
        text_buffer_print(&keys, "%lld prompts for each plan, of %s", (long long)job->keys.n, options->prompts);
    else
        text_buffer_print(&keys, "%lld prompts for each plan, hidden in %s, seed %llu", (long long)job->keys.n,
                          options->filler != NULL ? options->filler : options->file,
                          (unsigned long long)options->seed);
    html_section_begin(page, "how", "How this was made");
    html_table_begin(page, "Settings", heads, 2);
    write_fact(page, "Text", options->file);
    write_fact(page, "Windows", windows);
    write_fact(page, "Pass keys", keys.bytes);
    write_fact(page, "Arithmetic", arithmetic);
    write_machine(page);
    html_table_end(page);
    html_paragraph(
        page, "All of this page again, with the measurements of this folder (or, in another folder and without "
              "--resume, with new ones; but for speed they are the same for any number of threads):");
    report_write_command(page, job, REPORT_COMMAND_ALL);
    html_section_end(page);
    text_buffer_free(&keys);
}

/* ---- The page -------------------------------------------------------------------------------------------- */

static void write_heading(html_page *page, const report_job *job) {
    static const char *const ids[] = {"glance",  "model", "plans", "perplexity", "keys",
                                      "needles", "short", "cost",  "how"};
    static const char *const titles[] = {"At a glance", "Model",       "Plans", "Perplexity",       "Pass keys",
                                         "Needles",     "Short texts", "Cost",  "How this was made"};
    char text[256];
    int64_t n_prompts, n_answered;
    snprintf(text, sizeof text,
             "Trained on windows of %lld tokens; measured at up to %lld. Each figure on this page was measured "
             "on one "
             "machine with the commands that stand beside it.",
             (long long)job->info.n_ctx_train, (long long)number_greatest(&job->options->lengths));
    html_paragraph(page, text);
    report_needles_count(job, &n_prompts, &n_answered);
    if (job->n_done + n_answered < job->n_cells + n_prompts) {
        snprintf(
            text, sizeof text,
            "This page is incomplete: it was stopped after %lld of %lld measurements. The command at its end "
            "goes on with --resume.",
            (long long)(job->n_done + n_answered), (long long)(job->n_cells + n_prompts));
        html_warning(page, text);
    }
    html_contents(page, ids, titles, (int)(sizeof ids / sizeof *ids));
}

bool report_write_page(void *user, FILE *out) {
    const report_job *job = user;
    char name[128], title[192];
    picture_files_base_name(job->options->model, name, sizeof name);
    snprintf(title, sizeof title, "%s past its window", name);
    html_page page = html_page_begin(out, title);
    write_heading(&page, job);
    report_glance_section(&page, job);
    write_model_section(&page, job);
    write_plans_section(&page, job);
    report_perplexity_section(&page, job);
    report_keys_section(&page, job);
    report_needles_section(&page, job);
    report_short_section(&page, job);
    report_cost_section(&page, job);
    write_how_section(&page, job);
    return html_page_end(&page);
}
