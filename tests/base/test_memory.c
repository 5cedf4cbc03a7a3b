/* Allocation: sizes that overflow, zeroed memory, and the hook that makes any allocation fail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/memory.h"

#include <string.h>

typedef struct counter {
    int n_calls, fail_at;
    size_t last_bytes;
} counter;

static bool count_and_fail(void *user, size_t bytes) {
    counter *c = user;
    c->last_bytes = bytes;
    return c->n_calls++ != c->fail_at;
}

static int remove_hook(void **state) {
    (void)state;
    sxt_set_alloc_hook(NULL, NULL);
    return 0;
}

static void overflowing_sizes_give_null(void **state) {
    (void)state;
    assert_null(sxt_alloc(SIZE_MAX, 2));
    assert_null(sxt_alloc(SIZE_MAX / 2, 3));
    assert_null(sxt_alloc((size_t)1 << 32, (size_t)1 << 32));
    assert_null(sxt_alloc(SIZE_MAX, 1)); /* no overflow, but no object is that large */
    char *kept = sxt_alloc(4, 1);
    assert_non_null(kept);
    memcpy(kept, "old", 4);
    assert_null(sxt_resize(kept, SIZE_MAX, 8));
    assert_string_equal(kept, "old");
    assert_null(sxt_copy_text(kept, SIZE_MAX));
    sxt_free(kept);
}

static void memory_is_zeroed_and_empty_is_valid(void **state) {
    (void)state;
    for (int round = 0; round < 20; round++) {
        unsigned char *bytes = sxt_alloc(1000, 3);
        assert_non_null(bytes);
        for (int i = 0; i < 3000; i++) assert_int_equal(bytes[i], 0);
        memset(bytes, 0xff, 3000);
        sxt_free(bytes);
    }
    void *nothing = sxt_alloc(0, 8);
    assert_non_null(nothing);
    nothing = sxt_resize(nothing, 0, 1);
    assert_non_null(nothing);
    sxt_free(nothing);
    sxt_free(NULL);
}

static void resize_keeps_the_contents(void **state) {
    (void)state;
    int *numbers = NULL;
    for (int n = 1; n < 2000; n++) {
        numbers = sxt_resize(numbers, (size_t)n, sizeof *numbers);
        assert_non_null(numbers);
        numbers[n - 1] = n;
    }
    for (int i = 0; i < 1999; i++) assert_int_equal(numbers[i], i + 1);
    sxt_free(numbers);
}

static void copied_text_ends_with_nul(void **state) {
    (void)state;
    char *copy = sxt_copy_text("a\0bc", 3);
    assert_memory_equal(copy, "a\0b", 4);
    sxt_free(copy);
    copy = sxt_copy_text(NULL, 0);
    assert_string_equal(copy, "");
    sxt_free(copy);
}

static void pages_are_aligned_and_zeroed(void **state) {
    (void)state;
    static const size_t sizes[] = {0, 1, 4095, 4097, (size_t)5 << 20};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        unsigned char *memory = sxt_alloc_pages(sizes[i]);
        assert_non_null(memory);
        assert_int_equal((uintptr_t)memory % 4096, 0);
        if (sizes[i]) {
            assert_int_equal(memory[0], 0);
            assert_int_equal(memory[sizes[i] - 1], 0);
            memory[sizes[i] - 1] = 1;
        }
        sxt_free_pages(memory, sizes[i]);
    }
    assert_null(sxt_alloc_pages(SIZE_MAX / 2));
    sxt_free_pages(NULL, 0);
}

static void the_hook_sees_and_stops_every_kind_of_allocation(void **state) {
    (void)state;
    counter c = {.fail_at = -1};
    sxt_set_alloc_hook(count_and_fail, &c);
    void *a = sxt_alloc(3, 7);
    assert_int_equal(c.last_bytes, 21);
    a = sxt_resize(a, 5, 9);
    assert_int_equal(c.last_bytes, 45);
    char *text = sxt_copy_text("four", 4);
    assert_int_equal(c.last_bytes, 5);
    void *pages = sxt_alloc_pages(100);
    assert_int_equal(c.last_bytes, 100);
    assert_int_equal(c.n_calls, 4);
    for (c.fail_at = 4; c.fail_at < 8; c.fail_at++) {
        void *result = NULL;
        switch (c.fail_at) {
        case 4: result = sxt_alloc(1, 1); break;
        case 5: result = sxt_resize(a, 100, 1); break;
        case 6: result = sxt_copy_text("x", 1); break;
        default: result = sxt_alloc_pages(1); break;
        }
        assert_null(result);
    }
    sxt_set_alloc_hook(NULL, NULL);
    sxt_free(a);
    sxt_free(text);
    sxt_free_pages(pages, 100);
}

static void the_sentence_holds_the_figure(void **state) {
    (void)state;
    sxt_error error;
    assert_int_equal(sxt_fail_memory(&error, "keys", (uint64_t)3 << 20), SXT_E_MEMORY);
    assert_non_null(strstr(error.text, "not enough memory for keys (3.0 MiB"));
}

static void available_memory_is_believable(void **state) {
    (void)state;
    uint64_t bytes = sxt_memory_available();
    assert_true(bytes == 0 || (bytes > (1u << 20) && bytes < (uint64_t)1 << 50));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(overflowing_sizes_give_null),
        cmocka_unit_test(memory_is_zeroed_and_empty_is_valid),
        cmocka_unit_test(resize_keeps_the_contents),
        cmocka_unit_test(copied_text_ends_with_nul),
        cmocka_unit_test(pages_are_aligned_and_zeroed),
        cmocka_unit_test_teardown(the_hook_sees_and_stops_every_kind_of_allocation, remove_hook),
        cmocka_unit_test(the_sentence_holds_the_figure),
        cmocka_unit_test(available_memory_is_believable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
