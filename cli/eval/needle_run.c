#include "needle_run.h"

#include "eval/needle_score.h"
#include "exit_code.h"
#include "generation.h"
#include "interrupt.h"
#include "message.h"
#include "model_session.h"
#include "output_folder.h"

#include <stdlib.h>
#include <string.h>

/* A prompt in the order of work: prompts that run the same plan together, those that begin alike side by side.
 */
typedef struct task {
    int64_t i_prompt;
    const token_list *tokens;
    char plan[256]; /* what runs: `auto` has been resolved for this prompt's length */
    bool within_limit;
} task;

needle_outcome *needle_run_outcome(const needle_run *run, int i_plan, int64_t i_prompt) {
    return &run->outcomes[i_plan * run->prompts.n + i_prompt];
}

/* ---- Memory ---------------------------------------------------------------------------------------------- */

/* Everything is kept, so that what was read of a common beginning can be returned to under a plan that forgets
 * too, and is read anew where frequencies follow the length. */
static sxt_session_params params_for(const option_values *options, const char *plan, int64_t n_ctx) {
    sxt_session_params params = session_params(options, plan, n_ctx);
    params.reread = !options->no_reuse;
    return params;
}

int needle_run_longest(const option_values *options, const sxt_model *model, int64_t *longest) {
    int code = EXIT_CODE_OK;
    *longest = 0;
    for (int i = 0; i < plan_count(options); i++)
        for (int64_t l = 0; l < options->lengths.n && code == EXIT_CODE_OK; l++) {
            bool fits = false;
            int64_t length = options->lengths.values[l];
            if (length <= *longest) continue;
            sxt_session_params params = params_for(options, plan_at(options, i), length);
            code = session_fits(model, &params, &fits);
            if (fits) *longest = length;
        }
    return code;
}

/* ---- Order ----------------------------------------------------------------------------------------------- */

static int64_t n_common(const token_list *a, const token_list *b) {
    int64_t n = a->n < b->n ? a->n : b->n, i = 0;
    while (i < n && a->ids[i] == b->ids[i]) i++;
    return i;
}

/* By plan, then token by token: neighbours share the most, so that each beginning is read once. */
static int compare_tasks(const void *left, const void *right) {
    const task *a = left, *b = right;
    int plans = strcmp(a->plan, b->plan);
    if (plans != 0) return plans;
    int64_t i = n_common(a->tokens, b->tokens);
    if (i < a->tokens->n && i < b->tokens->n) return a->tokens->ids[i] < b->tokens->ids[i] ? -1 : 1;
    return a->tokens->n < b->tokens->n ? -1 : a->tokens->n > b->tokens->n;
}

static int64_t n_shared(const needle_run *run, const task *tasks, int64_t i) {
    if (i == 0 || run->options->no_reuse || strcmp(tasks[i].plan, tasks[i - 1].plan) != 0) return 0;
    return n_common(tasks[i].tokens, tasks[i - 1].tokens);
}

static int resolve(const needle_run *run, const char *plan, task *t) {
    sxt_plan_info info;
    sxt_error error;
    int64_t length = t->tokens->n + run->prompts.task.n_answer;
    if (sxt_plan_resolve(run->model, plan, length, &info, &error) != SXT_OK)
        return message_library_error(&error);
    const bool is_auto = strcmp(info.asked, info.plan) != 0 && strncmp(plan, "auto", 4) == 0;
    snprintf(t->plan, sizeof t->plan, "%s", is_auto ? info.plan : plan);
    t->within_limit = info.within_limit;
    return EXIT_CODE_OK;
}

/* ---- What is kept ---------------------------------------------------------------------------------------- */

/* Ordered as the table is: numbers have as many digits as the longest. */
static void write_key(const needle_run *run, int i_plan, const needle_prompt *p, char *key, size_t n) {
    snprintf(key, n, "needle|%s|%010lld|%012.8f|%06lld", plan_at(run->options, i_plan), (long long)p->length,
             p->depth, (long long)p->trial);
}

static int put_outcome(needle_run *run, int i_plan, const needle_prompt *p, const needle_outcome *o,
                       const generation *answer) {
    char key[512];
    json_document *value = document_object();
    document_put_integer(value, "right", o->n_found == p->n_values);
    document_put_integer(value, "exact", o->exact);
    document_put_integer(value, "found", o->n_found);
    document_put_integer(value, "values", p->n_values);
    document_put_real(value, "score", (double)o->n_found / p->n_values);
    document_put_integer(value, "within_limit", o->within_limit);
    document_put_integer(value, "tokens", p->tokens.n);
    document_put_text(value, "plan", o->plan);
    document_put(value, "answer", document_text(answer->text.bytes, answer->text.n_bytes));
    write_key(run, i_plan, p, key, sizeof key);
    return output_folder_put(run->store, key, value);
}

