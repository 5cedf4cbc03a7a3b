/* The bounded cursor: exact values, the last byte, and a failure that sticks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/memory.h"
#include "base/reader.h"

static void numbers_are_little_endian(void **state) {
    (void)state;
    static const uint8_t bytes[] = {0xfe, 0x01, 0x02, 0x78, 0x56, 0x34, 0x12, 0xef, 0xcd, 0xab, 0x89,
                                    0x67, 0x45, 0x23, 0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                    0xff, 0,    0,    0,    0,    0,    0,    0xf8, 0x3f};
    sxt_reader r = sxt_reader_make(bytes, sizeof bytes);
    assert_int_equal(sxt_read_u8(&r), 0xfe);
    assert_int_equal(sxt_read_u16(&r), 0x0201);
    assert_int_equal(sxt_read_u32(&r), 0x12345678);
    assert_true(sxt_read_u64(&r) == 0x0123456789abcdefu);
    assert_true(sxt_read_i64(&r) == -1);
    assert_true(sxt_read_f64(&r) == 1.5);
    assert_false(r.failed);
    assert_int_equal(sxt_reader_left(&r), 0);
}

/* The heap block ends where the data ends, so the address sanitizer sees any byte too many. */
static void every_short_buffer_fails_without_reading_past_it(void **state) {
    (void)state;
    for (size_t size = 0; size < 8; size++) {
        uint8_t *bytes = sxt_alloc(size, 1);
        assert_non_null(bytes);
        sxt_reader r = sxt_reader_make(bytes, size);
        assert_true(sxt_read_u64(&r) == 0);
        assert_true(r.failed);
        assert_int_equal(r.pos, 0);
        sxt_free(bytes);
    }
}

static void failure_sticks(void **state) {
    (void)state;
    static const uint8_t bytes[] = {1, 2, 3, 4, 5};
    sxt_reader r = sxt_reader_make(bytes, sizeof bytes);
    assert_int_equal(sxt_read_u16(&r), 0x0201);
    assert_int_equal(sxt_read_u32(&r), 0); /* one byte short */
    assert_true(r.failed);
    assert_int_equal(r.pos, 2);
    assert_int_equal(sxt_read_u8(&r), 0); /* would fit, but the record is broken */
    assert_null(sxt_read_bytes(&r, 0));
    assert_int_equal(r.pos, 2);
}

static void hostile_lengths(void **state) {
    (void)state;
    static const uint8_t bytes[16] = {0};
    static const uint64_t lengths[] = {
        17, UINT32_MAX, INT64_MAX, (uint64_t)INT64_MAX + 1, UINT64_MAX - 3, UINT64_MAX};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++)
        for (uint64_t before = 0; before <= 16; before += 4) {
            sxt_reader r = sxt_reader_make(bytes, sizeof bytes);
            assert_true(sxt_read_bytes(&r, before) == bytes);
            assert_null(sxt_read_bytes(&r, lengths[i]));
            assert_true(r.failed);
        }
}

static void whole_buffer_and_empty_reads(void **state) {
    (void)state;
    static const uint8_t bytes[4] = {9, 8, 7, 6};
    sxt_reader r = sxt_reader_make(bytes, sizeof bytes);
    assert_true(sxt_read_bytes(&r, 4) == bytes);
    assert_true(sxt_read_bytes(&r, 0) == bytes + 4);
    assert_false(r.failed);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_little_endian),
        cmocka_unit_test(every_short_buffer_fails_without_reading_past_it),
        cmocka_unit_test(failure_sticks),
        cmocka_unit_test(hostile_lengths),
        cmocka_unit_test(whole_buffer_and_empty_reads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
