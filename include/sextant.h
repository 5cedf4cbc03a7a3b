/* sextant.h - run rotary language models past the window they were trained for.
 *
 * The only door to the library. Rules that hold for every function:
 *  - A function that can fail returns a `sxt_status` and, when `error` is not NULL, fills it with one
 *    line of valid UTF-8 that names the file, field or argument and the remedy. Outputs are written
 *    only on SXT_OK.
 *  - Handles are opaque. Who creates one frees it; freeing NULL is allowed. Memory handed to the
 *    caller (ids, text) is released with sxt_free().
 *  - A model is immutable once open and may be shared by threads. A session, and anything made for
 *    it, belongs to one thread at a time; sxt_session_cancel() alone may be called from any thread.
 *  - The library never prints, exits or reads the environment (SEXTANT_KERNEL, which names the CPU
 *    level to use if the CPU has it, aside), and starts no thread that outlives its session.
 *  - Shapes are written (rows, columns), row-major. Token ids are int32_t, lengths int64_t.
 */
#ifndef SEXTANT_H
#define SEXTANT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SXT_VERSION_MAJOR 1
#define SXT_VERSION_MINOR 0
#define SXT_VERSION_PATCH 0

#if defined(__GNUC__)
#define SXT_API __attribute__((visibility("default")))
#else
#define SXT_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Status and errors ------------------------------------------------------------------------ */

/* Pinned: the numbers never change. */
typedef enum sxt_status {
    SXT_OK = 0,
    SXT_E_ARGUMENT = 1,    /* an argument is outside its documented range */
    SXT_E_MEMORY = 2,      /* not enough memory; the text holds the figure */
    SXT_E_IO = 3,          /* a file cannot be opened, read or written */
    SXT_E_FORMAT = 4,      /* a file is damaged or contradicts itself */
    SXT_E_UNSUPPORTED = 5, /* a well-formed file asks for something this version does not have */
    SXT_E_LIMIT = 6,       /* more tokens than the session's n_ctx */
    SXT_E_MISMATCH = 7,    /* a session file of another model, plan or cache type */
    SXT_E_NUMERIC = 8,     /* NaN or infinity in the weights or the logits */
    SXT_E_CANCELLED = 9    /* sxt_session_cancel() was called, or a callback asked to stop */
} sxt_status;

typedef struct sxt_error {
    sxt_status status;
    uint64_t offset; /* byte offset in the file where the fault lies; 0 when not applicable */
    char text[512];  /* one line, valid UTF-8, NUL-terminated */
} sxt_error;

/* The status's name, for example "SXT_E_FORMAT". Static storage. */
SXT_API const char *sxt_status_name(sxt_status status);

/* (major << 16) | (minor << 8) | patch of the library that is running. */
SXT_API uint32_t sxt_version(void);

/* The CPU level in use: "scalar", "avx2", ... Static storage. */
SXT_API const char *sxt_kernel_name(void);

/* The CPU levels that this library and CPU have, which SEXTANT_KERNEL may name: the best one at index 0,
 * "scalar" last; NULL past it. Static storage. */
SXT_API const char *sxt_kernel_level(int index);
/* The CPUs that this process may use now: affinity and a container's limit count. What n_threads 0 means. */
SXT_API int32_t sxt_default_threads(void);

/* Releases memory that the library handed out. */
SXT_API void sxt_free(void *memory);

/* ---- Models ----------------------------------------------------------------------------------- */

/* Storage types of weights and caches; the numbers are GGUF's. */
typedef enum sxt_type {
    SXT_TYPE_F32 = 0,
    SXT_TYPE_F16 = 1,
    SXT_TYPE_Q4_0 = 2,
    SXT_TYPE_Q4_1 = 3,
    SXT_TYPE_Q5_0 = 6,
    SXT_TYPE_Q5_1 = 7,
    SXT_TYPE_Q8_0 = 8,
    SXT_TYPE_Q2_K = 10,
    SXT_TYPE_Q3_K = 11,
    SXT_TYPE_Q4_K = 12,
    SXT_TYPE_Q5_K = 13,
    SXT_TYPE_Q6_K = 14,
    SXT_TYPE_IQ4_NL = 20,
    SXT_TYPE_IQ4_XS = 23,
    SXT_TYPE_BF16 = 30
} sxt_type;

