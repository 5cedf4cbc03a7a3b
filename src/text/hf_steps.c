#include "text/hf_steps.h"

#include "base/utf8.h"
#include "text/vocabulary.h"

#include <string.h>

bool sxt_hf_is_type(const sxt_json *node, const char *name) {
    const char *type;
    size_t n;
    return sxt_json_string(sxt_json_get(node, "type"), &type, &n) && n == strlen(name) &&
           memcmp(type, name, n) == 0;
}

sxt_status sxt_hf_read_bool(const sxt_json *object, const char *where, const char *key, bool *value,
                            sxt_error *error) {
    const sxt_json *member = sxt_json_get(object, key);
    if (sxt_json_is_none(member) || sxt_json_bool(member, value)) return SXT_OK;
    return sxt_fail(error, SXT_E_FORMAT, "%s: %s must be true or false; the file is damaged, fetch it again",
                    where, key);
}

static sxt_status fail_type(const sxt_json *node, const char *what, const char *known, sxt_error *error) {
    const char *type = "(none)";
    size_t n = strlen(type);
    sxt_json_string(sxt_json_get(node, "type"), &type, &n);
    return sxt_fail(
        error, SXT_E_UNSUPPORTED,
        "tokenizer.json: %s of type \"%.*s\" is not supported (known are %s); use a GGUF of this model", what,
        n < 40 ? (int)n : 40, type, known);
}

static sxt_status fail_field(const char *what, const char *field, const char *needed, sxt_error *error) {
    return sxt_fail(error, SXT_E_FORMAT,
                    "tokenizer.json: %s: %s must be %s; the file is damaged, fetch it again", what, field,
                    needed);
}

/* "pattern": {"String": "..."} or {"Regex": "..."}. */
static sxt_status read_pattern(const sxt_json *node, const char *what, bool *is_regex, const char **text,
                               size_t *n, sxt_error *error) {
    const sxt_json *pattern = sxt_json_get(node, "pattern");
    *is_regex = sxt_json_string(sxt_json_get(pattern, "Regex"), text, n);
    if (*is_regex || sxt_json_string(sxt_json_get(pattern, "String"), text, n)) return SXT_OK;
    return fail_field(what, "pattern", "{\"Regex\": text} or {\"String\": text}", error);
}

static sxt_status read_norm_step(const sxt_json *node, sxt_normalizer *z, sxt_error *error) {
    const char *what, *with;
    size_t n_what, n_with;
    bool is_regex = false;
    if (sxt_hf_is_type(node, "NFC")) return sxt_norm_add_nfc(z, error);
    if (sxt_hf_is_type(node, "Prepend")) {
        if (!sxt_json_string(sxt_json_get(node, "prepend"), &with, &n_with))
            return fail_field("normalizer Prepend", "prepend", "a text", error);
        return sxt_norm_add_prepend(z, with, n_with, error);
    }
    if (!sxt_hf_is_type(node, "Replace"))
        return fail_type(node, "a normalizer", "Sequence, Prepend, Replace, NFC", error);
    SXT_TRY(read_pattern(node, "normalizer Replace", &is_regex, &what, &n_what, error));
    if (!sxt_json_string(sxt_json_get(node, "content"), &with, &n_with))
        return fail_field("normalizer Replace", "content", "a text", error);
    return sxt_norm_add_replace(z, is_regex, what, n_what, with, n_with, error);
}

sxt_status sxt_hf_read_normalizer(const sxt_json *node, sxt_normalizer *z, sxt_error *error) {
    if (sxt_json_is_none(node)) return SXT_OK;
    if (!sxt_hf_is_type(node, "Sequence")) return read_norm_step(node, z, error);
    const sxt_json *list = sxt_json_get(node, "normalizers");
    if (sxt_json_kind_of(list) != SXT_JSON_ARRAY)
        return fail_field("normalizer Sequence", "normalizers", "a list", error);
    for (size_t i = 0; i < sxt_json_size(list); i++) SXT_TRY(read_norm_step(sxt_json_at(list, i), z, error));
    return SXT_OK;
}

static sxt_status read_behavior(const sxt_json *node, const char *what, sxt_split_behavior *behavior,
                                sxt_error *error) {
    static const char *const names[] = {
        [SXT_SPLIT_ISOLATED] = "Isolated",
        [SXT_SPLIT_REMOVED] = "Removed",
        [SXT_SPLIT_CONTIGUOUS] = "Contiguous",
        [SXT_SPLIT_MERGED_WITH_PREVIOUS] = "MergedWithPrevious",
        [SXT_SPLIT_MERGED_WITH_NEXT] = "MergedWithNext",
    };
    const char *text;
    size_t n;
    if (sxt_json_string(sxt_json_get(node, "behavior"), &text, &n)) {
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
            if (strlen(names[i]) != n || memcmp(names[i], text, n) != 0) continue;
            *behavior = (sxt_split_behavior)i;
            return SXT_OK;
        }
    }
    return fail_field(what, "behavior", "Isolated, Removed, Contiguous, MergedWithPrevious or MergedWithNext",
                      error);
}

