#include "command.h"

#include "exit_code.h"
#include "json_document.h"
#include "message.h"
#include "model_session.h"
#include "text_buffer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* One of each storage type that the file holds. */
typedef struct type_count {
    sxt_type type;
    int64_t n_tensors;
    uint64_t n_bytes;
} type_count;

enum { MAX_TYPES = 32 };

static int count_types(const sxt_model *model, type_count counts[MAX_TYPES]) {
    sxt_tensor_info tensor;
    int n = 0;
    for (int64_t i = 0; sxt_model_tensor(model, i, &tensor); i++) {
        int k = 0;
        while (k < n && counts[k].type != tensor.type) k++;
        if (k == MAX_TYPES) continue;
        if (k == n) counts[n++] = (type_count){tensor.type, 0, 0};
        counts[k].n_tensors++;
        counts[k].n_bytes += tensor.n_bytes;
    }
    return n;
}

static const char *type_name(sxt_type type) {
    const char *name = sxt_type_name(type);
    return name != NULL ? name : "?";
}

/* The contexts whose memory is told: 4K, 16K, 64K and -c. */
static int memory_contexts(const option_values *options, int64_t contexts[4]) {
    contexts[0] = 4096;
    contexts[1] = 16384;
    contexts[2] = 65536;
    contexts[3] = options->ctx;
    return options->ctx > 0 ? 4 : 3;
}

/* Plans whose longest context is told: none, self-extend with several groups where the model can run it, and
 * --extend's. */
enum { MAX_LISTED_PLANS = 8, PLAN_TEXT = 256 };

static int listed_plans(const option_values *options, const sxt_model *model, const sxt_model_info *info,
                        char plans[MAX_LISTED_PLANS][PLAN_TEXT]) {
    int n = 0;
    int64_t tokens;
    long long window = info->n_ctx_train / 4;
    bool extends = window >= 1 && plan_reach(model, "self-extend", &tokens, NULL, NULL) == SXT_OK;
    snprintf(plans[n++], PLAN_TEXT, "none");
    for (int group = 2; group <= 32 && extends; group *= 2)
        snprintf(plans[n++], PLAN_TEXT, "self-extend:group=%d,window=%lld", group, window);
    snprintf(plans[n++], PLAN_TEXT, "auto");
    if (options->n_plans > 0 && strcmp(options->plans[0], "auto") != 0)
        snprintf(plans[n++], PLAN_TEXT, "%s", options->plans[0]);
    return n;
}

/* Where `auto` is shown choosing: -c, or four trained windows. */
static int64_t shown_length(const option_values *options, const sxt_model_info *info) {
    return options->ctx > 0 ? options->ctx : 4 * info->n_ctx_train;
}

static void put_memory(json_document *document, const option_values *options, const sxt_model *model) {
    int64_t contexts[4];
    int n = memory_contexts(options, contexts);
    json_document *rows = document_array();
    for (int i = 0; i < n; i++) {
        sxt_session_params params = session_params(options, "none", 0);
        sxt_memory_plan memory;
        params.n_ctx = contexts[i];
        if (sxt_memory_needed(model, &params, &memory, NULL) != SXT_OK) continue;
        json_document *row = document_object();
        document_put_integer(row, "n_ctx", contexts[i]);
        document_put_integer(row, "weights_bytes", (int64_t)memory.weights_bytes);
        document_put_integer(row, "private_bytes", (int64_t)memory.private_bytes);
        document_put_integer(row, "cache_bytes", (int64_t)memory.kv_bytes);
        document_put_integer(row, "scratch_bytes", (int64_t)memory.scratch_bytes);
        document_put_integer(row, "total_bytes", (int64_t)memory.total_bytes);
        document_append(rows, row);
    }
    document_put(document, "memory", rows);
}

