#include "eval/metric_exam.h"

#include "eval/metric_normal.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static bool is_choice(int32_t c) { return c >= 'A' && c <= 'D'; }

static bool all_choices(text_span text) {
    while (text.n > 0)
        if (!is_choice(text_next(&text))) return false;
    return true;
}

/* ---- Exact match ----------------------------------------------------------------------------------------- */

/* A number as Python's float() takes it, in ASCII: no hexadecimal, underscores between digits. */
static bool is_real(text_span text, double *value) {
    char digits[512];
    size_t n = 0;
    text = text_strip(text);
    if (text.n == 0 || text.n >= sizeof digits) return false;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.bytes[i];
        bool between = i > 0 && i + 1 < text.n && isdigit((unsigned char)text.bytes[i - 1]) &&
                       isdigit((unsigned char)text.bytes[i + 1]);
        if (c == '_' && between) continue;
        if (c == '\0' || strchr("xXpP_(", c) != NULL || isspace((unsigned char)c)) return false;
        digits[n++] = c;
    }
    char *end;
    digits[n] = '\0';
    *value = strtod(digits, &end);
    return end == digits + n;
}

static bool every_character_in(text_span some, text_span all) {
    while (some.n > 0) {
        text_span one = some;
        (void)text_next(&some);
        one.n -= some.n;
        if (!text_contains(all, one)) return false;
    }
    return true;
}

static void add_small_without_blanks(text_span text, text_made *made) {
    text_made small = {0};
    text_made_add_lower(&small, text);
    text_made_add_replaced(made, text_made_span(&small), " ", "");
    made->failed = made->failed || small.failed;
    text_made_free(&small);
}

static bool contained(text_span prediction, text_span reference, double *score) {
    text_made first = {0}, second = {0};
    add_small_without_blanks(prediction, &first);
    add_small_without_blanks(reference, &second);
    bool good = !first.failed && !second.failed;
    if (good) *score = text_contains(text_made_span(&first), text_made_span(&second)) ? 1 : 0;
    text_made_free(&first);
    text_made_free(&second);
    return good;
}

/* References of choice letters alone must be met exactly; others as numbers, or else by standing in the answer.
 */
bool metric_exam_text(text_span prediction, text_span reference, double *score) {
    text_made first = {0}, second = {0};
    double number, wanted;
    metric_normalise(prediction, false, &first);
    metric_normalise(reference, false, &second);
    text_span answer = text_made_span(&first), right = text_made_span(&second);
    bool good = !first.failed && !second.failed;
    if (good && all_choices(right))
        *score = text_equal(answer, right) ? 1 : every_character_in(answer, right) ? 0.25 : 0;
    else if (good && is_real(prediction, &number) && is_real(reference, &wanted))
        *score = number == wanted ? 1 : 0;
    else if (good)
        good = contained(prediction, reference, score);
    text_made_free(&first);
    text_made_free(&second);
    return good;
}

/* ---- Choices --------------------------------------------------------------------------------------------- */

/* Choice letters as bits, A lowest. */
static unsigned letter_bit(int32_t c) { return is_choice(c) ? 1u << (c - 'A') : 0; }

static void add_letters(text_made *made, unsigned letters) {
    for (int32_t c = 'A'; c <= 'D'; c++)
        if ((letters & letter_bit(c)) != 0) text_made_add_character(made, c);
}

/* The letters that stand for themselves: before a blank, a full stop or a bracket. */
static unsigned options_in(text_span text) {
    unsigned letters = 0;
    while (text.n > 0) {
        int32_t c = text_next(&text);
        text_span behind = text;
        if (behind.n == 0) break;
        int32_t next = text_next(&behind);
        if (next == '.' || next == ')' || character_is_space(next)) letters |= letter_bit(c);
    }
    return letters;
}

/* The first letters in `text` that stand together; A where there are none. */
static void add_first_run(text_span text, text_made *made) {
    bool began = false;
    while (text.n > 0) {
        int32_t c = text_next(&text);
        if (!is_choice(c) && began) break;
        if (!is_choice(c)) continue;
        text_made_add_character(made, c);
        began = true;
    }
    if (!began) text_made_add_character(made, 'A');
}

static void add_several(text_span answer, text_made *made) {
    unsigned leading = 0;
    size_t n_leading = 0;
    while (n_leading < answer.n && is_choice(answer.bytes[n_leading]))
        leading |= letter_bit(answer.bytes[n_leading++]);
    if (n_leading > 1) {
        add_letters(made, leading);
        return;
    }
    text_span rest = text_cut(answer, n_leading, answer.n);
    rest =
        text_cut(rest, 0, text_find(rest, text_span_of("Question"))); /* the model asks itself the next one */
    unsigned letters = leading | options_in(rest);
    if (letters != 0)
        add_letters(made, letters);
    else
        add_first_run(rest, made);
}

