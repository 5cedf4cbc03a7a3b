#include "text/hf_special_ids.h"

#include "base/memory.h"
#include "text/hf_steps.h"

#include <string.h>

static sxt_status fail_id(const char *file, const char *key, const sxt_tokenizer *t, sxt_error *error) {
    return sxt_fail(error, SXT_E_FORMAT,
                    "%s: %s must be an id of the vocabulary (0 to %d); use the file that belongs to this model",
                    file, key, t->vocab.n_tokens - 1);
}

static sxt_status read_id(const sxt_json *node, const char *file, const char *key, const sxt_tokenizer *t,
                          int32_t *id, sxt_error *error) {
    int64_t value;
    if (!sxt_json_integer(node, &value) || value < 0 || value >= t->vocab.n_tokens)
        return fail_id(file, key, t, error);
    *id = (int32_t)value;
    return SXT_OK;
}

/* An id or a list of ids, all of which end a generation; *first is the first when it was -1. */
static sxt_status read_ends(const sxt_json *file, const char *name, sxt_tokenizer *t, int32_t *first,
                            sxt_error *error) {
    const sxt_json *node = sxt_json_get(file, "eos_token_id");
    bool is_list = sxt_json_kind_of(node) == SXT_JSON_ARRAY;
    if (sxt_json_is_none(node)) return SXT_OK;
    for (size_t i = 0; i < (is_list ? sxt_json_size(node) : 1); i++) {
        int32_t id = 0;
        SXT_TRY(read_id(is_list ? sxt_json_at(node, i) : node, name, "eos_token_id", t, &id, error));
        t->flags[id] |= SXT_TOKEN_ENDS;
        if (*first < 0) *first = id;
    }
    return SXT_OK;
}

/* A token written as its text, or as an object with "content"; absent: *id stays. */
static sxt_status read_token(const sxt_json *file, const char *key, const sxt_tokenizer *t, int32_t *id,
                             sxt_error *error) {
    const sxt_json *node = sxt_json_get(file, key);
    const char *text;
    size_t n;
    if (sxt_json_is_none(node)) return SXT_OK;
    if (sxt_json_kind_of(node) == SXT_JSON_OBJECT) node = sxt_json_get(node, "content");
    if (!sxt_json_string(node, &text, &n))
        return sxt_fail(
            error, SXT_E_FORMAT,
            "tokenizer_config.json: %s must be a text or an object with content; fetch the file again", key);
    int32_t found = sxt_vocabulary_find(&t->vocab, text, n);
    if (found < 0)
        return sxt_fail(
            error, SXT_E_FORMAT,
            "tokenizer_config.json: %s \"%.*s\" is not in tokenizer.json; use the files that belong "
            "together",
            key, n < 40 ? (int)n : 40, text);
    *id = found;
    return SXT_OK;
}

/* ---- What the post-processor puts around a text -------------------------------------------------- */

static sxt_status template_token(const sxt_json *step, const sxt_json *processor, const sxt_tokenizer *t,
                                 int32_t *id, sxt_error *error) {
    const char *name;
    size_t n;
    if (!sxt_json_string(sxt_json_get(step, "id"), &name, &n))
        return sxt_fail(error, SXT_E_FORMAT,
                        "tokenizer.json: post_processor: a SpecialToken has no id; fetch the file again");
    const sxt_json *ids = sxt_json_get(sxt_json_get(sxt_json_get(processor, "special_tokens"), name), "ids");
    if (sxt_json_size(ids) != 1)
        return sxt_fail(
            error, SXT_E_UNSUPPORTED,
            "tokenizer.json: post_processor: special token \"%.40s\" must stand for one id; use a GGUF "
            "of this model",
            name);
    return read_id(sxt_json_at(ids, 0), "tokenizer.json", "post_processor special_tokens ids", t, id, error);
}

static sxt_status read_processor_template(const sxt_json *node, sxt_tokenizer *t, sxt_error *error) {
    const sxt_json *steps = sxt_json_get(node, "single");
    size_t n_before = 0, n_after = 0;
    bool seen_text = false;
    int32_t id = 0;
    for (size_t i = 0; i < sxt_json_size(steps); i++) {
        const sxt_json *special = sxt_json_get(sxt_json_at(steps, i), "SpecialToken");
        if (!special) {
            seen_text = true;
            continue;
        }
        SXT_TRY(template_token(special, node, t, &id, error));
        *(seen_text ? &t->eos : &t->bos) = id;
        *(seen_text ? &t->add_eos : &t->add_bos) = true;
        ++*(seen_text ? &n_after : &n_before);
    }
    if (!seen_text || n_before > 1 || n_after > 1)
        return sxt_fail(
            error, SXT_E_UNSUPPORTED,
            "tokenizer.json: post_processor puts more than one token in front of or behind a text, which "
            "is not supported; use a GGUF of this model");
    return SXT_OK;
}