static int put_plans(json_document *document, const option_values *options, const sxt_model *model,
                     const sxt_model_info *info) {
    char plans[MAX_LISTED_PLANS][PLAN_TEXT];
    int n = listed_plans(options, model, info, plans);
    json_document *rows = document_array();
    document_put(document, "longest_context", rows);
    for (int i = 0; i < n; i++) {
        int64_t tokens;
        sxt_error error;
        sxt_plan_info plan;
        if (plan_reach(model, plans[i], &tokens, &plan, &error) != SXT_OK) return message_library_error(&error);
        json_document *row = document_object();
        document_put_text(row, "plan", plans[i]);
        document_put_bound(row, "tokens", tokens);
        document_put_bound(row, "remembers", plan.n_remembered);
        document_append(rows, row);
    }
    return EXIT_CODE_OK;
}

static void put_tensors(json_document *document, const sxt_model *model) {
    json_document *rows = document_array();
    sxt_tensor_info tensor;
    for (int64_t i = 0; sxt_model_tensor(model, i, &tensor); i++) {
        json_document *row = document_object();
        int32_t dims[4];
        for (int k = 0; k < tensor.n_dims; k++) dims[k] = (int32_t)tensor.dims[k];
        document_put_text(row, "name", tensor.name);
        document_put_text(row, "type", type_name(tensor.type));
        document_put(row, "shape", document_integers(dims, tensor.n_dims));
        document_put_integer(row, "bytes", (int64_t)tensor.n_bytes);
        document_append(rows, row);
    }
    document_put(document, "tensors", rows);
}

static void put_description(json_document *d, const sxt_model *model, const sxt_model_info *info) {
    type_count counts[MAX_TYPES];
    int n_types = count_types(model, counts);
    json_document *types = document_object();
    for (int i = 0; i < n_types; i++)
        document_put_integer(types, type_name(counts[i].type), counts[i].n_tensors);
    document_put_text(d, "path", info->path);
    document_put_text(d, "format", info->format);
    document_put_text(d, "architecture", info->architecture);
    document_put_text(d, "name", info->name);
    document_put_integer(d, "trained_window", info->n_ctx_train);
    document_put_integer(d, "sliding_window", info->sliding_window);
    document_put_integer(d, "n_sliding", info->n_sliding);
    document_put_integer(d, "n_layers", info->n_layers);
    document_put_integer(d, "d_model", info->d_model);
    document_put_integer(d, "n_heads", info->n_heads);
    document_put_integer(d, "n_kv_heads", info->n_kv_heads);
    document_put_integer(d, "head_dim", info->head_dim);
    document_put_integer(d, "n_rot", info->n_rot);
    document_put_integer(d, "n_ff", info->n_ff);
    document_put_integer(d, "n_vocab", info->n_vocab);
    document_put_real(d, "rope_theta", info->rope_theta);
    document_put_text(d, "rope_scaling", info->rope_scaling);
    document_put_flag(d, "tied_output", info->tied_output);
    document_put_integer(d, "n_params", info->n_params);
    document_put_integer(d, "n_tensors", info->n_tensors);
    document_put_integer(d, "weight_bytes", (int64_t)info->weight_bytes);
    document_put(d, "types", types);
    document_put_text(d, "tokenizer", info->tokenizer);
    document_put_text(d, "pre_tokenizer", info->pre_tokenizer);
    document_put_text(d, "chat_template", info->chat_template);
    document_put_integer(d, "bos_id", info->bos_id);
    document_put_integer(d, "eos_id", info->eos_id);
    document_put_flag(d, "add_bos", info->add_bos);
    document_put_flag(d, "add_eos", info->add_eos);
}

static int print_document(const option_values *options, const sxt_model *model, const sxt_model_info *info,
                          bool vocab_only) {
    json_document *document = document_object();
    int code = EXIT_CODE_OK;
    put_description(document, model, info);
    if (!vocab_only) {
        put_memory(document, options, model);
        code = put_plans(document, options, model, info);
    }
    if (options->list_tensors) put_tensors(document, model);
    if (code == EXIT_CODE_OK)
        document_print(document);
    else
        document_free(document);
    return code;
}

