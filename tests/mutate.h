/* Repeatable damage for parsers: the same seed gives the same broken input on every machine. The result
 * is an exact-size heap block, so that the address sanitizer sees the first byte read past its end. */
#ifndef SXT_TESTS_MUTATE_H
#define SXT_TESTS_MUTATE_H

#include "base/rng.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A place in a binary seed that a parser takes as a number: a length, count, type, dimension, offset. */
typedef struct mutate_field {
    size_t at;
    size_t width; /* 1, 2, 4 or 8 bytes */
} mutate_field;

typedef struct mutate_buffer {
    uint8_t *data;
    size_t size;
} mutate_buffer;

static inline size_t mutate_below(sxt_rng *rng, size_t n) { return n ? sxt_rng_u32(rng) % n : 0; }

/* Replaces [at, at + n_old) by n_new bytes. */
static inline void mutate_splice(mutate_buffer *b, size_t at, size_t n_old, const void *bytes, size_t n_new) {
    size_t size = b->size - n_old + n_new;
    uint8_t *data = malloc(size ? size : 1);
    if (!data) abort();
    memcpy(data, b->data, at);
    if (n_new) memcpy(data + at, bytes, n_new);
    memcpy(data + at + n_new, b->data + at + n_old, b->size - at - n_old);
    free(b->data);
    b->data = data;
    b->size = size;
}

static inline uint64_t mutate_number(sxt_rng *rng, uint64_t old) {
    static const uint64_t hostile[] = {0,
                                       1,
                                       2,
                                       3,
                                       4,
                                       5,
                                       7,
                                       8,
                                       9,
                                       16,
                                       31,
                                       32,
                                       64,
                                       127,
                                       128,
                                       255,
                                       256,
                                       1024,
                                       65535,
                                       65536,
                                       1u << 24,
                                       0x7fffffff,
                                       0x80000000,
                                       0xffffffff,
                                       UINT64_C(1) << 32,
                                       1ull << 40,
                                       1ull << 61,
                                       1ull << 62,
                                       INT64_MAX,
                                       UINT64_C(1) << 63,
                                       UINT64_MAX,
                                       UINT64_MAX - 7,
                                       UINT64_MAX - 31};
    switch (mutate_below(rng, 6)) {
    case 0: return old + 1;
    case 1: return old - 1;
    case 2: return old ^ (UINT64_C(1) << mutate_below(rng, 64));
    case 3: return (uint64_t)sxt_rng_u32(rng) << 32 | sxt_rng_u32(rng);
    default: return hostile[mutate_below(rng, sizeof hostile / sizeof hostile[0])];
    }
}

static inline void mutate_one_field(sxt_rng *rng, mutate_buffer *b, const mutate_field *field) {
    uint64_t value = 0;
    if (field->at > b->size || field->width > b->size - field->at) return;
    memcpy(&value, b->data + field->at, field->width);
    value = mutate_number(rng, value);
    memcpy(b->data + field->at, &value, field->width);
}

/* One blind change: flip, overwrite, cut, repeat, insert, truncate. */
static inline void mutate_one_place(sxt_rng *rng, mutate_buffer *b) {
    uint8_t noise[16];
    size_t at = mutate_below(rng, b->size + 1), left = b->size - at;
    size_t n = 1 + mutate_below(rng, 16), n_here = n < left ? n : left;
    for (size_t i = 0; i < sizeof noise; i++) noise[i] = (uint8_t)sxt_rng_u32(rng);
    switch (mutate_below(rng, 7)) {
    case 0:
        if (left) b->data[at] ^= (uint8_t)(1u << mutate_below(rng, 8));
        break;
    case 1: mutate_splice(b, at, n_here, noise, n_here); break;
    case 2: mutate_splice(b, at, n_here, NULL, 0); break;
    case 3: mutate_splice(b, at, 0, noise, n); break;
    case 4: { /* repeat a run that stands here */
        uint8_t run[16];
        memcpy(run, b->data + at, n_here);
        mutate_splice(b, at, 0, run, n_here);
        break;
    }
    case 5: mutate_splice(b, at, left, NULL, 0); break;
    default: {
        mutate_field field = {at, (size_t)1 << mutate_below(rng, 4)};
        mutate_one_field(rng, b, &field);
    }
    }
}

static inline mutate_buffer mutate_copy(const void *seed, size_t n) {
    mutate_buffer b = {malloc(n ? n : 1), n};
    if (!b.data) abort();
    if (n) memcpy(b.data, seed, n);
    return b;
}

/* One to three changes of a binary seed, two in three of them at a field when fields are given. Free the
 * result with free(). */