static void add_choice(text_span answer, bool several, text_made *made) {
    if (text_strip(answer).n == 0)
        text_made_add(made, text_span_of("None"));
    else if (text_contains(text_span_of("ABCD"), answer))
        text_made_add(made, answer);
    else if (several)
        add_several(answer, made);
    else {
        while (answer.n > 0 && !is_choice(answer.bytes[0])) answer = text_cut(answer, 1, answer.n);
        text_made_add(made, answer.n > 0 ? text_cut(answer, 0, 1) : text_span_of("A"));
    }
}

bool metric_exam_choice(text_span prediction, text_span reference, bool several, double *score) {
    text_made answer = {0}, right = {0};
    text_span word = {0};
    add_choice(prediction, several, &answer);
    if (text_next_word(&reference, &word))
        for (size_t i = 0; i < word.n; i++)
            if (is_choice(word.bytes[i])) text_made_add_character(&right, word.bytes[i]);
    if (right.n == 0) text_made_add_character(&right, 'A');
    bool good = !answer.failed && !right.failed &&
                metric_exam_text(text_made_span(&answer), text_made_span(&right), score);
    text_made_free(&answer);
    text_made_free(&right);
    return good;
}

/* ---- Numbers --------------------------------------------------------------------------------------------- */

static bool has_digit(text_span text) {
    while (text.n > 0)
        if (character_is_digit(text_next(&text))) return true;
    return false;
}

/* The last part between blanks that has a digit; empty where there is none. */
static text_span last_part_with_digit(text_span text) {
    text_span found = text_cut(text, 0, 0);
    for (;;) {
        size_t stop = text_find(text, text_span_of(" "));
        text_span part = text_cut(text, 0, stop);
        if (has_digit(part)) found = part;
        if (stop >= text.n) return found;
        text = text_cut(text, stop + 1, text.n);
    }
}

/* The digits of the number up to a full stop: "$1,234.50" is 1234. */
static void add_number(text_span text, text_made *made) {
    const text_span words = text_span_of("The answer is ");
    text_span part = {text.bytes, 0};
    for (text_span rest = text; text_contains(rest, words) && part.n == 0;) {
        rest = text_cut(rest, text_find(rest, words) + words.n, rest.n);
        text_span behind = rest, word;
        if (text_next_word(&behind, &word) && word.bytes == rest.bytes) part = word;
    }
    if (part.n == 0) part = last_part_with_digit(text_cut(text, 0, text_find(text, text_span_of("\n\n"))));
    while (part.n > 0) {
        int32_t c = text_next(&part);
        if (c == '.') break;
        if (character_is_digit(c)) text_made_add_character(made, c);
    }
}

bool metric_exam_number(text_span prediction, text_span reference, double *score) {
    text_made answer = {0}, right = {0};
    add_number(prediction, &answer);
    add_number(reference, &right);
    bool good = !answer.failed && !right.failed &&
                metric_exam_text(text_made_span(&answer), text_made_span(&right), score);
    text_made_free(&answer);
    text_made_free(&right);
    return good;
}

static text_span without_zeros(text_span number) {
    while (number.n > 1 && number.bytes[0] == '0') number = text_cut(number, 1, number.n);
    return number;
}

void metric_last_number(text_span prediction, text_span reference, double *score) {
    text_span number, last = {prediction.bytes, 0};
    while (text_next_number(&prediction, &number)) last = number;
    *score = last.n > 0 && text_equal(without_zeros(last), without_zeros(reference)) ? 1 : 0;
}

/* ---- Verdicts -------------------------------------------------------------------------------------------- */

/* What stands before "[fact:", and behind it without the closing bracket. */
static bool split_verdicts(text_span text, text_span parts[2]) {
    const text_span label = text_span_of("[fact:");
    size_t at = text_find(text, label);
    if (at > text.n) return false;
    text_span behind = text_cut(text, at + label.n, text.n);
    behind = text_cut(behind, 0, text_find(behind, label));
    parts[0] = text_strip(text_cut(text, 0, at));
    parts[1] = text_strip(text_cut(behind, 0, behind.n > 0 ? behind.n - 1 : 0));
    return true;
}

static text_span verdict_in(text_span text) {
    text_span word;
    while (text_next_word(&text, &word)) {
        if (text_contains(word, text_span_of("true"))) return text_span_of("true");
        if (text_contains(word, text_span_of("false"))) return text_span_of("false");
    }
    return text_span_of("<error>");
}

bool metric_exam_verdicts(text_span prediction, text_span reference, double *score) {
    text_made answer = {0}, right = {0};
    text_span said[2], wanted[2];
    double points[2] = {0, 0};
    text_made_add_lower(&answer, prediction);
    text_made_add_lower(&right, reference);
    bool good = !answer.failed && !right.failed;
    if (good && split_verdicts(text_made_span(&answer), said) && split_verdicts(text_made_span(&right), wanted))
        for (int i = 0; i < 2 && good; i++) good = metric_exam_text(verdict_in(said[i]), wanted[i], &points[i]);
    if (good) *score = (points[0] + points[1]) / 2;
    text_made_free(&answer);
    text_made_free(&right);
    return good;
}
