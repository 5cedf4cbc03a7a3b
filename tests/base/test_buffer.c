/* The growing buffer against a plain array, and its failure under a full memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "base/rng.h"

#include <string.h>

static void random_appends_match_an_array(void **state) {
    (void)state;
    enum { ROOM = 200000 };
    char *expected = sxt_alloc(ROOM, 1);
    assert_non_null(expected);
    sxt_rng rng = sxt_rng_make(3);
    for (int round = 0; round < 20; round++) {
        sxt_buffer buffer = {0};
        size_t n = 0;
        while (n < ROOM - 5000) {
            char piece[4000];
            size_t n_piece = sxt_rng_u32(&rng) % (round < 10 ? 70 : sizeof piece);
            memset(piece, (int)(sxt_rng_u32(&rng) % 256), n_piece);
            memcpy(expected + n, piece, n_piece);
            n += n_piece;
            sxt_buffer_append(&buffer, piece, n_piece);
            assert_int_equal(buffer.size, n);
        }
        char *taken = sxt_buffer_take(&buffer);
        assert_non_null(taken);
        assert_memory_equal(taken, expected, n);
        assert_int_equal(taken[n], 0);
        assert_true(buffer.data == NULL && buffer.size == 0 && !buffer.failed);
        sxt_free(taken);
    }
    sxt_free(expected);
}

/* Every size round the first block and its doublings: the NUL must always fit. */
static void room_for_the_nul_at_every_size(void **state) {
    (void)state;
    for (size_t n = 0; n < 300; n++) {
        sxt_buffer buffer = {0};
        for (size_t i = 0; i < n; i++) sxt_buffer_append(&buffer, "x", 1);
        char *text = sxt_buffer_take(&buffer);
        assert_int_equal(strlen(text), n);
        sxt_free(text);
    }
}

static void prints_of_any_length(void **state) {
    (void)state;
    for (int width = 0; width < 300; width += 7) {
        sxt_buffer buffer = {0};
        sxt_buffer_text(&buffer, "a:");
        sxt_buffer_print(&buffer, "%*d", width, 5);
        sxt_buffer_print(&buffer, "%s", "");
        char *text = sxt_buffer_take(&buffer);
        assert_int_equal(strlen(text), 2 + (width > 1 ? width : 1));
        assert_int_equal(text[strlen(text) - 1], '5');
        sxt_free(text);
    }
}

static bool fail_when_told(void *user, size_t bytes) {
    (void)bytes;
    return !*(bool *)user;
}

static void a_failed_append_sticks_and_leaves_the_rest(void **state) {
    (void)state;
    bool fail = false;
    char large[1000] = {0};
    sxt_buffer buffer = {0};
    sxt_set_alloc_hook(fail_when_told, &fail);
    sxt_buffer_text(&buffer, "kept");
    fail = true;
    sxt_buffer_append(&buffer, large, sizeof large);
    assert_true(buffer.failed);
    assert_int_equal(buffer.size, 4);
    fail = false;
    sxt_buffer_text(&buffer, "late"); /* a text with a hole is worse than none */
    sxt_buffer_print(&buffer, "%d", 1);
    sxt_set_alloc_hook(NULL, NULL);
    assert_int_equal(buffer.size, 4);
    assert_memory_equal(buffer.data, "kept", 4);
    assert_null(sxt_buffer_take(&buffer));
    sxt_buffer_free(&buffer);
    assert_true(buffer.data == NULL && !buffer.failed);
}

static void an_impossible_size_fails(void **state) {
    (void)state;
    sxt_buffer buffer = {0};
    sxt_buffer_append(&buffer, "x", 1);
    sxt_buffer_append(&buffer, "x", SIZE_MAX - 8); /* must not be read */
    assert_true(buffer.failed);
    sxt_buffer_free(&buffer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_appends_match_an_array),
        cmocka_unit_test(room_for_the_nul_at_every_size),
        cmocka_unit_test(prints_of_any_length),
        cmocka_unit_test(a_failed_append_sticks_and_leaves_the_rest),
        cmocka_unit_test(an_impossible_size_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