/* "F32", "Q4_K", ...; NULL for a number that this version does not read. Static storage. */
SXT_API const char *sxt_type_name(sxt_type type);

typedef struct sxt_model sxt_model;

typedef struct sxt_model_params {
    bool vocab_only;  /* open the tokenizer alone; any architecture is accepted then */
    bool keep_window; /* honour a sliding window that the file carries (default true) */
    uint8_t reserved[30];
} sxt_model_params;

SXT_API sxt_model_params sxt_model_params_default(void);

/* Opens a GGUF file (v2, v3; any part of a split), or a Hugging Face folder (one with config.json).
 * Weights stay memory-mapped. `params` may be NULL. */
SXT_API sxt_status sxt_model_open(const char *path, const sxt_model_params *params, sxt_model **model,
                                  sxt_error *error);
/* No session of the model may be alive. */
SXT_API void sxt_model_close(sxt_model *model);

/* What the file says of itself. Strings live as long as the model. */
typedef struct sxt_model_info {
    const char *path;
    const char *format;       /* "GGUF v3", "Hugging Face folder" */
    const char *architecture; /* "llama" */
    const char *name;         /* "" when the file has none */
    int32_t n_layers;
    int32_t d_model;
    int32_t n_heads;
    int32_t n_kv_heads;
    int32_t head_dim;
    int32_t n_rot; /* rotated dimensions of a head; 0: positions are a bias of the scores (ALiBi) */
    int32_t n_ff;
    int32_t n_vocab;
    int64_t n_ctx_train;    /* the trained window, in tokens */
    int64_t sliding_window; /* 0: none */
    int32_t n_sliding;      /* layers that have it; the others see all */
    double rope_theta;
    const char *rope_scaling; /* "none", "linear:factor=4", "yarn:...", "llama3:...", "dynamic:...",
                                 "longrope:...", "factors" (divisors in a tensor) */
    bool tied_output;         /* output projection shares the embedding */
    int64_t n_params;
    int64_t n_tensors;
    uint64_t weight_bytes;
    const char *tokenizer;     /* "sentencepiece-bpe", "byte-level-bpe" */
    const char *pre_tokenizer; /* "llama-bpe", "gpt-2", ...; "" where there is none */
    const char *chat_template; /* "chatml", ...; "" no template in the file, "unknown" not recognised */
    int32_t bos_id, eos_id;    /* -1: none */
    bool add_bos, add_eos;
} sxt_model_info;

SXT_API void sxt_model_describe(const sxt_model *model, sxt_model_info *info);

/* A number that tells models apart: of the hyper-parameters, of the names, types and shapes of the weights, and of
 * the beginning of each. The same for a file wherever it lies; 0 for a vocabulary alone. */
SXT_API uint64_t sxt_model_fingerprint(const sxt_model *model);

typedef struct sxt_tensor_info {
    const char *name; /* as in the file */
    sxt_type type;
    int32_t n_dims;
    int64_t dims[4]; /* (rows, columns): slowest first, as Hugging Face writes them */
    uint64_t n_bytes;
} sxt_tensor_info;

/* The i-th tensor in file order; false when i is out of range. */
SXT_API bool sxt_model_tensor(const sxt_model *model, int64_t i, sxt_tensor_info *info);

/* ---- Text and tokens -------------------------------------------------------------------------- */