static inline uint8_t *mutate_binary(sxt_rng *rng, const void *seed, size_t n, const mutate_field *fields,
                                     size_t n_fields, size_t *n_out) {
    mutate_buffer b = mutate_copy(seed, n);
    for (size_t changes = 1 + mutate_below(rng, 3); changes > 0; changes--) {
        if (n_fields && mutate_below(rng, 3)) {
            mutate_one_field(rng, &b, &fields[mutate_below(rng, n_fields)]);
        } else {
            mutate_one_place(rng, &b);
        }
    }
    *n_out = b.size;
    return b.data;
}

/* The JSON token that starts at or after `at`: a string, a number or word, or one punctuation mark. */
static inline void mutate_json_token(const mutate_buffer *b, size_t at, size_t *first, size_t *end) {
    const char *s = (const char *)b->data;
    while (at < b->size && strchr(" \t\r\n", s[at]) && s[at]) at++;
    *first = *end = at;
    if (at == b->size) return;
    if (s[at] == '"') {
        for (at++; at < b->size && s[at] != '"'; at++)
            if (s[at] == '\\' && at + 1 < b->size) at++;
        *end = at < b->size ? at + 1 : at;
        return;
    }
    if (strchr("{}[],:", s[at])) {
        *end = at + 1;
        return;
    }
    while (at < b->size && !(strchr(" \t\r\n{}[],:\"", s[at]) && s[at])) at++;
    *end = at;
}

static inline void mutate_one_token(sxt_rng *rng, mutate_buffer *b) {
    static const char *const hostile[] = {"0",
                                          "1",
                                          "-1",
                                          "2",
                                          "3",
                                          "7",
                                          "255",
                                          "65536",
                                          "2147483647",
                                          "2147483648",
                                          "4294967296",
                                          "9223372036854775807",
                                          "-9223372036854775808",
                                          "18446744073709551615",
                                          "1e308",
                                          "1e999",
                                          "-1e-400",
                                          "0.5",
                                          "1.0",
                                          "1e9",
                                          "NaN",
                                          "Infinity",
                                          "null",
                                          "true",
                                          "false",
                                          "\"\"",
                                          "[]",
                                          "{}",
                                          "[[]]",
                                          "[0]",
                                          "{\"a\":1}",
                                          "\"F32\"",
                                          "\"../x\"",
                                          "\"\\u0000\"",
                                          "\"\\ud800\"",
                                          "\"\\udc00\"",
                                          "\"\xff\"",
                                          "\"\xe2\x96\x81\"",
                                          "\"<0x-1>\"",
                                          "\"<0xZZ>\"",
                                          "\"a b c\"",
                                          ",",
                                          ":",
                                          "[",
                                          "{",
                                          "}",
                                          "]"};
    size_t first, end, other_first, other_end;
    mutate_json_token(b, mutate_below(rng, b->size + 1), &first, &end);
    mutate_json_token(b, mutate_below(rng, b->size + 1), &other_first, &other_end);
    const char *word = hostile[mutate_below(rng, sizeof hostile / sizeof hostile[0])];
    mutate_buffer other = mutate_copy(b->data + other_first, other_end - other_first);
    switch (mutate_below(rng, 5)) {
    case 0: mutate_splice(b, first, end - first, NULL, 0); break;
    case 1: mutate_splice(b, first, 0, other.data, other.size); break;
    case 2: mutate_splice(b, first, end - first, other.data, other.size); break;
    default: mutate_splice(b, first, end - first, word, strlen(word));
    }
    free(other.data);
}

/* One to three changes of a JSON seed, three in four of them whole tokens, so that most results still are
 * JSON and reach the code behind the JSON parser. Free the result with free(). */
static inline uint8_t *mutate_json(sxt_rng *rng, const void *seed, size_t n, size_t *n_out) {
    mutate_buffer b = mutate_copy(seed, n);
    for (size_t changes = 1 + mutate_below(rng, 3); changes > 0; changes--) {
        if (mutate_below(rng, 4)) {
            mutate_one_token(rng, &b);
        } else {
            mutate_one_place(rng, &b);
        }
    }
    *n_out = b.size;
    return b.data;
}

/* Reads every byte, so that the address sanitizer sees a wrong bound. */
static inline void mutate_touch(const void *data, uint64_t n) {
    const volatile uint8_t *bytes = data;
    for (uint64_t i = 0; i < n; i++) (void)bytes[i];
}

/* An error that a user can read: not empty, one line. */
static inline bool mutate_error_is_one_line(const char *text) {
    return text[0] != 0 && strpbrk(text, "\r\n") == NULL;
}

#endif
