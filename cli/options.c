#include "options.h"

#include "exit_code.h"
#include "message.h"
#include "nearest.h"
#include "plan_words.h"
#include "text_buffer.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* getopt_long returns FIRST_LONG + row for a long name, the letter for a short one. */
enum { FIRST_LONG = 1000, MAX_NAMES = MAX_OPTIONS * (1 + MAX_ALIASES) };

static bool row_is_for(const option_row *row, const command_row *command) {
    return (row->commands & command->id) != 0;
}

static const char *row_name(const option_row *row, int i) { return i == 0 ? row->name : row->aliases[i - 1]; }

static bool is_choice(const char *choices, const char *value) {
    size_t length = strlen(value);
    for (const char *item = choices; item != NULL; item = strchr(item, '|')) {
        if (*item == '|') item++;
        if (length > 0 && strncmp(item, value, length) == 0 && (item[length] == '|' || item[length] == '\0'))
            return true;
    }
    return false;
}

static int bad_choice(const option_row *row, const char *value) {
    char list[128], *rest = list, *item;
    snprintf(list, sizeof list, "%s", row->choices);
    nearest search = nearest_to(value);
    while ((item = strsep(&rest, "|")) != NULL) nearest_offer(&search, item);
    if (search.best != NULL)
        return message_error(EXIT_CODE_USAGE, "--%s has no value '%s'; did you mean '%s'? (one of %s)",
                             row->name, value, search.best, row->choices);
    return message_error(EXIT_CODE_USAGE, "--%s has no value '%s'; use one of %s", row->name, value,
                         row->choices);
}

static const char *kind_text(option_kind kind) {
    switch (kind) {
    case OPTION_REAL: return "a number";
    case OPTION_LENGTH: return "a length, such as 4096 or 4k,";
    case OPTION_INTEGER_LIST: return "whole numbers separated by commas, each";
    case OPTION_REAL_LIST: return "numbers separated by commas, each";
    case OPTION_LENGTH_LIST: return "lengths separated by commas, such as 512 or 4k, each";
    case OPTION_PERCENT_LIST: return "START:END:STEP, or numbers separated by commas, each";
    default: return "a whole number";
    }
}

static int bad_number(const option_row *row, const char *value) {
    char range[96] = " of at least 0";
    if (row->kind != OPTION_UNSIGNED) snprintf(range, sizeof range, " from %.15g to %.15g", row->min, row->max);
    return message_error(EXIT_CODE_USAGE, "--%s needs %s%s, not '%.80s'", row->name, kind_text(row->kind),
                         range, value);
}

static int add_choice(const option_row *row, choice_list *list, const char *value) {
    if (row->choices != NULL && !is_choice(row->choices, value)) return bad_choice(row, value);
    if (list->n == MAX_CHOICES)
        return message_error(EXIT_CODE_USAGE, "--%s may be given at most %d times", row->name, MAX_CHOICES);
    list->values[list->n++] = value;
    return 0;
}

static int add_plan(option_values *options, const char *value) {
    if (options->n_plans == MAX_PLANS)
        return message_error(EXIT_CODE_USAGE, "--extend may be given at most %d times", MAX_PLANS);
    options->plans[options->n_plans++] = value;
    return 0;
}

