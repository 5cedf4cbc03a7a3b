#include "text/pretokenize.h"

#include "base/memory.h"
#include "base/utf8.h"
#include "text/byte_alphabet.h"

#include <string.h>

/* One run of a split step over a stretch of valid UTF-8; chunks arrive in order, matches and what lies
 * between them. */
typedef struct split_run {
    const sxt_pre_step *step;
    sxt_pieces *out;
    size_t n_before;       /* pieces of `out` that are not this run's */
    bool previous_matched; /* the chunk before was a match */
} split_run;

static void take_chunk(split_run *run, size_t start, size_t end, bool matched) {
    sxt_pieces *out = run->out;
    bool has_last = out->n > run->n_before, join = false;
    matched = matched != run->step->invert;
    switch (run->step->behavior) {
    case SXT_SPLIT_ISOLATED: break;
    case SXT_SPLIT_REMOVED:
        if (matched) start = end; /* an empty piece means nothing */
        break;
    case SXT_SPLIT_CONTIGUOUS: join = has_last && matched == run->previous_matched; break;
    case SXT_SPLIT_MERGED_WITH_PREVIOUS: join = has_last && matched && !run->previous_matched; break;
    case SXT_SPLIT_MERGED_WITH_NEXT: join = has_last && !matched && run->previous_matched; break;
    }
    if (join) {
        out->spans[out->n - 1].end = end;
    } else {
        sxt_pieces_add(out, start, end);
    }
    run->previous_matched = matched;
}

/* Splits valid UTF-8 [first, end) of the text. */
static sxt_status split_valid(const sxt_pre_step *step, sxt_matcher *matcher, const char *text, size_t first,
                              size_t end, sxt_pieces *out, sxt_error *error) {
    split_run run = {step, out, out->n, false};
    const char *s = text + first;
    size_t n = end - first, from = 0, done = 0;
    bool any = false;
    while (from <= n) {
        bool found;
        size_t a, b;
        SXT_TRY(sxt_regex_find(step->regex, matcher, s, n, from, &found, &a, &b, error));
        if (!found) break;
        from = b;
        if (a == b) from += a < n ? sxt_utf8_length(s + a, n - a) : 1;
        if (a == b && any && a == done) continue; /* an empty match right behind another one */
        if (a > done) take_chunk(&run, first + done, first + a, false);
        take_chunk(&run, first + a, first + b, true);
        done = b;
        any = true;
    }
    if (n > done) take_chunk(&run, first + done, end, false);
    return SXT_OK;
}

/* Bytes that are not UTF-8 match nothing: each stretch of them is a piece of its own. */
static sxt_status split(const sxt_pre_step *step, sxt_matcher *matcher, sxt_pieces *in, sxt_pieces *out,
                        sxt_error *error) {
    const char *text = in->text.data;
    for (size_t i = 0; i < in->n; i++) {
        for (size_t pos = in->spans[i].start, end = in->spans[i].end; pos < end;) {
            size_t run = sxt_utf8_valid_run(text + pos, end - pos);
            if (run) SXT_TRY(split_valid(step, matcher, text, pos, pos + run, out, error));
            pos += run;
            size_t broken = sxt_utf8_invalid_run(text + pos, end - pos);
            if (broken) sxt_pieces_add(out, pos, pos + broken);
            pos += broken;
        }
    }
    sxt_buffer text_of_in = in->text; /* the text itself does not change */
    in->text = out->text;
    out->text = text_of_in;
    return SXT_OK;
}

static void put_space(const sxt_pieces *in, sxt_pieces *out) {
    for (size_t i = 0; i < in->n; i++) {
        const char *piece = in->text.data + in->spans[i].start;
        size_t n = in->spans[i].end - in->spans[i].start, start = out->text.size;
        if (n == 0) continue;
        if (piece[0] != ' ') sxt_buffer_text(&out->text, " ");
        sxt_buffer_append(&out->text, piece, n);
        sxt_pieces_add(out, start, out->text.size);
    }
}