static sxt_status read_split(const sxt_json *node, sxt_pretokenizer *p, sxt_error *error) {
    const char *pattern;
    size_t n;
    bool is_regex = false, invert = false;
    sxt_split_behavior behavior = SXT_SPLIT_ISOLATED;
    SXT_TRY(read_pattern(node, "pre_tokenizer Split", &is_regex, &pattern, &n, error));
    SXT_TRY(read_behavior(node, "pre_tokenizer Split", &behavior, error));
    SXT_TRY(sxt_hf_read_bool(node, "tokenizer.json: pre_tokenizer Split", "invert", &invert, error));
    if (is_regex) return sxt_pre_add_split(p, pattern, n, behavior, invert, error);
    return sxt_pre_add_split_literal(p, pattern, n, behavior, invert, error);
}

static sxt_status read_byte_level(const sxt_json *node, sxt_pretokenizer *p, sxt_error *error) {
    const char *where = "tokenizer.json: pre_tokenizer ByteLevel";
    bool add_prefix_space = true, use_regex = true;
    SXT_TRY(sxt_hf_read_bool(node, where, "add_prefix_space", &add_prefix_space, error));
    SXT_TRY(sxt_hf_read_bool(node, where, "use_regex", &use_regex, error));
    return sxt_pre_add_byte_level(p, add_prefix_space, use_regex, error);
}

/* "prepend_scheme", or "add_prefix_space" of older files. */
static sxt_status read_prepend(const sxt_json *node, sxt_prepend *prepend, sxt_error *error) {
    bool add_prefix_space = true;
    const char *scheme;
    size_t n;
    SXT_TRY(sxt_hf_read_bool(node, "tokenizer.json: pre_tokenizer Metaspace", "add_prefix_space",
                             &add_prefix_space, error));
    *prepend = add_prefix_space ? SXT_PREPEND_ALWAYS : SXT_PREPEND_NEVER;
    const sxt_json *member = sxt_json_get(node, "prepend_scheme");
    if (sxt_json_is_none(member)) return SXT_OK;
    if (!sxt_json_string(member, &scheme, &n)) scheme = "";
    if (strcmp(scheme, "always") == 0) {
        *prepend = SXT_PREPEND_ALWAYS;
    } else if (strcmp(scheme, "first") == 0) {
        *prepend = SXT_PREPEND_FIRST;
    } else if (strcmp(scheme, "never") == 0) {
        *prepend = SXT_PREPEND_NEVER;
    } else {
        return fail_field("pre_tokenizer Metaspace", "prepend_scheme", "always, first or never", error);
    }
    return SXT_OK;
}

static sxt_status read_metaspace(const sxt_json *node, sxt_pretokenizer *p, sxt_error *error) {
    const char *replacement;
    size_t n;
    bool split = true;
    sxt_prepend prepend = SXT_PREPEND_NEVER;
    if (!sxt_json_string(sxt_json_get(node, "replacement"), &replacement, &n))
        return fail_field("pre_tokenizer Metaspace", "replacement", "a character", error);
    if (n != SXT_SPACE_MARK_BYTES || memcmp(replacement, SXT_SPACE_MARK, n) != 0)
        return sxt_fail(
            error, SXT_E_UNSUPPORTED,
            "tokenizer.json: pre_tokenizer Metaspace: replacement is not U+2581, the only one supported; "
            "use a GGUF of this model");
    SXT_TRY(sxt_hf_read_bool(node, "tokenizer.json: pre_tokenizer Metaspace", "split", &split, error));
    SXT_TRY(read_prepend(node, &prepend, error));
    return sxt_pre_add_metaspace(p, replacement, n, prepend, split, error);
}

static sxt_status read_pre_step(const sxt_json *node, sxt_pretokenizer *p, sxt_error *error) {
    if (sxt_hf_is_type(node, "Split")) return read_split(node, p, error);
    if (sxt_hf_is_type(node, "ByteLevel")) return read_byte_level(node, p, error);
    if (sxt_hf_is_type(node, "Metaspace")) return read_metaspace(node, p, error);
    if (sxt_hf_is_type(node, "Digits")) {
        bool individual = false;
        SXT_TRY(sxt_hf_read_bool(node, "tokenizer.json: pre_tokenizer Digits", "individual_digits", &individual,
                                 error));
        return sxt_pre_add_digits(p, individual, error);
    }
    if (sxt_hf_is_type(node, "Punctuation")) {
        sxt_split_behavior behavior = SXT_SPLIT_ISOLATED;
        if (!sxt_json_is_none(sxt_json_get(node, "behavior")))
            SXT_TRY(read_behavior(node, "pre_tokenizer Punctuation", &behavior, error));
        return sxt_pre_add_punctuation(p, behavior, error);
    }
    return fail_type(node, "a pre_tokenizer", "Sequence, Split, ByteLevel, Metaspace, Digits, Punctuation",
                     error);
}

sxt_status sxt_hf_read_pretokenizer(const sxt_json *node, sxt_pretokenizer *p, sxt_error *error) {
    if (sxt_json_is_none(node)) return SXT_OK;
    if (sxt_hf_is_type(node, "Sequence")) {
        const sxt_json *list = sxt_json_get(node, "pretokenizers");
        if (sxt_json_kind_of(list) != SXT_JSON_ARRAY)
            return fail_field("pre_tokenizer Sequence", "pretokenizers", "a list", error);
        for (size_t i = 0; i < sxt_json_size(list); i++) SXT_TRY(read_pre_step(sxt_json_at(list, i), p, error));
    } else {
        SXT_TRY(read_pre_step(node, p, error));
    }
    sxt_pre_finish(p);
    return SXT_OK;
}