/* What another run has finished. */
static int take_kept(needle_run *run, int i_plan, const needle_prompt *p, needle_outcome *o) {
    char key[512];
    json_document *value;
    int64_t exact = 0, found = 0, within = 0;
    size_t n = 0;
    write_key(run, i_plan, p, key, sizeof key);
    int code = output_folder_get(run->store, key, &value);
    if (code != EXIT_CODE_OK || value == NULL) return code;
    const char *plan = document_get_text(value, "plan", &n);
    bool good = document_get_integer(value, "exact", &exact) && document_get_integer(value, "found", &found) &&
                document_get_integer(value, "within_limit", &within) && plan != NULL && found >= 0 &&
                found <= p->n_values;
    if (good) {
        *o = (needle_outcome){NEEDLE_DONE, exact != 0, within != 0, (int)found, ""};
        snprintf(o->plan, sizeof o->plan, "%s", plan);
    }
    document_free(value);
    return good ? EXIT_CODE_OK : output_folder_damaged(run->store, key);
}

void needle_run_facts(const needle_run *run, needle_facts *facts) {
    const option_values *options = run->options;
    const needle_task *of = &run->prompts.task;
    snprintf(facts->seed, sizeof facts->seed, "%llu", (unsigned long long)options->seed);
    snprintf(facts->haystack, sizeof facts->haystack, "%016llx",
             (unsigned long long)haystack_fingerprint(&run->prompts.haystack));
    snprintf(facts->n_answer, sizeof facts->n_answer, "%d", of->n_answer);
    const result_fact list[N_NEEDLE_FACTS] = {{"task", of->name},
                                              {"needle", of->needle},
                                              {"question", of->question},
                                              {"haystack", facts->haystack},
                                              {"answer tokens", facts->n_answer},
                                              {"chat", !options->chat ? "no"
                                                       : options->chat_template == NULL
                                                           ? "the model's"
                                                           : options->chat_template},
                                              {"bos", options->no_bos ? "no" : "the model's"},
                                              {"seed", facts->seed}};
    memcpy(facts->list, list, sizeof list);
}

int needle_run_load(needle_run *run) {
    const int n_plans = plan_count(run->options);
    int code = EXIT_CODE_OK;
    run->outcomes = must_allocate(((size_t)n_plans * (size_t)run->prompts.n + 1) * sizeof *run->outcomes);
    memset(run->outcomes, 0, ((size_t)n_plans * (size_t)run->prompts.n + 1) * sizeof *run->outcomes);
    for (int p = 0; p < n_plans; p++)
        for (int64_t i = 0; i < run->prompts.n && code == EXIT_CODE_OK; i++)
            code = take_kept(run, p, &run->prompts.list[i], needle_run_outcome(run, p, i));
    return code;
}

/* ---- Asking ---------------------------------------------------------------------------------------------- */

static bool report(void *user, int64_t n_read, int64_t n_total) {
    needle_run *run = user;
    (void)n_total;
    int64_t now = n_read > run->n_shared ? n_read - run->n_shared : 0;
    return progress_report(&run->line, run->n_passed + now, run->n_expected);
}

/* Reads the prompt and continues it until everything is found or the answer is as long as it may be. */
static int ask(needle_run *run, sxt_session *session, const needle_prompt *p, needle_outcome *o,
               generation *answer) {
    const int64_t n_most = run->prompts.task.n_answer;
    sxt_session_stats stats;
    needle_score score = {0};
    int code = read_prompt(session, p->tokens.ids, p->tokens.n, n_most);
    if (code != EXIT_CODE_OK) return code;
    sxt_session_describe(session, &stats);
    run->n_tokens += p->tokens.n;
    run->n_read += stats.n_read;
    for (int64_t i = 1; i <= n_most && !score.settled; i++) {
        code = generate(run->model, session, i, false, NULL, answer);
        if (code != EXIT_CODE_OK) return code;
        if (strcmp(answer->stopped_by, "interrupt") == 0) return EXIT_CODE_INTERRUPTED;
        text_buffer_add(&answer->text, "", 0);
        score = needle_score_of(answer->text.bytes, answer->text.n_bytes, (const char *const *)p->values,
                                p->n_values);
        if (strcmp(answer->stopped_by, "length") != 0) break;
    }
    o->exact = score.exact;
    o->n_found = score.n_found;
    o->state = NEEDLE_DONE;
    return EXIT_CODE_OK;
}

/* The longest prompt that is still to be asked; 0: none. */
static int64_t longest_open(const needle_run *run, int i_plan, const task *tasks, int64_t n) {
    int64_t longest = 0;
    for (int64_t i = 0; i < n; i++)
        if (needle_run_outcome(run, i_plan, tasks[i].i_prompt)->state == NEEDLE_OPEN &&
            tasks[i].tokens->n > longest)
            longest = tasks[i].tokens->n;
    return longest;
}

/* A session for prompts of one plan: as long as the longest of them that memory is there for. What does not fit
 * is not run, which is no failure. */