enum {
    SXT_TOKENIZE_ADD_SPECIAL = 1u,  /* BOS and EOS as the model asks (add_bos, add_eos) */
    SXT_TOKENIZE_PARSE_SPECIAL = 2u /* special tokens written in the text become their ids */
};

/* `text` is n_bytes bytes, any bytes. *ids (n_ids) is released with sxt_free(). */
SXT_API sxt_status sxt_tokenize(const sxt_model *model, const char *text, size_t n_bytes, uint32_t flags,
                                int32_t **ids, int64_t *n_ids, sxt_error *error);

enum {
    SXT_DETOKENIZE_SPECIAL = 1u /* write special tokens as their text; else they give nothing */
};

/* *text (n_bytes, plus a NUL) is released with sxt_free(); it need not be valid UTF-8. */
SXT_API sxt_status sxt_detokenize(const sxt_model *model, const int32_t *ids, int64_t n_ids, uint32_t flags,
                                  char **text, size_t *n_bytes, sxt_error *error);

/* The bytes that token `id` adds to a text that has already begun; special tokens give their own
 * text. Valid as long as the model. SXT_E_ARGUMENT when id is not in the vocabulary. */
SXT_API sxt_status sxt_token_piece(const sxt_model *model, int32_t id, const char **bytes, size_t *n_bytes,
                                   sxt_error *error);

/* True for the tokens that end a generation (EOS, end of turn, end of message). */
SXT_API bool sxt_token_ends(const sxt_model *model, int32_t id);

typedef struct sxt_message {
    const char *role;    /* "system", "user" or "assistant" */
    const char *content; /* n_bytes bytes; special tokens in it are never parsed */
    size_t n_bytes;
} sxt_message;

/* Renders a conversation with the model's own template, or with `template_name` ("chatml", "llama2",
 * "llama3", "mistral", "phi3", "gemma", "zephyr") when it is not NULL, BOS included where the template
 * wants it. The prompt for the assistant's next turn follows when `add_assistant`. */
SXT_API sxt_status sxt_chat_tokens(const sxt_model *model, const char *template_name,
                                   const sxt_message *messages, int64_t n_messages, bool add_assistant,
                                   int32_t **ids, int64_t *n_ids, sxt_error *error);

/* ---- Plans ------------------------------------------------------------------------------------ */

/* What a plan means for a model and a length. */
typedef struct sxt_plan_info {
    char plan[256];       /* what runs, canonical: "none", "self-extend:group=8,window=64" */
    char asked[256];      /* what was asked: "auto" */
    char reason[160];     /* why `auto` chose it; "" otherwise */
    int64_t length;       /* the length it was chosen for, in tokens */
    int64_t limit;        /* longest context whose relative positions stay inside the trained window */
    bool within_limit;    /* length <= limit */
    char advice[192];     /* when not: the limit and a plan that fits; "" otherwise */
    bool idle;            /* every layer keeps to a sliding window of its own: the plan changes nothing */
    int64_t n_remembered; /* tokens that can still be seen of a text without end; INT64_MAX: all of them */
} sxt_plan_info;

/* Reads `plan` ("auto", "none", "self-extend:group=8,window=512", "yarn:factor=4", "rerope+log-n"), checks its
 * parameters against the model and resolves it for a context of `length` tokens, all of them given in one call
 * where the plan asks how long the prompt is. */
SXT_API sxt_status sxt_plan_resolve(const sxt_model *model, const char *plan, int64_t length,
                                    sxt_plan_info *info, sxt_error *error);

/* The i-th method's name ("none", "self-extend", "auto") and a line of what it does; NULL past the end. */
SXT_API const char *sxt_plan_name(int64_t i, const char **summary);

/* The i-th thing that may be written behind any plan ("+log-n", "+window=off") and a line of what it does; NULL
 * past the end.
 */
SXT_API const char *sxt_plan_add_on(int64_t i, const char **summary);

/* Who published a method or an add-on, when and where: "Jin et al., ICML 2024, arXiv 2401.01325". NULL for
 * other names, and for `none`. Static storage. */
