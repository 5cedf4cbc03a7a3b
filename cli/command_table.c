#include "command.h"

#include <string.h>

#ifdef SXT_WITH_EVAL
#define KEEPS(what, name)                                                                                      \
    "\n\nWith -o, every " what                                                                                 \
    " is kept in FOLDER/results.sqlite as soon as it is done; Ctrl-C, a full disk or "                         \
    "a power cut lose the one at work, and --resume goes on. The figures are written there at the end, "       \
    "as " name ".json and as pictures."
#else
#define KEEPS(what, name) ""
#endif

const command_row COMMAND_TABLE[] = {
    {"run", COMMAND_RUN, "-m MODEL [-f FILE] [-p TEXT] [-n N] [--chat | -i] [options]",
     "read a prompt and continue it, or chat",
     "The prompt is TEXT, or FILE, or both: the document, a blank line, the question. Without --chat it is "
     "continued as plain text; with --chat it is one user message in the model's chat template. The text goes "
     "to standard output as it is generated; the last line on standard error tells the tokens, speeds, "
     "memory, plan and window. When the text is longer than the model's trained window, --extend auto (the "
     "default) chooses a plan that fits it.\n\n"
     "With --session FILE, what was read of the prompt is saved, and a second question on the same document "
     "starts at once. Ctrl-C stops reading or generating, saves the session if there is one, and ends with "
     "exit code 130; a second Ctrl-C ends at once. In -i it stops the answer only, and Ctrl-D ends; -n is "
     "1024 there, and the context eight times the trained window (at most 32768 tokens, or the trained "
     "window where that is more) as far as memory allows.",
     "sextant run -m model.gguf -f novel.txt -p \"Who wrote the letter?\" --chat\n"
     "sextant run -m model.gguf -f novel.txt -p \"And who read it?\" --chat --session novel.session\n"
     "sextant run -m model.gguf -p \"Once upon a time\" -n 64 --temp 0.8 --seed 7\n"
     "sextant run -m model.gguf -i\n",
     0, false, command_run},
    {"info", COMMAND_INFO, "MODEL [--tensors] [--json]", "describe a model and what it needs",
     "Prints the architecture, trained window, tensors and their types, tokenizer and chat template; the "
     "memory needed at contexts of 4K, 16K and 64K tokens (and at -c), and the longest context of each plan.",
     "sextant info model.gguf\n"
     "sextant info -m folder/ --json\n"
     "sextant info model.gguf -c 100000 --extend self-extend:group=16,window=1024\n",
     1, false, command_info},
    {"methods", COMMAND_METHODS, "[-m MODEL] [--json]", "list the plans for --extend, and how far they reach",
     "For every plan: what it does, its parameters with their ranges and defaults, who published it, and which "
     "words of llama.cpp ask for it. With -m the numbers are those of the model, and each plan tells its limit "
     "at "
     "the defaults (the longest context whose relative positions the model was trained on), or why the model "
     "cannot run it.",
     "sextant methods\n"
     "sextant methods -m model.gguf\n"
     "sextant methods -m model.gguf --json\n",
     0, false, command_methods},
    {"tokenize", COMMAND_TOKENIZE, "-m MODEL (-p TEXT | -f FILE | --decode ID,ID,...) [options]",
     "turn text into token ids, or ids into text",
     "Prints the ids separated by spaces, or with --json an object with `ids` and `pieces` (bytes that are "
     "not UTF-8 as <0xNN>). BOS and EOS are added as the model asks; --no-bos leaves both out. Files that hold "
     "a vocabulary alone, of any architecture, will do. The options of a session are accepted and have no "
     "effect.",
     "sextant tokenize -m model.gguf -p \"Hello world\"\n"
     "sextant tokenize -m model.gguf -f page.txt --no-bos --json\n"
     "sextant tokenize -m model.gguf --decode 15496,995\n",
     0, false, command_tokenize},
    {"convert", COMMAND_CONVERT, "(IN | --random CONFIG.json --vocab VOCAB.gguf) OUT.gguf [--type TYPE]",
     "write a model as one GGUF file",
     "IN is a GGUF file or a Hugging Face folder. OUT.gguf appears only when it is complete; an older file of "
     "that name is replaced, IN itself never. Types such as q4_k_m are mixes: the weights that matter most get "
     "more "
     "bits, unless --pure. A matrix whose rows do not fit a type is kept in another one, which is told.\n\n"
     "--random makes a model that nobody trained, of the shape that a Hugging Face config.json describes, with "
     "the "
     "tokenizer of VOCAB.gguf: it says nothing sensible, but is as fast as a real model of that shape and "
     "type. "
     "Where config.json has more tokens than the tokenizer, the rest are unused ones; fewer are refused. A "
     "seed "
     "gives the same file with any number of threads.",
     "sextant convert folder/ model.gguf --type q8_0\n"
     "sextant convert model-00001-of-00003.gguf small.gguf --type q4_0\n"
     "sextant convert --random config.json --vocab vocab.gguf random.gguf --type q4_k_m\n",
     2, false, command_convert},
    {"logits", COMMAND_LOGITS, "-m MODEL (-p TEXT | -f FILE | --tokens ID,ID,...) [--all] -o OUT.npy",
     "write the model's logits as a NumPy array",
     "OUT.npy is float32 of shape (n_positions, n_vocab), and replaces nothing but another array: row r holds "
     "the logits of the token that follows "
     "position r; without --all the last position alone. -p and -f get the model's BOS unless --no-bos; "
     "--tokens is used verbatim. The default plan is none.",
     "sextant logits -m model.gguf -p \"The sky is\" -o last.npy\n"
     "sextant logits -m model.gguf --tokens 1,450,7744 --all --kv f32 -o all.npy\n",
     0, false, command_logits},
    {"perplexity", COMMAND_PERPLEXITY,
     "-m MODEL -f FILE (--lengths N,N,... | --stream) [--windows K] [--extend PLAN]...",
     "measure how well a text is predicted at several lengths",
     "For each length T, K windows of exactly T tokens spread evenly over the file are read, and their T - 1 "
     "predictions scored; the last quarter is also reported apart, for it shows what lies past the trained "
     "window. --extend may be given several times: one row per length and plan. The default plan is none.\n\n"
     "With --stream the text is read once, from its beginning to its end (or --lengths N tokens of it), and "
     "each of "
     "K equal parts is a row: the perplexity there, and from the beginning to there. The default plan is then "
     "streaming, whose memory does not grow with the text." KEEPS("window", "perplexity"),
     "sextant perplexity -m model.gguf -f novel.txt --lengths 2048,4096,8192\n"
     "sextant perplexity -m model.gguf -f library.txt --stream --windows 20\n"
     "sextant perplexity -m model.gguf -f novel.txt --lengths 4096 --extend none --extend auto --json\n",
     0, true, command_perplexity},
    {"passkey", COMMAND_PASSKEY,
     "-m MODEL (--file X.jsonl | --lengths N,N,... [--depths D,D,...] [--trials K] [--filler FILE]) "
     "[--extend PLAN]...",
     "measure whether a key hidden in a long text is found",
     "Each prompt is read and continued greedily; it counts as right when the continuation, stripped of "
     "leading white space, begins with the key. A line of X.jsonl is an object with `input`, `target`, and "
     "optionally `question` (by default \"What is the pass key? The pass key is \"), `length`, `depth` and "
     "`style`. Without --file, prompts of the given lengths are made from the filler. --extend may be given "
     "several times. The default plan is none." KEEPS("prompt", "passkey"),
     "sextant passkey -m model.gguf --file passkey.jsonl --extend none --extend auto\n"
     "sextant passkey -m model.gguf --lengths 4096,8192 --depths 0.1,0.5,0.9 --filler novel.txt\n",
     0, true, command_passkey},
    {"compare", COMMAND_COMPARE,
     "-m MODEL -f FILE --lengths N,N,... [--methods 'PLAN PLAN ...'] [--extend PLAN]... [-o OUT.csv] [options]",
     "compare the methods on a text, at several lengths",
     "For each plan and length: the perplexity of the last quarter of K windows of the text (as in "
     "perplexity), and "
     "the share of keys that are found when one is hidden in the text (as in passkey). Perplexity alone does "
     "not "
     "prove a longer window, for a plan that forgets the beginning predicts as well; the key does. Without "
     "--methods "
     "and --extend every method is compared that needs no parameters. Ctrl-C keeps the rows that are done.",
     "sextant compare -m model.gguf -f novel.txt --lengths 4096,8192,16384 -o methods.csv\n"
     "sextant compare -m model.gguf -f novel.txt --lengths 8192 --methods 'none; "
     "self-extend:group=8,window=1024'\n",
     0, true, command_compare},
#ifdef SXT_WITH_EVAL
    {"short", COMMAND_SHORT, "-m MODEL -f FILE --extend PLAN... [--lengths N,N,...] [--windows K] [options]",
     "tell whether a plan harms short texts",
     "Each plan and none read the same windows of a text, no longer than the trained window, and their "
     "predictions "
     "are "
     "compared: perplexity, how often the likeliest next token is the same, and the mean Kullback-Leibler "
     "divergence. The "
     "lengths are a quarter, a half and all of the trained window unless --lengths says otherwise. The verdict "
     "on a "
     "plan "
     "is harmless where at no length it costs more than 1 % perplexity and at least 90 % of the next tokens "
     "stay.\n\n"
     "With -o, every window is kept in FOLDER/results.sqlite as soon as it is done; --resume goes on after "
     "Ctrl-C or "
     "a full disk. The figures are written there at the end, as short.json.",
     "sextant short -m model.gguf -f novel.txt --extend self-extend:group=8,window=1024\n"
     "sextant short -m model.gguf -f novel.txt --extend yarn:factor=4 --extend rerope --lengths 512,1k "
     "--json\n",
     0, true, command_short},
    {"tune", COMMAND_TUNE,
     "-m MODEL --target N [-f FILE] [--methods 'METHOD ...'] [-o PRESET.json [--resume]] [options]",
     "search the best plan for a length",
     "Tries groups and windows of self-extend (or of the methods asked for) whose positions reach a half to "
     "two "
     "thirds "
     "of the trained window, and what auto would choose: all of them on few windows of the text and few hidden "
     "keys, "
     "the "
     "better half on twice as many, and so on. Less is better of the mean surprise over the last quarter of "
     "the "
     "windows, in "
     "nats, plus the share of keys that are not found: one key in a hundred weighs as much as 1 % perplexity. "
     "Without "
     "-f "
     "the keys alone decide.\n\n"
     "The choice goes to PRESET.json, which run, logits, perplexity, passkey and bench read with --preset. "
     "Ctrl-C "
     "keeps "
     "what was measured; --resume goes on with it. The result does not depend on the number of threads.",
     "sextant tune -m model.gguf --target 16k -f novel.txt -o model-16k.json\n"
     "sextant run -m model.gguf --preset model-16k.json -f long.txt -p \"Who wrote the letter?\"\n"
     "sextant tune -m model.gguf --target 8k -f novel.txt --methods 'self-extend rerope yarn'\n",
     0, false, command_tune},
#endif
    {"bench", COMMAND_BENCH,
     "-m MODEL [-p N] [-n N] [--depths D,D,...] [--extend PLAN]... [--kv TYPE]... [-r N] [--ceilings] "
     "[options]",
     "measure the speed of reading and generating at several depths",
     "For each depth, plan and type of cache: the cache is filled with D tokens (small random numbers: what "
     "they "
     "are does not matter for speed), a prompt of -p tokens is read, and from the depth again -n tokens are "
     "generated one by one. Everything is measured -r times, all rows in turn, so that what disturbs the "
     "machine "
     "disturbs them alike; medians and the slowest and fastest run are shown. The peak of memory is that of "
     "the "
     "row's first run, weights included; where the system cannot start it anew for each row it is the highest "
     "so "
     "far. --extend and --kv may be given several times; the plan is auto without --extend.\n\n"
     "--ceilings measures the machine in between, in about a second and 1 GiB of memory: multiply-adds of each "
     "kind, exponentials, and reading from memory. Each speed's share of its bound is then shown too; "
     "docs/PERFORMANCE.md says how bounds are computed. Without -m the ceilings alone are printed.",
     "sextant bench -m model.gguf\n"
     "sextant bench -m model.gguf --depths 0,16384 --kv f16 --kv f32 --ceilings -t 2\n"
     "sextant bench -m model.gguf -p 512 -n 0 --depths 8192 --extend none --extend auto --json\n"
     "sextant bench --ceilings\n",
     0, true, command_bench},
#ifdef SXT_WITH_EVAL
    {"needle", COMMAND_NEEDLE,
     "-m MODEL --lengths N,N,... [--depths A:B:STEP] [--task TASK] [--extend PLAN]... [-o FOLDER] [options]",
     "hide needles in texts of several lengths, at several depths, and see whether they are found",
     "For each plan, length and depth, K prompts hide a sentence in a long text and ask for the number in it. "
     "An "
     "answer "
     "counts as exact when it begins with the number, and as found when the number is anywhere in it, or all "
     "of "
     "them where there are several; shares come with their 95 % intervals. Lengths past a plan's limit are run "
     "and marked, lengths "
     "for "
     "which there is no memory are not run. The default plan is none.\n\n"
     "The tasks single, multi-key, multi-value, variable-tracking and common-words are RULER's (arXiv "
     "2404.06654); passkey is the pass key of the papers, which small base models answer. common-words counts "
     "the "
     "words of --haystack. --chat puts the question into the model's chat template.\n\n"
     "Prompts that begin alike are read once up to where they differ, which changes no answer. With -o, every "
     "finished "
     "prompt is kept in FOLDER/results.sqlite at once; Ctrl-C, a full disk or a power cut lose the one at "
     "work, "
     "and --resume goes on. needle.csv, needle.json, needle.svg and needle.png are written there at the end.",
     "sextant needle -m model.gguf --lengths 4k,8k,16k,32k --extend none --extend auto -o needle/\n"
     "sextant needle -m model.gguf --lengths 4k,8k --depths 10,50,90 --task multi-key --chat\n"
     "sextant needle -m model.gguf --lengths 4k,8k --needle-text \"The code is {value}.\" --question \"The "
     "code is\"\n",
     0, true, command_needle},
    {"report", COMMAND_REPORT,
     "-m MODEL -f FILE [--plans 'PLAN; PLAN; ...'] [--lengths N,N,...] -o FOLDER [--resume] [options]",
     "write a page about a model and its plans: how far they reach, and at what price",
     "Measures every plan at every length: perplexity of windows of the text, pass keys and needles (--task) "
     "hidden at several depths in it, speed and memory, and what the plan changes in texts no longer than the "
     "trained window. "
     "FOLDER/report.html shows all of it on one page that needs no network and no scripts, with the commands "
     "that repeat each part. Plans are none and auto, lengths a half, one, two and four times the trained "
     "window unless you say otherwise; lengths for which there is no memory are not run.\n\n"
     "Every measurement is kept in FOLDER/results.sqlite at once. After Ctrl-C the page holds what is done and "
     "says that it is incomplete; the same command with --resume goes on. compare-runs reads the folder too.",
     "sextant report -m model.gguf -f novel.txt -o report/\n"
     "sextant report -m model.gguf -f novel.txt --plans 'none; auto; yarn:factor=4' --lengths 4k,8k,16k -o "
     "report/\n",
     0, true, command_report},
    {"compare-runs", COMMAND_COMPARE_RUNS, "A B [--json]", "compare the results of two output folders",
     "Lists what the two runs have in common, side by side: shares of right answers with their 95 % intervals, "
     "the difference, and whether the intervals overlap; perplexities, what plans cost in short texts, speeds. "
     "What only one of them has is counted.",
     "sextant compare-runs needle-old/ needle-new/\n", 2, false, command_compare_runs},
    {"longbench", COMMAND_LONGBENCH,
     "-m MODEL --data DIR [--tasks TASK,...] [--extend PLAN]... [--max-tokens N] [--limit N] [-o FOLDER] "
     "[--resume] [options]",
     "score LongBench, L-Eval and line retrieval",
     "Asks the questions of LongBench v1, of L-Eval's exact-match tasks and of LongChat's line retrieval, from "
     "files that you download (docs/EVALUATION.md says which), and scores the answers as their authors' "
     "programs "
     "do. Answers are greedy. A prompt that is too long loses its middle, save in line retrieval. The model's "
     "chat "
     "template is put around all but the few-shot and code tasks. The default plan is none.\n\n"
     "With -o every answer is kept as soon as it is there; Ctrl-C ends with the scores so far, --resume goes "
     "on from there, and compare-runs sets two such folders side by side. The "
     "measures of multifieldqa_zh, dureader and vcsum count the words that the Python package jieba finds "
     "(Debian: python3-jieba).",
     "sextant longbench -m model.gguf --data LongBench --tasks hotpotqa,trec -o scores\n"
     "sextant longbench -m model.gguf --data LongBench --extend none --extend auto --limit 20 -o scores "
     "--resume\n",
     0, true, command_longbench},
#endif
    {"help", COMMAND_HELP, "[COMMAND] [--man] [--completions SHELL]", "explain the commands",
     "Without a command, lists them all.",
     "sextant help run\n"
     "sextant help --man | man -l -\n",
     1, false, command_help},
    {"version", COMMAND_VERSION, "[--json]", "print the version and what was built in",
     "Prints the version, the CPU level in use and the options that were compiled in.", "sextant version\n", 0,
     false, command_version},
};

const int N_COMMANDS = (int)(sizeof COMMAND_TABLE / sizeof COMMAND_TABLE[0]);

const command_row *command_find(const char *name) {
    for (int i = 0; i < N_COMMANDS; i++)
        if (strcmp(COMMAND_TABLE[i].name, name) == 0) return &COMMAND_TABLE[i];
    return NULL;
}
