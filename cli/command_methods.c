/* Every plan: what it does, its parameters, how far it reaches on a model, and who published it. */
#include "command.h"

#include "exit_code.h"
#include "help.h"
#include "json_document.h"
#include "message.h"
#include "model_session.h"
#include "plan_words.h"

#include <stdio.h>
#include <string.h>

enum { WIDTH = 80, INDENT = 2, NAME_COLUMN = 20 };

/* ---- In words -------------------------------------------------------------------------------------------- */

static void print_line(const char *label, const char *text) {
    printf("%*s%-*s", INDENT, "", NAME_COLUMN - INDENT, label);
    help_fill(stdout, text, NAME_COLUMN, NAME_COLUMN, WIDTH);
}

static void print_heading(const char *name, const char *summary) {
    printf("\n%-*s", NAME_COLUMN, name);
    help_fill(stdout, summary, NAME_COLUMN, NAME_COLUMN, WIDTH);
}

/* "whole number, 1 to 255; default 64" or "int or float; default int"; of a lone word that alone. */
static void print_parameter(const sxt_plan_parameter_info *parameter) {
    text_buffer line = {0};
    if (strcmp(parameter->kind, "word") != 0)
        text_buffer_print(&line, "%s, %s", parameter->kind, parameter->range);
    else
        for (const char *c = parameter->range; *c != '\0'; c++)
            text_buffer_add(&line, *c == '|' ? " or " : c, *c == '|' ? 4 : 1);
    if (strcmp(parameter->range, parameter->standard) != 0)
        text_buffer_print(&line, "; default %s", parameter->standard);
    print_line(parameter->name, line.bytes);
    text_buffer_free(&line);
}

/* The library's reason without the plan's name, which stands above it. */
static const char *reason_of(const sxt_error *error) {
    const char *colon = strchr(error->text, ':');
    return strncmp(error->text, "plan ", 5) == 0 && colon != NULL ? colon + 2 : error->text;
}

static void print_tokens(const char *label, int64_t tokens) {
    char text[32];
    snprintf(text, sizeof text, "%lld tokens", (long long)tokens);
    print_line(label, tokens == INT64_MAX ? "unbounded" : text);
}

static void print_reach(const sxt_model *model, const char *name) {
    sxt_error error;
    sxt_plan_info plan;
    int64_t tokens;
    if (plan_reach(model, name, &tokens, &plan, &error) != SXT_OK) {
        print_line("refused:", reason_of(&error));
        return;
    }
    print_tokens("limit:", tokens);
    if (plan.n_remembered < INT64_MAX) print_tokens("remembers:", plan.n_remembered);
}

static void print_method(const sxt_model *model, const char *name, const char *summary) {
    sxt_plan_parameter_info parameter;
    print_heading(name, summary);
    for (int64_t i = 0; sxt_plan_parameter(model, name, i, &parameter); i++) print_parameter(&parameter);
    if (model != NULL) print_reach(model, name);
    if (sxt_plan_source(name) != NULL) print_line("source:", sxt_plan_source(name));
    if (plan_words_for(name) != NULL) print_line("llama.cpp:", plan_words_for(name));
}

static void print_introduction(const option_values *options, const sxt_model *model) {
    if (model == NULL) {
        help_fill(stdout,
                  "Plans for --extend, with parameters as in self-extend:group=16,window=512. L is the model's "
                  "trained window; with -m MODEL its numbers stand here, and how far each plan reaches.",
                  0, 0, WIDTH);
        return;
    }
    sxt_model_info info;
    sxt_plan_info plan;
    text_buffer text = {0};
    sxt_model_describe(model, &info);
    text_buffer_add_visible(&text, options->model, strlen(options->model), VISIBLE_ONE_LINE, true);
    text_buffer_print(&text, ": a trained window L of %lld tokens", (long long)info.n_ctx_train);
    if (info.n_sliding > 0)
        text_buffer_print(&text, ", a sliding window of %lld in %d of %d layers",
                          (long long)info.sliding_window, (int)info.n_sliding, (int)info.n_layers);
    text_buffer_print(&text, ". Plans for --extend, with their limits at the defaults.");
    if (sxt_plan_resolve(model, "none", 0, &plan, NULL) == SXT_OK && plan.idle)
        text_buffer_print(&text, " Every layer keeps to its own window: without +window=off, as in "
                                 "self-extend+window=off, they change nothing.");
    help_fill(stdout, text.bytes, 0, 0, WIDTH);
    text_buffer_free(&text);
}

