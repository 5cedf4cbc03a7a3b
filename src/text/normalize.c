#include "text/normalize.h"

#include "base/memory.h"
#include "base/utf8.h"
#include "text/unicode.h"

#include <string.h>

#define MOST_STEPS 64
#define MOST_TEXT_BYTES 256 /* of what a step writes */
/* How far all steps together may grow a text: no honest ones come near. */
#define MOST_GROWTH 16

static sxt_status add_step(sxt_normalizer *z, sxt_norm_kind kind, const char *with, size_t n,
                           sxt_norm_step **step, sxt_error *error) {
    if (z->n >= MOST_STEPS) {
        sxt_fail(error, SXT_E_UNSUPPORTED, "the normalizer has more than %d steps; use a simpler one",
                 MOST_STEPS);
        return SXT_E_UNSUPPORTED;
    }
    if (n > MOST_TEXT_BYTES) {
        sxt_fail(error, SXT_E_UNSUPPORTED, "a normalizer step writes %zu bytes (at most %d); use a simpler one",
                 n, MOST_TEXT_BYTES);
        return SXT_E_UNSUPPORTED;
    }
    if (z->n == z->room) {
        size_t room = z->room ? 2 * z->room : 4;
        sxt_norm_step *steps = sxt_resize(z->steps, room, sizeof *steps);
        if (!steps) {
            sxt_fail_memory(error, "the normalizer", room * sizeof *steps);
            return SXT_E_MEMORY;
        }
        z->steps = steps;
        z->room = room;
    }
    memset(&z->steps[z->n], 0, sizeof z->steps[z->n]);
    *step = &z->steps[z->n++];
    (*step)->kind = kind;
    sxt_buffer_append(&(*step)->with, with, n);
    return (*step)->with.failed ? sxt_fail_memory(error, "the normalizer", n) : SXT_OK;
}

sxt_status sxt_norm_add_prepend(sxt_normalizer *z, const char *text, size_t n, sxt_error *error) {
    sxt_norm_step *step;
    return add_step(z, SXT_NORM_PREPEND, text, n, &step, error);
}

sxt_status sxt_norm_add_replace(sxt_normalizer *z, bool is_regex, const char *what, size_t n_what,
                                const char *with, size_t n_with, sxt_error *error) {
    sxt_norm_step *step;
    SXT_TRY(add_step(z, SXT_NORM_REPLACE, with, n_with, &step, error));
    if (is_regex) return sxt_regex_new(what, n_what, &step->regex, error);
    sxt_buffer_append(&step->what, what, n_what);
    return step->what.failed ? sxt_fail_memory(error, "the normalizer", n_what) : SXT_OK;
}

sxt_status sxt_norm_add_nfc(sxt_normalizer *z, sxt_error *error) {
    sxt_norm_step *step;
    return add_step(z, SXT_NORM_NFC, "", 0, &step, error);
}

void sxt_normalizer_free(sxt_normalizer *z) {
    for (size_t i = 0; i < z->n; i++) {
        sxt_buffer_free(&z->steps[i].what);
        sxt_buffer_free(&z->steps[i].with);
        sxt_regex_free(z->steps[i].regex);
    }
    sxt_free(z->steps);
    memset(z, 0, sizeof *z);
}

static void replace_text(const sxt_norm_step *step, const sxt_buffer *in, sxt_buffer *out) {
    size_t pos = 0, n = step->what.size;
    while (n > 0 && pos < in->size) {
        const char *at = memmem(in->data + pos, in->size - pos, step->what.data, n);
        if (!at) break;
        sxt_buffer_append(out, in->data + pos, (size_t)(at - in->data) - pos);
        sxt_buffer_append(out, step->with.data, step->with.size);
        pos = (size_t)(at - in->data) + n;
    }
    sxt_buffer_append(out, in->data + pos, in->size - pos);
}

static sxt_status replace_matches(const sxt_norm_step *step, sxt_matcher *matcher, const char *s, size_t n,
                                  sxt_buffer *out, sxt_error *error) {
    size_t from = 0, done = 0;
    while (from <= n) {
        bool found;
        size_t a, b;
        SXT_TRY(sxt_regex_find(step->regex, matcher, s, n, from, &found, &a, &b, error));
        if (!found) break;
        from = b;
        if (a == b) from += a < n ? sxt_utf8_length(s + a, n - a) : 1;
        if (a == b && a == done && a > 0) continue; /* right behind another match */
        sxt_buffer_append(out, s + done, a - done);
        sxt_buffer_append(out, step->with.data, step->with.size);
        done = b;
    }
    sxt_buffer_append(out, s + done, n - done);
    return SXT_OK;
}

static sxt_status replace_pattern(const sxt_norm_step *step, sxt_matcher *matcher, const sxt_buffer *in,
                                  sxt_buffer *out, sxt_error *error) {
    for (size_t pos = 0; pos < in->size;) {
        size_t run = sxt_utf8_valid_run(in->data + pos, in->size - pos);
        if (run) SXT_TRY(replace_matches(step, matcher, in->data + pos, run, out, error));
        pos += run;
        size_t broken = sxt_utf8_invalid_run(in->data + pos, in->size - pos);
        sxt_buffer_append(out, in->data + pos, broken);
        pos += broken;
    }
    return SXT_OK;
}

sxt_status sxt_normalize(const sxt_normalizer *z, sxt_matcher *matcher, sxt_buffer *text, sxt_buffer *spare,
                         sxt_error *error) {
    size_t most = MOST_TEXT_BYTES * (size_t)MOST_STEPS + MOST_GROWTH * text->size;
    for (size_t i = 0; i < z->n && text->size > 0; i++) {
        const sxt_norm_step *step = &z->steps[i];
        spare->size = 0;
        switch (step->kind) {
        case SXT_NORM_PREPEND:
            sxt_buffer_append(spare, step->with.data, step->with.size);
            sxt_buffer_append(spare, text->data, text->size);
            break;
        case SXT_NORM_REPLACE:
            if (step->regex) {
                SXT_TRY(replace_pattern(step, matcher, text, spare, error));
            } else {
                replace_text(step, text, spare);
            }
            break;
        case SXT_NORM_NFC: SXT_TRY(sxt_unicode_nfc(text->data, text->size, spare, error)); break;
        }
        if (spare->failed) return sxt_fail_memory(error, "the normalizer", 2 * (uint64_t)text->size);
        if (spare->size > most)
            return sxt_fail(
                error, SXT_E_UNSUPPORTED,
                "the normalizer makes %zu bytes of text; its steps in tokenizer.json are not usable",
                spare->size);
        sxt_buffer swap = *text;
        *text = *spare;
        *spare = swap;
    }
    return SXT_OK;
}