/* Stores `value` in the row's field; a NULL value sets a flag. */
static int store(const option_row *row, const char *value, option_values *options) {
    void *field = (char *)options + row->offset;
    int64_t min = (int64_t)row->min, max = (int64_t)row->max;
    bool good = true;
    switch (row->kind) {
    case OPTION_FLAG: *(bool *)field = true; return 0;
    case OPTION_PLAN: return add_plan(options, value);
    case OPTION_CHOICE:
        if (!is_choice(row->choices, value)) return bad_choice(row, value);
        *(const char **)field = value;
        return 0;
    case OPTION_CHOICES: return add_choice(row, field, value);
    case OPTION_TEXT: *(const char **)field = value; return 0;
    case OPTION_FILE:
    case OPTION_FILES:
        if (value[0] == '\0')
            return message_error(EXIT_CODE_USAGE, "--%s needs a path, not an empty text", row->name);
        if (row->kind == OPTION_FILES) return add_choice(row, field, value);
        *(const char **)field = value;
        return 0;
    case OPTION_INTEGER: good = number_integer(value, min, max, field); break;
    case OPTION_LENGTH: good = number_length(value, min, max, field); break;
    case OPTION_UNSIGNED: good = number_unsigned(value, field); break;
    case OPTION_REAL: good = number_real(value, row->min, row->max, field); break;
    case OPTION_INTEGER_LIST: good = number_integer_list(value, min, max, field); break;
    case OPTION_REAL_LIST: good = number_real_list(value, row->min, row->max, field); break;
    case OPTION_LENGTH_LIST: good = number_length_list(value, min, max, field); break;
    case OPTION_PERCENT_LIST: good = number_percent_list(value, field); break;
    }
    return good ? 0 : bad_number(row, value);
}

static int set_defaults(const command_row *command, option_values *options) {
    for (int i = 0; i < N_OPTIONS; i++) {
        const option_row *row = &OPTION_TABLE[i];
        if (!row_is_for(row, command) || row->default_value == NULL) continue;
        int code = store(row, row->default_value, options);
        if (code != 0) return code;
    }
    return 0;
}

/* The argument of getopt_long, from the table. "+": stop at the first argument that is no option, ":":
 * tell a missing argument from an unknown option. */
static void fill_getopt(const command_row *command, struct option *long_options, char *letters) {
    int n = 0;
    *letters++ = '+';
    *letters++ = ':';
    for (int i = 0; i < N_OPTIONS; i++) {
        const option_row *row = &OPTION_TABLE[i];
        if (!row_is_for(row, command)) continue;
        int has_argument = row->kind == OPTION_FLAG ? no_argument : required_argument;
        for (int k = 0; k <= MAX_ALIASES && row_name(row, k) != NULL; k++)
            long_options[n++] = (struct option){row_name(row, k), has_argument, NULL, FIRST_LONG + i};
        if (row->letter == 0) continue;
        *letters++ = row->letter;
        if (has_argument == required_argument) *letters++ = ':';
    }
    long_options[n] = (struct option){NULL, 0, NULL, 0};
    *letters = '\0';
}

static int unknown_long(const command_row *command, const char *argument) {
    char typed[80];
    snprintf(typed, sizeof typed, "%.*s", (int)strcspn(argument + 2, "="), argument + 2);
    nearest search = nearest_to(typed), elsewhere = nearest_to(typed);
    for (int i = 0; i < N_OPTIONS; i++) {
        const option_row *row = &OPTION_TABLE[i];
        for (int k = 0; k <= MAX_ALIASES && row_name(row, k) != NULL; k++)
            nearest_offer(row_is_for(row, command) ? &search : &elsewhere, row_name(row, k));
    }
    if (elsewhere.best != NULL && strcmp(elsewhere.best, typed) == 0)
        return message_error(EXIT_CODE_USAGE, "--%s is no option of '%s'; see 'sextant %s --help'", typed,
                             command->name, command->name);
    if (search.best != NULL)
        return message_error(EXIT_CODE_USAGE, "unknown option --%s; did you mean --%s? See 'sextant %s --help'",
                             typed, search.best, command->name);
    return message_error(EXIT_CODE_USAGE, "unknown option --%s; see 'sextant %s --help'", typed, command->name);
}

/* Options are never abbreviated: a script must not change its meaning when an option is added. */
static bool is_whole_name(const option_row *row, const char *argument) {
    size_t length = strcspn(argument + 2, "=");
    for (int k = 0; k <= MAX_ALIASES && row_name(row, k) != NULL; k++)
        if (strlen(row_name(row, k)) == length && strncmp(row_name(row, k), argument + 2, length) == 0)
            return true;
    return false;
}