static void print_list(const option_values *options, const sxt_model *model) {
    const char *name, *summary;
    print_introduction(options, model);
    for (int64_t i = 0; (name = sxt_plan_name(i, &summary)) != NULL; i++) print_method(model, name, summary);
    for (int64_t i = 0; (name = sxt_plan_add_on(i, &summary)) != NULL; i++) {
        print_heading(name, summary);
        print_line("source:", sxt_plan_source(name));
    }
}

/* ---- As JSON --------------------------------------------------------------------------------------------- */

static void put_optional(json_document *row, const char *key, const char *text) {
    if (text != NULL)
        document_put_text(row, key, text);
    else
        document_put_null(row, key);
}

static json_document *parameters_of(const sxt_model *model, const char *name) {
    json_document *rows = document_array();
    sxt_plan_parameter_info parameter;
    for (int64_t i = 0; sxt_plan_parameter(model, name, i, &parameter); i++) {
        json_document *row = document_object();
        document_put_text(row, "name", parameter.name);
        document_put_text(row, "kind", parameter.kind);
        document_put_text(row, "default", parameter.standard);
        document_put_flag(row, "default_in_words", parameter.computed);
        document_put_text(row, "range", parameter.range);
        document_append(rows, row);
    }
    return rows;
}

/* `limit` is null where nothing is too long, as in info, and `remembers` where nothing is forgotten; a plan
 * that is refused has neither. */
static void put_reach(json_document *row, const sxt_model *model, const char *name) {
    sxt_error error;
    sxt_plan_info plan;
    int64_t tokens;
    if (plan_reach(model, name, &tokens, &plan, &error) != SXT_OK) {
        document_put_text(row, "refused", reason_of(&error));
        return;
    }
    document_put_bound(row, "limit", tokens);
    document_put_bound(row, "remembers", plan.n_remembered);
    document_put_flag(row, "idle", plan.idle);
}

static json_document *method_document(const sxt_model *model, const char *name, const char *summary) {
    json_document *row = document_object();
    document_put_text(row, "name", name);
    document_put_text(row, "summary", summary);
    document_put(row, "parameters", parameters_of(model, name));
    if (model != NULL) put_reach(row, model, name);
    put_optional(row, "source", sxt_plan_source(name));
    put_optional(row, "llama_cpp", plan_words_for(name));
    return row;
}

static void print_document(const option_values *options, const sxt_model *model) {
    json_document *document = document_object(), *methods = document_array(), *add_ons = document_array();
    const char *name, *summary;
    if (model != NULL) {
        sxt_model_info info;
        sxt_model_describe(model, &info);
        document_put_text(document, "model", options->model);
        document_put_integer(document, "trained_window", info.n_ctx_train);
    }
    for (int64_t i = 0; (name = sxt_plan_name(i, &summary)) != NULL; i++)
        document_append(methods, method_document(model, name, summary));
    for (int64_t i = 0; (name = sxt_plan_add_on(i, &summary)) != NULL; i++) {
        json_document *row = document_object();
        document_put_text(row, "name", name);
        document_put_text(row, "summary", summary);
        put_optional(row, "source", sxt_plan_source(name));
        document_append(add_ons, row);
    }
    document_put(document, "methods", methods);
    document_put(document, "add_ons", add_ons);
    document_print(document);
}

int command_methods(const option_values *options) {
    sxt_model *model = NULL;
    if (options->model != NULL) {
        int code = model_open(options->model, false, &model);
        if (code != EXIT_CODE_OK) return code;
    }
    if (options->json)
        print_document(options, model);
    else
        print_list(options, model);
    sxt_model_close(model);
    return EXIT_CODE_OK;
}