static void write_alphabet(const sxt_pieces *in, sxt_pieces *out) {
    for (size_t i = 0; i < in->n; i++) {
        size_t start = out->text.size;
        sxt_bytes_to_alphabet(in->text.data + in->spans[i].start, in->spans[i].end - in->spans[i].start,
                              &out->text);
        sxt_pieces_add(out, start, out->text.size);
    }
}

static void read_alphabet(const sxt_pieces *in, sxt_pieces *out) {
    for (size_t i = 0; i < in->n; i++) {
        const char *piece = in->text.data + in->spans[i].start;
        size_t n = in->spans[i].end - in->spans[i].start, start = out->text.size;
        /* A visible space written by a later step is no byte's character: it stays as it is. */
        if (!sxt_alphabet_to_bytes(piece, n, &out->text)) sxt_buffer_append(&out->text, piece, n);
        sxt_pieces_add(out, start, out->text.size);
    }
}

static bool starts_with(const char *text, size_t n, const char *front, size_t n_front) {
    return n >= n_front && memcmp(text, front, n_front) == 0;
}

static void put_metaspace(const sxt_pre_step *step, bool at_start, const sxt_pieces *in, sxt_pieces *out) {
    for (size_t i = 0; i < in->n; i++) {
        const char *piece = in->text.data + in->spans[i].start;
        size_t n = in->spans[i].end - in->spans[i].start, start = out->text.size;
        if (n == 0) continue;
        bool wanted = step->prepend == SXT_PREPEND_ALWAYS ||
                      (step->prepend == SXT_PREPEND_FIRST && at_start && in->spans[i].start == 0);
        if (wanted && piece[0] != ' ' && !starts_with(piece, n, step->pattern, step->n_pattern))
            sxt_buffer_append(&out->text, step->pattern, step->n_pattern);
        for (size_t k = 0; k < n; k++) {
            if (piece[k] == ' ') {
                sxt_buffer_append(&out->text, step->pattern, step->n_pattern);
            } else {
                sxt_buffer_append(&out->text, piece + k, 1);
            }
        }
        sxt_pieces_add(out, start, out->text.size);
    }
}

static void swap(sxt_pieces *a, sxt_pieces *b) {
    sxt_pieces t = *a;
    *a = *b;
    *b = t;
}

static sxt_status check_room(sxt_pieces *in, const sxt_pieces *out, sxt_error *error) {
    if (!out->failed && !out->text.failed && !in->failed && !in->text.failed) return SXT_OK;
    return sxt_fail_memory(error, "the pre-tokenizer", 2 * (uint64_t)in->text.size);
}

sxt_status sxt_pretokenize(const sxt_pretokenizer *p, sxt_matcher *matcher, bool at_start, sxt_pieces *pieces,
                           sxt_pieces *spare, sxt_error *error) {
    bool in_alphabet = false;
    for (size_t i = 0; i < p->n; i++) {
        const sxt_pre_step *step = &p->steps[i];
        sxt_pieces_clear(spare);
        switch (step->kind) {
        case SXT_PRE_SPLIT: SXT_TRY(split(step, matcher, pieces, spare, error)); break;
        case SXT_PRE_SPACE: put_space(pieces, spare); break;
        case SXT_PRE_METASPACE: put_metaspace(step, at_start, pieces, spare); break;
        case SXT_PRE_ALPHABET:
            write_alphabet(pieces, spare);
            in_alphabet = true;
            break;
        }
        SXT_TRY(check_room(pieces, spare, error));
        swap(pieces, spare);
    }
    if (!in_alphabet) return SXT_OK;
    sxt_pieces_clear(spare);
    read_alphabet(pieces, spare);
    SXT_TRY(check_room(pieces, spare, error));
    swap(pieces, spare);
    return SXT_OK;
}