static const option_row *row_of(const command_row *command, int result) {
    if (result >= FIRST_LONG) return &OPTION_TABLE[result - FIRST_LONG];
    for (int i = 0; i < N_OPTIONS; i++)
        if (row_is_for(&OPTION_TABLE[i], command) && OPTION_TABLE[i].letter == result) return &OPTION_TABLE[i];
    return NULL;
}

static int complain(const command_row *command, int result, const char *argument) {
    bool is_long = strncmp(argument, "--", 2) == 0;
    if (result == ':' && is_long) {
        const option_row *row = row_of(command, optopt);
        if (row == NULL || !is_whole_name(row, argument)) return unknown_long(command, argument);
        return message_error(EXIT_CODE_USAGE, "%s needs a value: %s", argument, row->argument);
    }
    if (result == ':') {
        const option_row *row = row_of(command, optopt);
        return message_error(EXIT_CODE_USAGE, "-%c needs a value: %s", optopt,
                             row == NULL ? "" : row->argument);
    }
    if (is_long && optopt >= FIRST_LONG)
        return message_error(EXIT_CODE_USAGE, "--%s takes no value", OPTION_TABLE[optopt - FIRST_LONG].name);
    if (is_long) return unknown_long(command, argument);
    return message_error(EXIT_CODE_USAGE, "unknown option -%c; see 'sextant %s --help'", optopt, command->name);
}

static int take_positional(const command_row *command, const char *argument, option_values *options) {
    if (options->n_positional >= command->max_positional)
        return message_error(EXIT_CODE_USAGE, "'%s' is one argument too many; usage: sextant %s %s", argument,
                             command->name, command->usage);
    options->positional[options->n_positional++] = argument;
    return 0;
}

static int take_option(const command_row *command, int result, const char *argument, option_values *options) {
    if (result == ':' || result == '?') return complain(command, result, argument);
    const option_row *row = row_of(command, result);
    if (result >= FIRST_LONG && !is_whole_name(row, argument)) return unknown_long(command, argument);
    bool *given = &options->given[row - OPTION_TABLE];
    if (row->kind == OPTION_PLAN && !command->many_plans && *given)
        return message_error(EXIT_CODE_USAGE, "--%s may be given once to '%s'", row->name, command->name);
    *given = true;
    return store(row, optarg, options);
}

int options_parse(const command_row *command, int argc, char **argv, option_values *options) {
    struct option long_options[MAX_NAMES];
    char letters[2 * MAX_OPTIONS + 3];
    memset(options, 0, sizeof *options);
    int code = set_defaults(command, options);
    fill_getopt(command, long_options, letters);
    opterr = 0;
    optind = 1;
    const char *argument = "";
    while (code == 0 && optind < argc) {
        /* A cluster of letters (-iv) stays the current argument until its last letter. */
        argument = argv[optind] = plan_words_spell_out(command, argv[optind]);
        int result = getopt_long(argc, argv, letters, long_options, NULL);
        if (result != -1)
            code = take_option(command, result, argument, options);
        else if (strcmp(argument, "--") == 0)
            while (code == 0 && optind < argc) code = take_positional(command, argv[optind++], options);
        else
            code = take_positional(command, argv[optind++], options);
    }
    if (options->no_special) options->special = false;
    return code == 0 ? plan_words_apply(options) : code;
}

void options_free(option_values *options) {
    free(options->tokens.values);
    free(options->decode.values);
    free(options->lengths.values);
    free(options->depths.values);
    free(options->needle_depths.values);
    free(options->fill_depths.values);
}

bool options_given(const option_values *options, const char *name) {
    for (int i = 0; i < N_OPTIONS; i++)
        if (strcmp(OPTION_TABLE[i].name, name) == 0 && options->given[i]) return true;
    return false;
}