static int open_session(needle_run *run, int i_plan, const char *plan, task *tasks, int64_t n,
                        sxt_session **session) {
    interrupt_watch(NULL);
    sxt_session_free(*session);
    *session = NULL;
    for (int64_t longest; (longest = longest_open(run, i_plan, tasks, n)) > 0;) {
        sxt_session_params params = params_for(run->options, plan, longest + run->prompts.task.n_answer);
        params.progress = report;
        params.progress_user = run;
        sxt_error error;
        sxt_status status = sxt_session_new(run->model, &params, session, &error);
        interrupt_watch(*session);
        if (status == SXT_OK) return EXIT_CODE_OK;
        if (status != SXT_E_MEMORY) return message_library_error(&error);
        for (int64_t i = 0; i < n; i++)
            if (tasks[i].tokens->n == longest)
                needle_run_outcome(run, i_plan, tasks[i].i_prompt)->state = NEEDLE_NOT_RUN;
    }
    return EXIT_CODE_OK;
}

static int run_task(needle_run *run, int i_plan, sxt_session *session, const task *t) {
    needle_outcome *o = needle_run_outcome(run, i_plan, t->i_prompt);
    const needle_prompt *p = &run->prompts.list[t->i_prompt];
    generation answer = {0};
    o->within_limit = t->within_limit;
    snprintf(o->plan, sizeof o->plan, "%s", t->plan);
    int code = ask(run, session, p, o, &answer);
    if (code == EXIT_CODE_OK) code = put_outcome(run, i_plan, p, o, &answer);
    generation_free(&answer);
    return code;
}

/* Prompts of one plan as it is after `auto` has been resolved: one session, or one for each without reuse. */
static int run_group(needle_run *run, int i_plan, task *tasks, int64_t first, int64_t end) {
    const bool alone = run->options->no_reuse;
    sxt_session *session = NULL;
    int code = EXIT_CODE_OK;
    for (int64_t i = first; i < end && code == EXIT_CODE_OK; i++) {
        const char *plan = alone ? plan_at(run->options, i_plan) : tasks[i].plan;
        if (alone || i == first)
            code = open_session(run, i_plan, plan, tasks + i, alone ? 1 : end - first, &session);
        if (code != EXIT_CODE_OK || session == NULL ||
            needle_run_outcome(run, i_plan, tasks[i].i_prompt)->state != NEEDLE_OPEN)
            continue;
        run->n_shared = n_shared(run, tasks, i);
        code = run_task(run, i_plan, session, &tasks[i]);
        run->n_passed += tasks[i].tokens->n - run->n_shared;
    }
    interrupt_watch(NULL);
    sxt_session_free(session);
    return code;
}

static int64_t end_of_group(const task *tasks, int64_t first, int64_t n) {
    int64_t end = first + 1;
    while (end < n && strcmp(tasks[end].plan, tasks[first].plan) == 0) end++;
    return end;
}

/* The prompts that are still open, in their order of work. */
static int list_tasks(needle_run *run, int i_plan, task *tasks, int64_t *n) {
    int code = EXIT_CODE_OK;
    *n = 0;
    for (int64_t i = 0; i < run->prompts.n && code == EXIT_CODE_OK; i++) {
        if (needle_run_outcome(run, i_plan, i)->state != NEEDLE_OPEN) continue;
        task *t = &tasks[(*n)++];
        *t = (task){.i_prompt = i, .tokens = &run->prompts.list[i].tokens};
        code = resolve(run, plan_at(run->options, i_plan), t);
    }
    if (*n > 1) qsort(tasks, (size_t)*n, sizeof *tasks, compare_tasks);
    for (int64_t i = 0; i < *n; i++) run->n_expected += tasks[i].tokens->n - n_shared(run, tasks, i);
    return code;
}

int needle_run_all(needle_run *run) {
    const int n_plans = plan_count(run->options);
    const int64_t n_prompts = run->prompts.n;
    task *tasks = must_allocate(((size_t)n_plans * (size_t)n_prompts + 1) * sizeof *tasks);
    int64_t *n_tasks = must_allocate((size_t)n_plans * sizeof *n_tasks);
    int code = EXIT_CODE_OK;
    for (int p = 0; p < n_plans && code == EXIT_CODE_OK; p++)
        code = list_tasks(run, p, tasks + p * n_prompts, &n_tasks[p]);
    double started = clock_seconds();
    run->line = progress_start("asking", "tokens");
    interrupt_watch(NULL);
    for (int p = 0; p < n_plans && code == EXIT_CODE_OK; p++)
        for (int64_t first = 0, end; first < n_tasks[p] && code == EXIT_CODE_OK; first = end) {
            task *mine = tasks + p * n_prompts;
            end = end_of_group(mine, first, n_tasks[p]);
            code = run_group(run, p, mine, first, end);
        }
    interrupt_release();
    run->seconds = clock_seconds() - started;
    progress_end(&run->line);
    free(n_tasks);
    free(tasks);
    return code;
}

void needle_run_free(needle_run *run) {
    needle_prompts_free(&run->prompts);
    free(run->outcomes);
    run->outcomes = NULL;
}
