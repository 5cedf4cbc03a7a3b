#include "options.h"

#define AT(field) offsetof(option_values, field)
#define NO_ALIAS                                                                                               \
    { NULL, NULL }
#define ALIAS(name)                                                                                            \
    { name, NULL }
#define ANY_INTEGER 2147483647.0

/* Commands that open a model all take the options of a session, so that a line can be edited from one
 * command to the next. */
#define MODEL_COMMANDS                                                                                         \
    (COMMAND_RUN | COMMAND_INFO | COMMAND_TOKENIZE | COMMAND_LOGITS | COMMAND_PERPLEXITY | COMMAND_PASSKEY)
#define PROMPT_COMMANDS (COMMAND_RUN | COMMAND_TOKENIZE | COMMAND_LOGITS)
#define ALL_COMMANDS 0xFFFFu

const option_row OPTION_TABLE[] = {
    {"model", 'm', NO_ALIAS, "FILE|FOLDER", OPTION_FILE, AT(model), 0, 0, NULL, NULL,
     "GGUF file (any part of a split) or Hugging Face folder", MODEL_COMMANDS},
    {"file", 'f', NO_ALIAS, "FILE", OPTION_FILE, AT(file), 0, 0, NULL, NULL,
     "read the text (of passkey: the lines of JSON) from FILE, byte for byte (-: standard input)",
     PROMPT_COMMANDS | COMMAND_PERPLEXITY | COMMAND_PASSKEY},
    {"prompt", 'p', NO_ALIAS, "TEXT", OPTION_TEXT, AT(prompt), 0, 0, NULL, NULL,
     "the text itself; escapes such as \\n are not interpreted", PROMPT_COMMANDS},
    {"tokens", 0, NO_ALIAS, "ID,ID,...", OPTION_INTEGER_LIST, AT(tokens), 0, ANY_INTEGER, NULL, NULL,
     "token ids, used verbatim (no BOS is added)", COMMAND_LOGITS},
    {"decode", 0, NO_ALIAS, "ID,ID,...", OPTION_INTEGER_LIST, AT(decode), 0, ANY_INTEGER, NULL, NULL,
     "turn token ids back into bytes", COMMAND_TOKENIZE},
    {"output", 'o', NO_ALIAS, "OUT.npy", OPTION_FILE, AT(output), 0, 0, NULL, NULL,
     "write float32 logits, shape (n_positions, n_vocab)", COMMAND_LOGITS},
    {"all", 0, NO_ALIAS, NULL, OPTION_FLAG, AT(all), 0, 0, NULL, NULL,
     "the logits of every position, not of the last alone", COMMAND_LOGITS},
    {"predict", 'n', ALIAS("n-predict"), "N", OPTION_INTEGER, AT(n_generate), 0, ANY_INTEGER, NULL, "256",
     "most tokens to generate; the model's end token ends earlier", COMMAND_RUN},
    {"extend", 0, NO_ALIAS, "PLAN", OPTION_PLAN, AT(plans), 0, 0, NULL, NULL,
     "plan past the trained window: none, auto, self-extend:group=G,window=W", MODEL_COMMANDS},
    {"reread", 0, NO_ALIAS, NULL, OPTION_FLAG, AT(reread), 0, 0, NULL, NULL,
     "recompute what was read under an earlier plan when auto changes it", COMMAND_RUN},
    {"ctx", 'c', ALIAS("ctx-size"), "N", OPTION_INTEGER, AT(ctx), 1, ANY_INTEGER, NULL, NULL,
     "most tokens of context; by default what the job needs", MODEL_COMMANDS},
    {"kv", 0, NO_ALIAS, "TYPE", OPTION_CHOICE, AT(kv), 0, 0, "f16|f32", "f16", "storage of keys and values",
     MODEL_COMMANDS},
    {"precision", 0, NO_ALIAS, "P", OPTION_CHOICE, AT(precision), 0, 0, "fast|f32", "fast",
     "arithmetic: fast (small integers where the CPU is faster with them) or f32 throughout", MODEL_COMMANDS},
    {"chunk", 0, NO_ALIAS, "N", OPTION_INTEGER, AT(chunk), 1, 65536, NULL, "512",
     "tokens per step while a prompt is read; results do not depend on it", MODEL_COMMANDS},
    {"threads", 't', NO_ALIAS, "N", OPTION_INTEGER, AT(threads), 1, 1024, NULL, NULL,
     "threads; by default the CPUs this process may use", MODEL_COMMANDS},
    {"chat", 0, NO_ALIAS, NULL, OPTION_FLAG, AT(chat), 0, 0, NULL, NULL,
     "put the prompt into the model's chat template as one user message", COMMAND_RUN},
    {"interactive", 'i', NO_ALIAS, NULL, OPTION_FLAG, AT(interactive), 0, 0, NULL, NULL,
     "chat, turn by turn; /help lists what can be typed", COMMAND_RUN},
    {"system", 0, NO_ALIAS, "TEXT", OPTION_TEXT, AT(system), 0, 0, NULL, NULL,
     "system message for --chat and -i", COMMAND_RUN},
    {"chat-template", 0, NO_ALIAS, "NAME", OPTION_CHOICE, AT(chat_template), 0, 0,
     "chatml|llama2|llama3|mistral|phi3|gemma|zephyr", NULL, "chat template to use instead of the model's own",
     COMMAND_RUN},
    {"session", 0, NO_ALIAS, "FILE", OPTION_FILE, AT(session), 0, 0, NULL, NULL,
     "load what was read from FILE if it exists; save the read prompt there", COMMAND_RUN},
    {"temp", 0, ALIAS("temperature"), "T", OPTION_REAL, AT(temperature), 0, 100, NULL, "0",
     "sampling temperature; 0 always takes the likeliest token", COMMAND_RUN},
    {"top-k", 0, NO_ALIAS, "K", OPTION_INTEGER, AT(top_k), 0, ANY_INTEGER, NULL, "40",
     "sample from the K likeliest tokens (0: all); needs --temp", COMMAND_RUN},
    {"top-p", 0, NO_ALIAS, "P", OPTION_REAL, AT(top_p), 0, 1, NULL, "0.95",
     "sample from the likeliest tokens that hold P together (1: all)", COMMAND_RUN},
    {"min-p", 0, NO_ALIAS, "P", OPTION_REAL, AT(min_p), 0, 1, NULL, "0.05",
     "leave out tokens less likely than P times the likeliest (0: none)", COMMAND_RUN},
    {"repeat-penalty", 0, NO_ALIAS, "R", OPTION_REAL, AT(repeat_penalty), 0.01, 100, NULL, "1",
     "make tokens seen lately less likely (1: off)", COMMAND_RUN},
    {"repeat-last-n", 0, NO_ALIAS, "N", OPTION_INTEGER, AT(repeat_last_n), 0, ANY_INTEGER, NULL, "64",
     "tokens that --repeat-penalty looks back at", COMMAND_RUN},
    {"seed", 's', NO_ALIAS, "N", OPTION_UNSIGNED, AT(seed), 0, 0, NULL, "0",
     "seed of the random choices; the same seed gives the same output", COMMAND_RUN | COMMAND_PASSKEY},
    {"lengths", 0, NO_ALIAS, "N,N,...", OPTION_INTEGER_LIST, AT(lengths), 2, ANY_INTEGER, NULL, NULL,
     "context lengths to measure, in tokens", COMMAND_PERPLEXITY | COMMAND_PASSKEY},
    {"windows", 0, NO_ALIAS, "K", OPTION_INTEGER, AT(windows), 1, 1000000, NULL, "8",
     "windows per length, spread evenly over the file", COMMAND_PERPLEXITY},
    {"depths", 0, NO_ALIAS, "D,D,...", OPTION_REAL_LIST, AT(depths), 0, 1, NULL, "0,0.25,0.5,0.75,1",
     "where the key is hidden: 0 at the beginning, 1 at the end", COMMAND_PASSKEY},
    {"trials", 0, NO_ALIAS, "K", OPTION_INTEGER, AT(trials), 1, 1000000, NULL, "4",
     "prompts per length and depth", COMMAND_PASSKEY},
    {"filler", 0, NO_ALIAS, "FILE", OPTION_FILE, AT(filler), 0, 0, NULL, NULL,
     "text around the key; by default the grass is green, again and again", COMMAND_PASSKEY},
    {"limit", 0, NO_ALIAS, "N", OPTION_INTEGER, AT(per_length), 1, ANY_INTEGER, NULL, NULL,
     "at most N prompts of each length from --file", COMMAND_PASSKEY},
    {"no-bos", 0, NO_ALIAS, NULL, OPTION_FLAG, AT(no_bos), 0, 0, NULL, NULL,
     "do not put the model's BOS (and EOS) around the text",
     PROMPT_COMMANDS | COMMAND_PERPLEXITY | COMMAND_PASSKEY},
    {"special", 0, NO_ALIAS, NULL, OPTION_FLAG, AT(special), 0, 0, NULL, NULL,
     "special tokens written in the text become their ids, and are printed", PROMPT_COMMANDS},
    {"no-special", 0, NO_ALIAS, NULL, OPTION_FLAG, AT(no_special), 0, 0, NULL, NULL,
     "special tokens in the text are plain text (the default)", PROMPT_COMMANDS},
    {"tensors", 0, NO_ALIAS, NULL, OPTION_FLAG, AT(list_tensors), 0, 0, NULL, NULL,
     "list every tensor with its type and shape", COMMAND_INFO},
    {"type", 0, NO_ALIAS, "TYPE", OPTION_CHOICE, AT(type), 0, 0, "f32|f16|bf16|q8_0|q4_0", "f16",
     "storage of the weights in the new file", COMMAND_CONVERT},
    {"json", 0, NO_ALIAS, NULL, OPTION_FLAG, AT(json), 0, 0, NULL, NULL,
     "print one JSON document on standard output", MODEL_COMMANDS | COMMAND_CONVERT | COMMAND_VERSION},
    {"man", 0, NO_ALIAS, NULL, OPTION_FLAG, AT(man), 0, 0, NULL, NULL,
     "print the manual page sextant(1) in roff", COMMAND_HELP},
    {"completions", 0, NO_ALIAS, "SHELL", OPTION_CHOICE, AT(completions), 0, 0, "bash|zsh|fish", NULL,
     "print the completions for a shell", COMMAND_HELP},
    {"help", 'h', NO_ALIAS, NULL, OPTION_FLAG, AT(help), 0, 0, NULL, NULL, "print this help", ALL_COMMANDS},
};

const int N_OPTIONS = (int)(sizeof OPTION_TABLE / sizeof OPTION_TABLE[0]);

_Static_assert(sizeof OPTION_TABLE / sizeof OPTION_TABLE[0] <= 64, "options.given has 64 bits");