/* Names come from files: none of them may command the terminal. */
static void print_row(const char *label, const char *text) {
    text_buffer line = {0};
    size_t n_bytes = strlen(text);
    text_buffer_add(&line, "", 0);
    text_buffer_add_visible(&line, text, n_bytes, VISIBLE_ONE_LINE, true);
    printf("%-18s %s\n", label, line.bytes);
    text_buffer_free(&line);
}

static void print_description(const sxt_model_info *info, bool vocab_only) {
    print_row("file", info->path);
    print_row("format", info->format);
    print_row("architecture", info->architecture);
    if (info->name[0] != '\0') print_row("name", info->name);
    if (!vocab_only) {
        printf("%-18s %" PRId64 " tokens\n", "trained window", info->n_ctx_train);
        if (info->n_sliding == info->n_layers)
            printf("%-18s %" PRId64 " tokens\n", "sliding window", info->sliding_window);
        else if (info->n_sliding > 0)
            printf("%-18s %" PRId64 " tokens in %d of the layers\n", "sliding window", info->sliding_window,
                   info->n_sliding);
        printf("%-18s %d, width %d, feed-forward %d\n", "layers", info->n_layers, info->d_model, info->n_ff);
        printf("%-18s %d of %d dimensions (%d rotated), %d for keys and values\n", "heads", info->n_heads,
               info->head_dim, info->n_rot, info->n_kv_heads);
        if (info->n_rot > 0)
            printf("%-18s theta %.10g, scaling %s\n", "rotary positions", info->rope_theta, info->rope_scaling);
        else
            printf("%-18s none; scores fall with distance (ALiBi)\n", "rotary positions");
        printf("%-18s %.4g million in %" PRId64 " tensors, %.1f MiB%s\n", "parameters",
               (double)info->n_params / 1e6, info->n_tensors, (double)info->weight_bytes / 1048576,
               info->tied_output ? ", output tied to the embedding" : "");
    }
    printf("%-18s %s%s%s, %d tokens, BOS %d%s, EOS %d%s\n", "tokenizer", info->tokenizer,
           info->pre_tokenizer[0] != '\0' ? " / " : "", info->pre_tokenizer, info->n_vocab, info->bos_id,
           info->add_bos ? " (added)" : "", info->eos_id, info->add_eos ? " (added)" : "");
    print_row("chat template", info->chat_template[0] != '\0' ? info->chat_template : "none in the file");
}

static void print_types(const sxt_model *model) {
    type_count counts[MAX_TYPES];
    int n = count_types(model, counts);
    for (int i = 0; i < n; i++)
        printf("%-18s %-5s %" PRId64 " tensors, %.1f MiB\n", i == 0 ? "types" : "", type_name(counts[i].type),
               counts[i].n_tensors, (double)counts[i].n_bytes / 1048576);
}

static void print_memory(const option_values *options, const sxt_model *model) {
    int64_t contexts[4];
    int n = memory_contexts(options, contexts);
    sxt_memory_plan memory = {0};
    printf("\nmemory needed (cache %s)\n%10s %12s %12s %12s %12s\n", options->kv, "context", "weights", "cache",
           "work", "total");
    for (int i = 0; i < n; i++) {
        sxt_session_params params = session_params(options, "none", 0);
        params.n_ctx = contexts[i];
        if (sxt_memory_needed(model, &params, &memory, NULL) != SXT_OK) continue;
        printf("%10" PRId64 " %8.1f MiB %8.1f MiB %8.1f MiB %8.1f MiB\n", contexts[i],
               (double)memory.weights_bytes / 1048576, (double)memory.kv_bytes / 1048576,
               (double)(memory.private_bytes + memory.scratch_bytes) / 1048576,
               (double)memory.total_bytes / 1048576);
    }
    if (memory.available_bytes > 0)
        printf("available now: %.1f MiB\n", (double)memory.available_bytes / 1048576);
}