static sxt_status read_processor(const sxt_json *node, sxt_tokenizer *t, sxt_error *error) {
    if (sxt_json_is_none(node) || sxt_hf_is_type(node, "ByteLevel")) return SXT_OK;
    if (sxt_hf_is_type(node, "TemplateProcessing")) return read_processor_template(node, t, error);
    const char *type = "(none)";
    size_t n = strlen(type);
    sxt_json_string(sxt_json_get(node, "type"), &type, &n);
    return sxt_fail(
        error, SXT_E_UNSUPPORTED,
        "tokenizer.json: post_processor of type \"%.*s\" is not supported (known are Sequence, ByteLevel, "
        "TemplateProcessing); use a GGUF of this model",
        n < 40 ? (int)n : 40, type);
}

static sxt_status read_processors(const sxt_json *node, sxt_tokenizer *t, sxt_error *error) {
    if (!sxt_hf_is_type(node, "Sequence")) return read_processor(node, t, error);
    const sxt_json *list = sxt_json_get(node, "processors");
    for (size_t i = 0; i < sxt_json_size(list); i++) SXT_TRY(read_processor(sxt_json_at(list, i), t, error));
    return SXT_OK;
}

/* Tokenizer classes that put BOS in front although nothing in the files says so. */
static bool class_adds_bos(const sxt_json *config) {
    static const char *const classes[] = {"LlamaTokenizer",         "LlamaTokenizerFast", "CodeLlamaTokenizer",
                                          "CodeLlamaTokenizerFast", "GemmaTokenizer",     "GemmaTokenizerFast"};
    const char *text;
    size_t n;
    if (!sxt_json_string(sxt_json_get(config, "tokenizer_class"), &text, &n)) return false;
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++)
        if (strcmp(classes[i], text) == 0) return true;
    return false;
}

/* ---- Chat template ------------------------------------------------------------------------------- */

/* A text, or a list of {name, template} of which "default" is meant. */
static bool find_template(const sxt_json *node, const char **text, size_t *n) {
    if (sxt_json_string(node, text, n)) return true;
    for (size_t i = 0; i < sxt_json_size(node); i++) {
        const sxt_json *entry = sxt_json_at(node, i);
        const char *name;
        size_t n_name;
        if (sxt_json_string(sxt_json_get(entry, "name"), &name, &n_name) && strcmp(name, "default") == 0)
            return sxt_json_string(sxt_json_get(entry, "template"), text, n);
    }
    return false;
}

static sxt_status read_template(const sxt_hf_vocab_files *files, sxt_tokenizer *t, sxt_error *error) {
    const char *text = files->chat_template;
    size_t n = files->n_chat_template;
    if (!text && !find_template(sxt_json_get(files->tokenizer_config, "chat_template"), &text, &n))
        return SXT_OK;
    t->chat_template = sxt_copy_text(text, n);
    return t->chat_template ? SXT_OK : sxt_fail_memory(error, "the chat template", n);
}

sxt_status sxt_hf_read_special_ids(const sxt_hf_vocab_files *files, sxt_tokenizer *t, sxt_error *error) {
    const sxt_json *config = files->tokenizer_config;
    const sxt_json *processor = sxt_json_get(files->tokenizer, "post_processor");
    int32_t bos = -1, eos = -1;
    SXT_TRY(read_processors(processor, t, error));
    SXT_TRY(read_token(config, "bos_token", t, &bos, error));
    SXT_TRY(read_token(config, "eos_token", t, &eos, error));
    SXT_TRY(read_token(config, "pad_token", t, &t->padding, error));
    SXT_TRY(read_ends(files->generation_config, "generation_config.json", t, &eos, error));
    SXT_TRY(read_ends(files->config, "config.json", t, &eos, error));
    const sxt_json *bos_id = sxt_json_get(files->config, "bos_token_id");
    if (bos < 0 && !sxt_json_is_none(bos_id))
        SXT_TRY(read_id(bos_id, "config.json", "bos_token_id", t, &bos, error));
    if (!t->add_bos) t->bos = bos; /* what the post-processor puts is the BOS */
    if (!t->add_eos) t->eos = eos;
    if (sxt_json_is_none(processor) && class_adds_bos(config)) t->add_bos = true;
    SXT_TRY(sxt_hf_read_bool(config, "tokenizer_config.json", "add_bos_token", &t->add_bos, error));
    SXT_TRY(sxt_hf_read_bool(config, "tokenizer_config.json", "add_eos_token", &t->add_eos, error));
    return read_template(files, t, error);
}
