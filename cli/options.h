/* The one table of options. The parser, `--help`, the man page and the completions are made from it. */
#ifndef SEXTANT_CLI_OPTIONS_H
#define SEXTANT_CLI_OPTIONS_H

#include "number.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MAX_PLANS = 16, MAX_CHOICES = 16, MAX_POSITIONAL = 2, MAX_ALIASES = 2, MAX_OPTIONS = 128 };

/* What an option that may be given several times said. */
typedef struct choice_list {
    const char *values[MAX_CHOICES];
    int n;
} choice_list;

/* llama.cpp's words for plans; plan_words.h makes a plan of them. */
typedef struct plan_words {
    const char *scaling; /* none, linear, yarn */
    double scale, freq_base, freq_scale, ext_factor, attn_factor, beta_slow, beta_fast;
    int64_t original, group, window;
    char plan[256]; /* what they say together */
} plan_words;

/* What --preset's file says; see preset.h. */
typedef struct preset_choice {
    char plan[256], fingerprint[20], model_name[128];
    int64_t target; /* the length that the plan was tuned for, in tokens */
} preset_choice;

/* What a command line said; a text that was not given is NULL. Strings are argv's. */
typedef struct option_values {
    const char *model, *file, *prompt, *system, *chat_template, *session, *output, *filler, *methods;
    const char *kv, *type, *precision;
    const char *plans[MAX_PLANS];
    int n_plans;
    const char *preset;
    preset_choice from_preset;
    plan_words words;
    choice_list kvs, haystacks, pictures, position_pictures;
    const char *task, *needle_text, *question, *prompts;
    integer_list tokens, decode, lengths, fill_depths;
    real_list depths, needle_depths;
    int64_t digits, threads, ctx, chunk, n_generate, windows, trials, needle_trials, per_length;
    int64_t target; /* of tune */
    int64_t prompt_tokens, decode_tokens, repeats;
    double temperature, top_p, min_p, repeat_penalty;
    int64_t top_k, repeat_last_n;
    uint64_t seed;
    bool reread, chat, interactive, no_bos, special, no_special, json, all, list_tensors, man, help;
    bool ceilings, pure, stream, resume, no_reuse;
    const char *completions, *random_config, *vocab, *data, *tasks, *python;
    int64_t max_tokens;
    const char *positional[MAX_POSITIONAL];
    int n_positional;
    bool given[MAX_OPTIONS]; /* row i of the table was on the command line */
} option_values;

typedef enum option_kind {
    OPTION_FLAG,
    OPTION_TEXT,
    OPTION_FILE,  /* a text that completes as a path */
    OPTION_FILES, /* may be given several times */
    OPTION_PLAN,  /* a text that completes as a plan; may be given several times where the command says so */
    OPTION_CHOICE,
    OPTION_CHOICES, /* may be given several times */
    OPTION_INTEGER,
    OPTION_LENGTH, /* a whole number, or 4k, 1m */
    OPTION_UNSIGNED,
    OPTION_REAL,
    OPTION_INTEGER_LIST,
    OPTION_REAL_LIST,
    OPTION_LENGTH_LIST, /* whole numbers, or 4k, 1m */
    OPTION_PERCENT_LIST /* 0:100:10, or a list */
} option_kind;

enum {
    COMMAND_RUN = 1u << 0,
    COMMAND_INFO = 1u << 1,
    COMMAND_TOKENIZE = 1u << 2,
    COMMAND_CONVERT = 1u << 3,
    COMMAND_LOGITS = 1u << 4,
    COMMAND_PERPLEXITY = 1u << 5,
    COMMAND_PASSKEY = 1u << 6,
    COMMAND_HELP = 1u << 7,
    COMMAND_VERSION = 1u << 8,
    COMMAND_BENCH = 1u << 9,
    COMMAND_COMPARE = 1u << 10,
    COMMAND_METHODS = 1u << 11,
    COMMAND_NEEDLE = 1u << 12,
    COMMAND_LONGBENCH = 1u << 13,
    COMMAND_SHORT = 1u << 14,
    COMMAND_TUNE = 1u << 15,
    COMMAND_REPORT = 1u << 16,
    COMMAND_COMPARE_RUNS = 1u << 17
};

/* A name or letter may stand in several rows, as long as no command has two of them. */
typedef struct option_row {
    const char *name;
    char letter; /* 0: none */
    const char *aliases[MAX_ALIASES];
    const char *argument; /* its name in the help; NULL for a flag */
    option_kind kind;
    size_t offset;             /* of the field in `option_values` */
    double min, max;           /* of a number */
    const char *choices;       /* "a|b|c" */
    const char *default_value; /* parsed before the command line; NULL: none */
    const char *help;          /* one line */
    unsigned commands;
} option_row;

extern const option_row OPTION_TABLE[];
extern const int N_OPTIONS;

typedef struct command_row {
    const char *name;
    unsigned id;
    const char *usage;       /* after "sextant NAME" */
    const char *summary;     /* one line */
    const char *description; /* paragraphs separated by \n\n */
    const char *examples;    /* lines */
    int max_positional;
    bool many_plans; /* --extend may be repeated */
    int (*run)(const option_values *options);
} command_row;

extern const command_row COMMAND_TABLE[];
extern const int N_COMMANDS;

/* NULL when there is none. */
const command_row *command_find(const char *name);

/* Reads argv[1...] for `command`; argv[0] is its name. Returns an exit code, after a message when not 0.
 * options_free() releases the lists in any case. */
int options_parse(const command_row *command, int argc, char **argv, option_values *options);
void options_free(option_values *options);

/* True when the option of this name stood on the command line. */
bool options_given(const option_values *options, const char *name);

#endif
