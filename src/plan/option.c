#include "plan/option.h"

#include "plan/decimal.h"
#include "plan/nearest.h"

#include <string.h>

/* Copies n bytes of text into a field of an option; false when they are none or do not fit. */
static bool copy_field(char *field, size_t room, const char *text, size_t n) {
    if (n == 0 || n >= room) return false;
    memcpy(field, text, n);
    field[n] = '\0';
    return true;
}

/* One "name=value" of n bytes. */
static sxt_status split_one(const char *method, const char *text, size_t n, sxt_plan_option *option,
                            sxt_error *error) {
    const char *equals = memchr(text, '=', n);
    size_t n_name = equals ? (size_t)(equals - text) : 0;
    if (!equals || !copy_field(option->name, sizeof option->name, text, n_name) ||
        !copy_field(option->value, sizeof option->value, equals + 1, n - n_name - 1))
        return sxt_fail(error, SXT_E_ARGUMENT,
                        "plan %s: '%.*s' is not a parameter; write name=value, separated by commas", method,
                        (int)(n < 64 ? n : 64), text);
    return SXT_OK;
}

sxt_status sxt_plan_split_options(const char *method, const char *text, sxt_plan_option *options,
                                  int *n_options, sxt_error *error) {
    int n = 0;
    while (text) {
        const char *comma = strchr(text, ',');
        size_t length = comma ? (size_t)(comma - text) : strlen(text);
        if (n == SXT_PLAN_MAX_OPTIONS)
            return sxt_fail(error, SXT_E_ARGUMENT, "plan %s: more than %d parameters", method,
                            SXT_PLAN_MAX_OPTIONS);
        SXT_TRY(split_one(method, text, length, &options[n], error));
        n++;
        text = comma ? comma + 1 : NULL;
    }
    *n_options = n;
    return SXT_OK;
}

const char *sxt_plan_option_value(const sxt_plan_option *options, int n_options, const char *name) {
    for (int i = 0; i < n_options; i++)
        if (strcmp(options[i].name, name) == 0) return options[i].value;
    return NULL;
}

/* Decimal digits and nothing else. */
static bool read_whole(const char *text, int64_t *value) {
    int64_t sum = 0;
    if (!*text) return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9') return false;
        if (__builtin_mul_overflow(sum, (int64_t)10, &sum) ||
            __builtin_add_overflow(sum, (int64_t)(*text - '0'), &sum))
            return false;
    }
    *value = sum;
    return true;
}

static sxt_status unknown_name(const char *method, const char *name, const sxt_plan_number *numbers,
                               int n_numbers, sxt_error *error) {
    const char *names[SXT_PLAN_MAX_OPTIONS];
    char list[160] = "";
    if (n_numbers == 0)
        return sxt_fail(error, SXT_E_ARGUMENT, "plan %s: '%s' given, but %s takes no parameters", method, name,
                        method);
    for (int i = 0; i < n_numbers; i++) {
        names[i] = numbers[i].name;
        strncat(list, i ? ", " : "", sizeof list - strlen(list) - 1);
        strncat(list, names[i], sizeof list - strlen(list) - 1);
    }
    return sxt_fail(error, SXT_E_ARGUMENT, "plan %s: no parameter '%s'; did you mean '%s'? it takes %s", method,
                    name, names[sxt_nearest_name(name, names, (size_t)n_numbers)], list);
}

static sxt_status out_of_range(const char *method, const sxt_plan_number *number, const char *value,
                               sxt_error *error) {
    char range[64];
    sxt_plan_print_range(number, " and ", range, sizeof range);
    return sxt_fail(error, SXT_E_ARGUMENT, "plan %s: %s=%s is out of range; it must be %s%s%s", method,
                    number->name, value, sxt_plan_has_end(number) ? "between " : "", range,
                    number->why ? number->why : "");
}

static sxt_status read_real(const char *method, const sxt_plan_number *number, const char *text,
                            sxt_error *error) {
    double value;
    if (!sxt_decimal_read(text, &value))
        return sxt_fail(error, SXT_E_ARGUMENT, "plan %s: %s=%s is not a number like 4 or 0.25", method,
                        number->name, text);
    if (value < number->least || value > number->most) return out_of_range(method, number, text, error);
    *number->real = value;
    return SXT_OK;
}

static sxt_status read_word(const char *method, const sxt_plan_number *number, const char *text,
                            sxt_error *error) {
    size_t length = strlen(text);
    int64_t place = 0;
    for (const char *word = number->words; *word; place++) {
        size_t n = strcspn(word, "|");
        if (n == length && memcmp(word, text, n) == 0) {
            *number->value = place;
            return SXT_OK;
        }
        word += n + (word[n] == '|');
    }
    return sxt_fail(error, SXT_E_ARGUMENT, "plan %s: %s=%s is not a choice; give %s", method, number->name,
                    text, number->words);
}

static sxt_status read_option(const char *method, const sxt_plan_number *number, const sxt_plan_option *option,
                              sxt_error *error) {
    int64_t value;
    if (number->words) return read_word(method, number, option->value, error);
    if (number->real) return read_real(method, number, option->value, error);
    if (!read_whole(option->value, &value))
        return sxt_fail(error, SXT_E_ARGUMENT, "plan %s: %s=%s is not a whole number of at least %lld", method,
                        option->name, option->value, (long long)number->min);
    if (value < number->min || value > number->max) return out_of_range(method, number, option->value, error);
    *number->value = value;
    return SXT_OK;
}

sxt_status sxt_plan_read_numbers(const char *method, const sxt_plan_number *numbers, int n_numbers,
                                 const sxt_plan_option *options, int n_options, sxt_error *error) {
    uint32_t seen = 0; /* bit per number */
    for (int o = 0; o < n_options; o++) {
        int i = 0;
        while (i < n_numbers && strcmp(options[o].name, numbers[i].name) != 0) i++;
        if (i >= n_numbers) return unknown_name(method, options[o].name, numbers, n_numbers, error);
        if (seen & (1u << i))
            return sxt_fail(error, SXT_E_ARGUMENT, "plan %s: %s is given twice", method, options[o].name);
        seen |= 1u << i;
        SXT_TRY(read_option(method, &numbers[i], &options[o], error));
    }
    return SXT_OK;
}