SXT_API const char *sxt_plan_source(const char *name);

/* A parameter of a method. Without a model, what depends on its trained window L is in words of L. */
typedef struct sxt_plan_parameter_info {
    const char *name;  /* "window"; static storage, as kind */
    const char *kind;  /* "whole number", "number" or "word" */
    char standard[32]; /* the default: "64", "L/4", "0.1 ln(factor) + 1" */
    bool computed;     /* the default is in words: no value that could be written in a plan */
    char range[64];    /* "1 to 255", "1 to L - 1", "at least 1", "int|float" */
} sxt_plan_parameter_info;

/* The i-th parameter of the method called `name`, for a model or for any (NULL); false past the last one, for a
 * name that is no method's, and for a model that was opened as a vocabulary alone. */
SXT_API bool sxt_plan_parameter(const sxt_model *model, const char *name, int64_t i,
                                sxt_plan_parameter_info *parameter);

/* ---- Sessions --------------------------------------------------------------------------------- */

typedef struct sxt_session sxt_session;

/* Called while a prompt is read, after each step; return false to stop (SXT_E_CANCELLED). */
typedef bool (*sxt_progress_fn)(void *user, int64_t n_read, int64_t n_total);

/* The arithmetic of a session. Either way the result is the same for any number of threads. */
typedef enum sxt_precision {
    SXT_PRECISION_FAST = 0, /* small integers where the CPU is faster with them; within a stated bound of f32 */
    SXT_PRECISION_F32 = 1   /* every product in f32 */
} sxt_precision;

/* The longest context that can be asked for. */
#define SXT_MOST_CTX ((int64_t)1 << 31)

/* Under a plan that forgets (sxt_plan_info.n_remembered) a session keeps what its tokens can still see and no
 * more, so that its memory does not grow with the text; `reread` makes it keep everything. */
typedef struct sxt_session_params {
    int64_t n_ctx;            /* most tokens of a text; 0: the trained window, SXT_MOST_CTX where it forgets */
    int32_t n_threads;        /* 0: the CPUs this process may use */
    int32_t chunk;            /* tokens per step while a prompt is read; 0: 512. Does not change a bit. */
    sxt_type kv_type;         /* F32, F16 (default), BF16, Q8_0 or Q4_0 */
    const char *plan;         /* NULL: "auto" */
    bool reread;              /* recompute what was cached under an earlier plan when it changes */
    sxt_progress_fn progress; /* may be NULL */
    void *progress_user;
    sxt_precision precision; /* default SXT_PRECISION_FAST */
    uint8_t reserved[60];
} sxt_session_params;

SXT_API sxt_session_params sxt_session_params_default(void);

typedef struct sxt_memory_plan {
    uint64_t weights_bytes; /* mapped from the file, shared with other processes */
    uint64_t
        private_bytes; /* weights converted, or packed for fast products: once for all sessions of a model */
    uint64_t kv_bytes; /* keys and values at n_ctx tokens, or of what a plan that forgets keeps */
    uint64_t scratch_bytes; /* activations, rotation tables, workspaces */
    uint64_t total_bytes;
    uint64_t available_bytes; /* what this machine or container can give now; 0: unknown */
} sxt_memory_plan;

/* What a session with these parameters would need; allocates nothing. */
SXT_API sxt_status sxt_memory_needed(const sxt_model *model, const sxt_session_params *params,
                                     sxt_memory_plan *plan, sxt_error *error);

/* Refuses with SXT_E_MEMORY, and the figures, before allocating when the memory is not there.
 * The model must outlive the session. */
SXT_API sxt_status sxt_session_new(const sxt_model *model, const sxt_session_params *params,
                                   sxt_session **session, sxt_error *error);
SXT_API void sxt_session_free(sxt_session *session);