static int print_plans(const option_values *options, const sxt_model *model, const sxt_model_info *info) {
    char plans[MAX_LISTED_PLANS][PLAN_TEXT];
    int n = listed_plans(options, model, info, plans);
    printf("\nlongest context\n");
    for (int i = 0; i < n; i++) {
        sxt_plan_info plan;
        sxt_error error;
        int64_t tokens;
        if (sxt_plan_resolve(model, plans[i], shown_length(options, info), &plan, &error) != SXT_OK ||
            plan_reach(model, plans[i], &tokens, NULL, &error) != SXT_OK)
            return message_library_error(&error);
        if (strcmp(plans[i], "auto") == 0 && tokens == INT64_MAX)
            printf("  %-40s grows with the text; %" PRId64 " tokens: %s\n", "auto", plan.length, plan.plan);
        else if (tokens == INT64_MAX && plan.n_remembered < INT64_MAX)
            printf("  %-40s any; remembers %" PRId64 " tokens\n", plans[i], plan.n_remembered);
        else if (tokens == INT64_MAX)
            printf("  %-40s any\n", plans[i]);
        else
            printf("  %-40s %" PRId64 " tokens\n", plans[i], tokens);
    }
    return EXIT_CODE_OK;
}

static void print_tensors(const sxt_model *model) {
    sxt_tensor_info tensor;
    printf("\ntensors\n");
    for (int64_t i = 0; sxt_model_tensor(model, i, &tensor); i++) {
        text_buffer line = {0};
        text_buffer_print(&line, "%-5s (", type_name(tensor.type));
        for (int k = 0; k < tensor.n_dims; k++)
            text_buffer_print(&line, "%s%" PRId64, k > 0 ? ", " : "", tensor.dims[k]);
        text_buffer_print(&line, ")  ");
        text_buffer_add_visible(&line, tensor.name, strlen(tensor.name), VISIBLE_ONE_LINE, true);
        printf("  %s\n", line.bytes);
        text_buffer_free(&line);
    }
}

static int print_text(const option_values *options, const sxt_model *model, const sxt_model_info *info,
                      bool vocab_only) {
    int code = EXIT_CODE_OK;
    print_description(info, vocab_only);
    print_types(model);
    if (!vocab_only) {
        print_memory(options, model);
        code = print_plans(options, model, info);
    }
    if (options->list_tensors) print_tensors(model);
    return code;
}

static bool opens_as_vocabulary(const char *path, const sxt_error *error, sxt_model **model) {
    sxt_model_params params = sxt_model_params_default();
    params.vocab_only = true;
    return error->status == SXT_E_UNSUPPORTED && sxt_model_open(path, &params, model, NULL) == SXT_OK;
}

/* A file that holds a vocabulary alone, or an architecture this version cannot run, is still described. */
static int open_for_description(const char *path, sxt_model **model, bool *vocab_only) {
    sxt_error error;
    *vocab_only = false;
    if (path != NULL && sxt_model_open(path, NULL, model, &error) == SXT_OK) return EXIT_CODE_OK;
    if (path == NULL || !opens_as_vocabulary(path, &error, model)) return model_open(path, false, model);
    message_note("the tokenizer alone can be used: %s", error.text);
    *vocab_only = true;
    return EXIT_CODE_OK;
}

/* A plan that is none is refused before anything is printed. */
static int plan_check(const sxt_model *model, const char *plan) {
    sxt_plan_info info;
    sxt_error error;
    if (sxt_plan_resolve(model, plan, 1, &info, &error) == SXT_OK) return EXIT_CODE_OK;
    return message_library_error(&error);
}

int command_info(const option_values *options) {
    const char *path = options->n_positional > 0 ? options->positional[0] : options->model;
    sxt_model *model = NULL;
    sxt_model_info info;
    bool vocab_only;
    if (options->n_positional > 0 && options->model != NULL)
        return message_error(EXIT_CODE_USAGE, "info describes one model: give it as MODEL or with -m");
    int code = open_for_description(path, &model, &vocab_only);
    if (code != EXIT_CODE_OK) return code;
    sxt_model_describe(model, &info);
    if (options->n_plans > 0 && !vocab_only) code = plan_check(model, options->plans[0]);
    if (code == EXIT_CODE_OK)
        code = options->json ? print_document(options, model, &info, vocab_only)
                             : print_text(options, model, &info, vocab_only);
    sxt_model_close(model);
    return code;
}
