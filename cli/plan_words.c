#include "plan_words.h"

#include "exit_code.h"
#include "message.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LLAMA_WINDOW = 512 }; /* llama.cpp's --grp-attn-w when it is not given */

static const char *const scaling_names[] = {"rope-scaling",     "rope-scale",     "rope-freq-scale",
                                            "rope-freq-base",   "yarn-orig-ctx",  "yarn-ext-factor",
                                            "yarn-attn-factor", "yarn-beta-slow", "yarn-beta-fast"};
static const char *const group_names[] = {"grp-attn-n", "grp-attn-w"};
enum { N_SCALING = sizeof scaling_names / sizeof scaling_names[0], FIRST_YARN = 4 };

char *plan_words_spell_out(const command_row *command, char *argument) {
    static const struct {
        const char *word, *name;
    } rows[] = {{"-gan", "--grp-attn-n"}, {"-gaw", "--grp-attn-w"}};
    for (int i = 0; i < N_OPTIONS; i++)
        for (int k = 0; k < 2; k++)
            if (strcmp(argument, rows[k].word) == 0 && strcmp(OPTION_TABLE[i].name, rows[k].name + 2) == 0 &&
                (OPTION_TABLE[i].commands & command->id) != 0)
                return (char *)rows[k].name; /* getopt only reads it */
    return argument;
}

/* The first of these names from `from` on that was given, or NULL. */
static const char *first_given(const option_values *options, const char *const *names, int from, int n) {
    for (int i = from; i < n; i++)
        if (options_given(options, names[i])) return names[i];
    return NULL;
}

static void add(plan_words *words, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(plan_words *words, const char *format, ...) {
    size_t used = strlen(words->plan);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(words->plan + used, sizeof words->plan - used, format, arguments);
    va_end(arguments);
}

/* ",name=value" with as few digits as give the number back. */
static void add_number(plan_words *words, const char *name, double value) {
    char text[40];
    for (int digits = 6; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value) break;
    }
    add(words, "%c%s=%s", strchr(words->plan, ':') ? ',' : ':', name, text);
}

/* ---- SelfExtend ---- */

static int say_group(option_values *options) {
    plan_words *words = &options->words;
    if (!options_given(options, "grp-attn-n"))
        return message_error(EXIT_CODE_USAGE,
                             "--grp-attn-w means nothing without --grp-attn-n; write --extend "
                             "self-extend:group=G,window=%lld",
                             (long long)words->window);
    if (!options_given(options, "grp-attn-w")) words->window = LLAMA_WINDOW;
    if (words->group == 1)
        add(words, "none");
    else
        add(words, "self-extend:group=%lld,window=%lld", (long long)words->group, (long long)words->window);
    return 0;
}

/* ---- Frequencies ---- */

/* 0: neither --rope-scale nor --rope-freq-scale was given. */
static double factor_of(const option_values *options) {
    if (options_given(options, "rope-scale")) return options->words.scale;
    return options_given(options, "rope-freq-scale") ? 1 / options->words.freq_scale : 0;
}

static int say_yarn(option_values *options, double factor) {
    plan_words *words = &options->words;
    if (factor == 0)
        return message_error(EXIT_CODE_USAGE,
                             "--rope-scaling yarn needs --rope-scale F; or write --extend yarn:factor=F");
    if (options_given(options, "yarn-ext-factor") && fabs(words->ext_factor) != 1)
        return message_error(EXIT_CODE_USAGE,
                             "--yarn-ext-factor %g is not YaRN, only 1 is; write --extend linear:factor=%g",
                             words->ext_factor, factor);
    add(words, "yarn");
    add_number(words, "factor", factor);
    if (words->original > 0) add_number(words, "original", (double)words->original);
    if (options_given(options, "yarn-beta-fast")) add_number(words, "beta_fast", words->beta_fast);
    if (options_given(options, "yarn-beta-slow")) add_number(words, "beta_slow", words->beta_slow);
    /* There the factor multiplies YaRN's own scale, here it is the scale. */
    double own = factor <= 1 ? 1 : 0.1 * log(factor) + 1;
    if (options_given(options, "yarn-attn-factor"))
        add_number(words, "attention_factor", words->attn_factor * own);
    if (options_given(options, "rope-freq-base")) add_number(words, "base", words->freq_base);
    return 0;
}

static int say_linear(option_values *options, const char *scaling, double factor) {
    plan_words *words = &options->words;
    const char *yarn = first_given(options, scaling_names, FIRST_YARN, N_SCALING);
    if (yarn)
        return message_error(EXIT_CODE_USAGE,
                             "--%s means nothing without --rope-scaling yarn; write --extend yarn:factor=F",
                             yarn);
    if (scaling && strcmp(scaling, "none") == 0 && factor > 0)
        return message_error(EXIT_CODE_USAGE,
                             "--rope-scaling none and a scale of %g contradict each other; write --extend "
                             "linear:factor=%g",
                             factor, factor);
    if (scaling && strcmp(scaling, "linear") == 0 && factor == 0)
        return message_error(EXIT_CODE_USAGE,
                             "--rope-scaling linear needs --rope-scale F; or write --extend linear:factor=F");
    add(words, "linear");
    add_number(words, "factor", factor > 0 ? factor : 1);
    if (options_given(options, "rope-freq-base")) add_number(words, "base", words->freq_base);
    return 0;
}

static int say_scaling(option_values *options) {
    const char *scaling = options_given(options, "rope-scaling") ? options->words.scaling : NULL;
    double factor = factor_of(options);
    if (options_given(options, "rope-scale") && options_given(options, "rope-freq-scale"))
        return message_error(EXIT_CODE_USAGE,
                             "--rope-scale and --rope-freq-scale say the same; write --extend %s:factor=%g",
                             scaling && strcmp(scaling, "yarn") == 0 ? "yarn" : "linear", factor);
    if (scaling && strcmp(scaling, "yarn") == 0) return say_yarn(options, factor);
    return say_linear(options, scaling, factor);
}

int plan_words_apply(option_values *options) {
    const char *scaling = first_given(options, scaling_names, 0, N_SCALING);
    const char *group = first_given(options, group_names, 0, 2);
    if (!scaling && !group) return 0;
    if (scaling && group)
        return message_error(
            EXIT_CODE_USAGE,
            "--%s and --%s ask for two plans; write --extend self-extend:group=G,window=W, which "
            "keeps the file's own scaling, or one that changes it",
            group, scaling);
    int code = scaling ? say_scaling(options) : say_group(options);
    if (code != 0) return code;
    if (options->n_plans > 0)
        return message_error(EXIT_CODE_USAGE, "--%s and --extend both choose the plan; write --extend %s alone",
                             scaling ? scaling : group, options->words.plan);
    options->plans[options->n_plans++] = options->words.plan;
    return 0;
}

const char *plan_words_for(const char *method) {
    static const struct {
        const char *method, *words;
    } rows[] = {
        {"self-extend", "--grp-attn-n G --grp-attn-w W (-gan, -gaw)"},
        {"linear", "--rope-scaling linear --rope-scale F, or --rope-freq-scale 1/F; --rope-freq-base B; "
                   "--rope-scaling none for factor=1"},
        {"yarn",
         "--rope-scaling yarn --rope-scale F, with --yarn-orig-ctx, --yarn-beta-fast, --yarn-beta-slow, "
         "--yarn-attn-factor, --yarn-ext-factor 1, --rope-freq-base"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(method, rows[i].method) == 0) return rows[i].words;
    return NULL;
}