/* Makes the session hold exactly `tokens` (n_tokens): the prefix that it already holds is reused, what
 * differs is rolled back, the rest is read. `n_generate` is the number of tokens that will be asked
 * for: `auto` decides from n_tokens + n_generate. On SXT_E_CANCELLED the steps already read are kept,
 * and the same call goes on from there. Where the session has forgotten what a shorter prefix sees, the text
 * is read again from its beginning. Under a plan with a dense prompt `tokens` are that prompt, unless they go on
 * behind what was generated after an earlier one: then that stays the prompt. */
SXT_API sxt_status sxt_session_sync(sxt_session *session, const int32_t *tokens, int64_t n_tokens,
                                    int64_t n_generate, sxt_error *error);

/* Logits (n_vocab) of the token that follows what the session holds; valid until the next call. */
SXT_API sxt_status sxt_session_logits(sxt_session *session, const float **logits, sxt_error *error);

/* Called with the logits (n_vocab) that follow the token at index `pos`; false stops. */
typedef bool (*sxt_logits_fn)(void *user, int64_t pos, const float *logits);

/* Reads `tokens` from the beginning, whatever the session holds, and hands over the logits of each
 * position from `first_pos` on, in order. */
SXT_API sxt_status sxt_session_scan(sxt_session *session, const int32_t *tokens, int64_t n_tokens,
                                    int64_t first_pos, sxt_logits_fn fn, void *user, sxt_error *error);

typedef struct sxt_sampler_params {
    float temperature;     /* 0: greedy */
    int32_t top_k;         /* 0: off */
    float top_p;           /* 1: off */
    float min_p;           /* 0: off */
    float repeat_penalty;  /* 1: off */
    int32_t repeat_last_n; /* tokens looked back at for the penalty, as far as the plan remembers */
    uint64_t seed;
    uint8_t reserved[32];
} sxt_sampler_params;

/* Greedy, everything off, repeat_last_n 64. */
SXT_API sxt_sampler_params sxt_sampler_params_default(void);

/* Sets how sxt_session_next() chooses, and restarts its random sequence. Greedy until called. */
SXT_API sxt_status sxt_session_set_sampler(sxt_session *session, const sxt_sampler_params *params,
                                           sxt_error *error);

/* Chooses the next token and appends it. SXT_E_LIMIT when n_ctx is reached. The token is read into the
 * cache when the next one (or the logits) is asked for. */
SXT_API sxt_status sxt_session_next(sxt_session *session, int32_t *token, sxt_error *error);

/* Forgets the tokens from index n_tokens on. SXT_E_LIMIT where the plan has forgotten what those before see. */
SXT_API sxt_status sxt_session_rollback(sxt_session *session, int64_t n_tokens, sxt_error *error);

/* The tokens the session holds, (*n_tokens), or the last of them under a plan that forgets; valid until the
 * next call. */
SXT_API const int32_t *sxt_session_tokens(const sxt_session *session, int64_t *n_tokens);

typedef struct sxt_session_stats {
    int64_t n_tokens;        /* of the text, forgotten ones included */
    int64_t n_reused;        /* by the last sync: found in the cache */
    int64_t n_read;          /* by the last sync: computed */
    double read_seconds;     /* of the last sync */
    int64_t n_generated;     /* since the last sync */
    double generate_seconds; /* since the last sync */
    uint64_t kv_bytes;
    uint64_t total_bytes; /* private memory of the session */
} sxt_session_stats;

SXT_API void sxt_session_describe(const sxt_session *session, sxt_session_stats *stats);

/* The plan that the session runs now. */
SXT_API void sxt_session_plan(const sxt_session *session, sxt_plan_info *info);

/* Makes the running or the next sync, scan or next return SXT_E_CANCELLED. Any thread; async-signal-safe. */
SXT_API void sxt_session_cancel(sxt_session *session);

