/* Every allocation fails in turn: SXT_E_MEMORY each time, nothing leaks (the sanitizers watch), and the
 * first try in which none fails succeeds. JSON text is parsed by a library with an allocator of its own. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "failing_memory.h"
#include "format/gguf_bytes.h"
#include "format/gguf_writer.h"
#include "format/scratch_folder.h"
#include "format/source.h"

static scratch folder;

typedef sxt_status (*action_fn)(sxt_error *error);

static void fail_from(action_fn action, bool for_good) {
    for (int64_t n = 0; n < 10000; n++) {
        countdown c = {n, for_good, false};
        sxt_error error = {0};
        sxt_set_alloc_hook(count_down, &c);
        sxt_status status = action(&error);
        sxt_set_alloc_hook(NULL, NULL);
        if (!c.hit) {
            assert_int_equal(status, SXT_OK);
            assert_true(n > 0);
            return;
        }
        if (status != SXT_E_MEMORY)
            fail_msg("allocation %d: %s: %s", (int)n, sxt_status_name(status), error.text);
        assert_non_null(strstr(error.text, "memory"));
    }
    fail_msg("never ends");
}

static void fail_each_allocation(action_fn action) {
    fail_from(action, true);
    fail_from(action, false);
}

static sxt_status write_part(const char *path, uint16_t no, const char *tensor, sxt_error *error) {
    sxt_gguf_writer *w = NULL;
    sxt_status status = SXT_OK;
    uint8_t bytes[68] = {0};
    SXT_TRY(sxt_gguf_writer_new(path, &w, error));
    sxt_gguf_writer_u16(w, "split.no", no);
    sxt_gguf_writer_u16(w, "split.count", 2);
    sxt_gguf_writer_i32(w, "split.tensors.count", 2);
    sxt_gguf_writer_string_array(w, "strings", 2);
    sxt_gguf_writer_next_string(w, "a", 1);
    sxt_gguf_writer_next_string(w, "b", 1);
    sxt_gguf_writer_tensor(w, tensor, SXT_TYPE_Q8_0, 2, (int64_t[]){2, 32});
    SXT_TRY_DONE(sxt_gguf_writer_begin(w, error));
    SXT_TRY_DONE(sxt_gguf_writer_data(w, bytes, sizeof bytes, error));
    return sxt_gguf_writer_commit(w, error);
done:
    sxt_gguf_writer_abort(w);
    return status;
}

static sxt_status write_first(sxt_error *error) {
    return write_part(scratch_path(&folder, "m-00001-of-00002.gguf"), 0, "a", error);
}

/* A failure of the folder's fsync comes after the file is in place, and is told as one of memory or of I/O. */
static void test_writing_gguf(void **state) {
    (void)state;
    for (int64_t n = 0; n < 1000; n++) {
        countdown c = {n, false, false};
        sxt_error error = {0};
        sxt_set_alloc_hook(count_down, &c);
        sxt_status status = write_first(&error);
        sxt_set_alloc_hook(NULL, NULL);
        if (!c.hit) {
            assert_int_equal(status, SXT_OK);
            assert_int_equal(scratch_empty(&folder), 1);
            return;
        }
        assert_true(status == SXT_E_MEMORY || status == SXT_E_IO);
        assert_true(error.text[0]);
        if (status == SXT_E_MEMORY) assert_int_equal(scratch_empty(&folder), 0);
    }
    fail_msg("never ends");
}

static sxt_status open_split(sxt_error *error) {
    sxt_gguf *gguf = NULL;
    SXT_TRY(sxt_gguf_open(scratch_path(&folder, "m-00002-of-00002.gguf"), false, &gguf, error));
    sxt_gguf_close(gguf);
    return SXT_OK;
}

static void test_opening_gguf(void **state) {
    (void)state;
    assert_int_equal(write_first(NULL), SXT_OK);
    assert_int_equal(write_part(scratch_path(&folder, "m-00002-of-00002.gguf"), 1, "b", NULL), SXT_OK);
    fail_each_allocation(open_split);
    scratch_empty(&folder);
}

static sxt_status parse_gguf(sxt_error *error) {
    static gguf_bytes g;
    sxt_gguf *gguf = NULL;
    memset(&g, 0, sizeof g);
    put_header(&g, 2, 1, 2);
    put_text_value(&g, "general.architecture", "llama");
    put_value(&g, "llama.block_count", 4, 2, 4);
    put_tensor(&g, "t", 0, 1, (uint64_t[]){4}, 0);
    put_padding(&g, 32);
    put_ramp(&g, 16);
    SXT_TRY(sxt_gguf_parse(g.data, g.n, false, &gguf, error));
    sxt_gguf_close(gguf);
    return SXT_OK;
}

static void test_parsing_gguf(void **state) {
    (void)state;
    fail_each_allocation(parse_gguf);
}

static sxt_status open_folder(sxt_error *error) {
    sxt_source source;
    SXT_TRY(sxt_source_open(folder.folder, false, &source, error));
    sxt_source_close(&source);
    return SXT_OK;
}

static void write_shard(const char *file, const char *tensor) {
    char bytes[256] = "";
    int n = snprintf(bytes + 8, sizeof bytes - 8,
                     "{\"%s\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", tensor);
    uint64_t n_header = (uint64_t)n;
    memcpy(bytes, &n_header, 8);
    scratch_write(&folder, file, bytes, 8 + (size_t)n + 4);
}

static void test_opening_a_folder(void **state) {
    (void)state;
    scratch_text(&folder, "config.json", "{}");
    scratch_text(&folder, "tokenizer.json", "{}");
    scratch_text(&folder, "chat_template.jinja", "x");
    write_shard("one.safetensors", "a");
    write_shard("two.safetensors", "b");
    scratch_text(&folder, "model.safetensors.index.json",
                 "{\"weight_map\":{\"a\":\"one.safetensors\",\"b\":\"two.safetensors\"}}");
    fail_each_allocation(open_folder);
    scratch_empty(&folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_writing_gguf),
        cmocka_unit_test(test_opening_gguf),
        cmocka_unit_test(test_parsing_gguf),
        cmocka_unit_test(test_opening_a_folder),
    };
    scratch_make(&folder);
    int n_failed = cmocka_run_group_tests(tests, NULL, NULL);
    scratch_remove(&folder);
    return n_failed;
}