/* Writes tokens and cache, checksummed, atomically (temporary file, fsync, rename). */
SXT_API sxt_status sxt_session_save(sxt_session *session, const char *path, sxt_error *error);

/* Replaces what the session holds by a saved state. The file must be of the same model, plan and cache
 * type and fit n_ctx: SXT_E_MISMATCH otherwise, SXT_E_FORMAT when damaged, the session unchanged. */
SXT_API sxt_status sxt_session_load(sxt_session *session, const char *path, sxt_error *error);

/* Benchmarks only: pretends that n_tokens have been read by filling the cache with small repeatable
 * numbers, so that speed at a depth can be measured without reading up to it. */
SXT_API sxt_status sxt_session_fill(sxt_session *session, int64_t n_tokens, sxt_error *error);

/* What the machine can do at most with the CPU level in use: the bounds of every speed. Per second, of all
 * threads together; a multiply-add is two operations. 0: the level has no instruction of that kind. */
typedef struct sxt_ceilings {
    int32_t n_threads;
    double f32_ops, bf16_ops, int16_ops, int8_ops; /* products of these, summed in f32 or in 32 bits */
    double exps;                                   /* f32 exponentials, good to 4e-6 */
    double read_bytes;                             /* from memory */
    uint64_t buffer_bytes;                         /* what was read again and again to find that */
    uint8_t reserved[64];
} sxt_ceilings;

/* Measures them, in about a second, with n_threads threads (0: the CPUs this process may use). Reads a
 * buffer of 1 GiB, or of four times the last cache where that is more, but no more than a quarter of the
 * memory that is free, and at least 64 MiB. */
SXT_API sxt_status sxt_measure_ceilings(int32_t n_threads, sxt_ceilings *ceilings, sxt_error *error);

/* ---- Conversion ------------------------------------------------------------------------------- */

typedef struct sxt_convert_params {
    const char *type;         /* a name that sxt_convert_type() lists; NULL: "f16" */
    bool pure;                /* of a mix such as "q4_k_m": every matrix in the type that it is named after */
    int32_t n_threads;        /* 0: the CPUs this process may use; the file does not depend on it */
    sxt_progress_fn progress; /* may be NULL; it counts tensors */
    void *progress_user;
    uint8_t reserved[32];
} sxt_convert_params;

SXT_API sxt_convert_params sxt_convert_params_default(void);

typedef struct sxt_convert_report {
    int64_t n_tensors;
    int64_t n_misfits; /* matrices whose rows are not whole blocks of the type wanted, kept as another */
    char misfit[256];  /* the first of them: its name, columns, and the two types; "" when there is none */
} sxt_convert_report;

/* Writes `input` (as for sxt_model_open) as one GGUF v3 file. Norms and one-dimensional tensors stay F32;
 * a matrix whose rows do not fit gets the next type of no fewer bits that does. Atomic; refuses to overwrite
 * its input. `params` and `report` may be NULL. */
SXT_API sxt_status sxt_convert(const char *input, const char *output, const sxt_convert_params *params,
                               sxt_convert_report *report, sxt_error *error);

/* Writes a model of the shape that `config` (a Hugging Face config.json, or a folder with one) describes, with
 * random weights and the tokenizer of `vocab` (a GGUF file, whose weights are not looked at): to see how fast
 * such a model would be. A config.json whose vocab_size exceeds the tokenizer's gets unused tokens; a smaller
 * one is refused. The file depends on the seed, not on the number of threads. Atomic; `params` as for
 * sxt_convert(). */
SXT_API sxt_status sxt_convert_random(const char *config, const char *vocab, const char *output, uint64_t seed,
                                      const sxt_convert_params *params, sxt_error *error);

/* The i-th type that can be written ("f16", "q8_0", "q4_k_m", ...) and a line of what it is; NULL past the
 * end. Static storage. */
SXT_API const char *sxt_convert_type(int64_t i, const char **summary);

#ifdef __cplusplus
}
#endif
#endif
