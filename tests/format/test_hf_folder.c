/* Hugging Face folders: what is read, what may be absent, and what each kind of broken folder says. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "format/scratch_folder.h"
#include "format/source.h"
#include "mutate.h"

static scratch folder;

/* A shard with one F32 tensor of one element for each name. */
static void write_shard(const char *file, const char *const *names) {
    char bytes[2048] = "";
    size_t n = 8, n_tensors = 0;
    n += (size_t)snprintf(bytes + n, sizeof bytes - n, "{");
    for (; names[n_tensors]; n_tensors++)
        n += (size_t)snprintf(bytes + n, sizeof bytes - n,
                              "%s\"%s\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[%zu,%zu]}",
                              n_tensors ? "," : "", names[n_tensors], 4 * n_tensors, 4 * n_tensors + 4);
    n += (size_t)snprintf(bytes + n, sizeof bytes - n, "}");
    uint64_t n_header = n - 8;
    memcpy(bytes, &n_header, 8);
    memset(bytes + n, 0, 4 * n_tensors);
    scratch_write(&folder, file, bytes, n + 4 * n_tensors);
}

static void start(void) {
    scratch_empty(&folder);
    scratch_text(&folder, "config.json", "{\"model_type\":\"llama\"}");
}

static sxt_status open_source(bool vocab_only, sxt_source *source, sxt_error *error) {
    *source = (sxt_source){0};
    return sxt_source_open(folder.folder, vocab_only, source, error);
}

static void assert_opens(bool vocab_only, sxt_source *source) {
    sxt_error error = {0};
    if (open_source(vocab_only, source, &error) != SXT_OK) fail_msg("%s", error.text);
    assert_true(source->folder && !source->gguf);
}

static void assert_refused(sxt_status status, const char *word, const char *also) {
    sxt_source source;
    sxt_error error = {0};
    sxt_status found = open_source(false, &source, &error);
    if (found != status || !strstr(error.text, word) || !strstr(error.text, also))
        fail_msg("%s, %s: %s: %s", word, also, sxt_status_name(found), error.text);
    assert_true(!source.folder && !source.gguf);
    assert_true(mutate_error_is_one_line(error.text));
    assert_non_null(strstr(error.text, folder.folder));
}

static void test_single_file(void **state) {
    (void)state;
    sxt_source source;
    start();
    write_shard("model.safetensors", (const char *[]){"a", "b", NULL});
    assert_opens(false, &source);
    assert_int_equal(sxt_source_n_tensors(&source), 2);
    assert_string_equal(sxt_source_tensor_at(&source, 1)->name, "b");
    assert_ptr_equal(sxt_source_find_tensor(&source, "b"), sxt_source_tensor_at(&source, 1));
    assert_null(sxt_source_find_tensor(&source, "c"));
    assert_null(sxt_source_tensor_at(&source, 2));
    assert_int_equal(sxt_json_kind_of(sxt_json_get(sxt_hf_config(source.folder), "model_type")),
                     SXT_JSON_STRING);
    assert_null(sxt_hf_generation_config(source.folder));
    assert_null(sxt_hf_tokenizer(source.folder));
    size_t n = 9;
    assert_null(sxt_hf_chat_template(source.folder, &n));
    sxt_source_close(&source);
}

static void test_optional_files(void **state) {
    (void)state;
    sxt_source source;
    size_t n = 0;
    start();
    write_shard("model.safetensors", (const char *[]){"a", NULL});
    scratch_text(&folder, "generation_config.json", "{\"eos_token_id\":2}");
    scratch_text(&folder, "tokenizer.json", "{\"model\":{}}");
    scratch_text(&folder, "tokenizer_config.json", "{\"add_bos_token\":true}");
    scratch_text(&folder, "chat_template.jinja", "{{ bos_token }}");
    assert_opens(false, &source);
    assert_int_equal(sxt_json_size(sxt_hf_generation_config(source.folder)), 1);
    assert_non_null(sxt_json_get(sxt_hf_tokenizer(source.folder), "model"));
    assert_non_null(sxt_json_get(sxt_hf_tokenizer_config(source.folder), "add_bos_token"));
    assert_memory_equal(sxt_hf_chat_template(source.folder, &n), "{{ bos_token }}", 15);
    assert_int_equal(n, 15);
    sxt_source_close(&source);
}

static void test_vocabulary_needs_no_weights(void **state) {
    (void)state;
    sxt_source source;
    start();
    assert_opens(true, &source);
    assert_int_equal(sxt_source_n_tensors(&source), 0);
    sxt_source_close(&source);
}

static void test_json_files_are_checked(void **state) {
    (void)state;
    static const char *const files[] = {"config.json", "generation_config.json", "tokenizer.json",
                                        "tokenizer_config.json"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        start();
        write_shard("model.safetensors", (const char *[]){"a", NULL});
        scratch_text(&folder, files[i], "{\"a\":1,}");
        assert_refused(SXT_E_FORMAT, files[i], "not valid JSON");
        scratch_text(&folder, files[i], "[1]");
        assert_refused(SXT_E_FORMAT, files[i], "not a JSON object");
        scratch_text(&folder, files[i], "");
        assert_refused(SXT_E_FORMAT, files[i], "not valid JSON");
        scratch_text(&folder, files[i], "{\"a\":1,\"a\":2}");
        assert_refused(SXT_E_FORMAT, files[i], "not valid JSON");
    }
}

static void test_config_is_read_to_its_last_byte(void **state) {
    (void)state;
    const char *whole = "{\"model_type\":\"llama\",\"rope_theta\":10000.0,\"x\":[1,null,true]}";
    for (size_t n = 0; n < strlen(whole); n++) {
        start();
        write_shard("model.safetensors", (const char *[]){"a", NULL});
        scratch_write(&folder, "config.json", whole, n);
        assert_refused(SXT_E_FORMAT, "config.json", "not valid JSON");
    }
}

/* ---- Sharded models --------------------------------------------------------------------------- */

static void start_sharded(const char *weight_map) {
    char index[1024];
    start();
    write_shard("model-00001-of-00002.safetensors", (const char *[]){"a", "extra", "b", NULL});
    write_shard("model-00002-of-00002.safetensors", (const char *[]){"c", NULL});
    snprintf(index, sizeof index, "{\"metadata\":{\"total_size\":12},\"weight_map\":%s}", weight_map);
    scratch_text(&folder, "model.safetensors.index.json", index);
}

#define ONE "\"model-00001-of-00002.safetensors\""
#define TWO "\"model-00002-of-00002.safetensors\""

static void test_shards(void **state) {
    (void)state;
    sxt_source source;
    start_sharded("{\"c\":" TWO ",\"b\":" ONE ",\"a\":" ONE "}");
    assert_opens(false, &source);
    assert_int_equal(sxt_source_n_tensors(&source), 3);
    assert_string_equal(sxt_source_tensor_at(&source, 0)->name, "a");
    assert_string_equal(sxt_source_tensor_at(&source, 1)->name, "b");
    assert_string_equal(sxt_source_tensor_at(&source, 2)->name, "c");
    assert_null(sxt_source_find_tensor(&source, "extra"));
    sxt_source_close(&source);
}

static void test_bad_indexes(void **state) {
    (void)state;
    static const struct {
        const char *weight_map;
        sxt_status status;
        const char *word, *also;
    } cases[] = {
        {"{}", SXT_E_FORMAT, "model.safetensors.index.json", "'weight_map' is missing, empty"},
        {"[]", SXT_E_FORMAT, "model.safetensors.index.json", "'weight_map' is missing, empty"},
        {"null", SXT_E_FORMAT, "model.safetensors.index.json", "'weight_map'"},
        {"{\"a\":1}", SXT_E_FORMAT, "'a'", "not a string"},
        {"{\"a\":\"../x.safetensors\"}", SXT_E_FORMAT, "'a'", "plain name"},
        {"{\"a\":\"x/y.safetensors\"}", SXT_E_FORMAT, "'x/y.safetensors'", "plain name"},
        {"{\"a\":\"..safetensors\"}", SXT_E_FORMAT, "'..safetensors'", "plain name"},
        {"{\"a\":\".safetensors\"}", SXT_E_FORMAT, "'.safetensors'", "plain name"},
        {"{\"a\":\"x.safetensors\\u0000\"}", SXT_E_FORMAT, "'a'", "plain name"},
        {"{\"a\":\"pytorch_model-00001.bin\"}", SXT_E_FORMAT, "pytorch_model-00001.bin", "plain name"},
        {"{\"a\":\"\"}", SXT_E_FORMAT, "'a'", "plain name"},
        {"{\"a\":\"model-00003-of-00003.safetensors\"}", SXT_E_IO, "model-00003-of-00003.safetensors",
         "missing"},
        {"{\"a\":" ONE ",\"c\":" ONE "}", SXT_E_FORMAT, "tensor 'c' is not in model-00001", "download"},
        {"{\"a\":" ONE ",\"d\":" TWO "}", SXT_E_FORMAT, "tensor 'd' is not in model-00002", "download"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        start_sharded(cases[i].weight_map);
        assert_refused(cases[i].status, cases[i].word, cases[i].also);
    }
}

static void test_damaged_shard_is_named(void **state) {
    (void)state;
    start_sharded("{\"a\":" ONE ",\"c\":" TWO "}");
    scratch_text(&folder, "model-00002-of-00002.safetensors", "version https://git-lfs.github.com/spec/v1\n");
    assert_refused(SXT_E_FORMAT, "model-00002-of-00002.safetensors", "git lfs pull");
}

static void test_needed_tensors(void **state) {
    (void)state;
    sxt_source source;
    sxt_error error = {0};
    const sxt_tensor *tensor = NULL;
    start();
    const char header[] = "{\"a\":{\"dtype\":\"F16\",\"shape\":[1],\"data_offsets\":[0,2]},"
                          "\"ids\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[2,10]}}";
    char bytes[256] = "";
    uint64_t n = sizeof header - 1;
    memcpy(bytes, &n, 8);
    memcpy(bytes + 8, header, n);
    scratch_write(&folder, "model.safetensors", bytes, 8 + n + 10);
    assert_opens(false, &source);
    assert_int_equal(sxt_source_n_tensors(&source), 1);
    assert_null(sxt_source_find_tensor(&source, "ids"));
    assert_int_equal(sxt_source_need_tensor(&source, "a", &tensor, &error), SXT_OK);
    assert_string_equal(tensor->name, "a");
    assert_int_equal(sxt_source_need_tensor(&source, "ids", &tensor, &error), SXT_E_UNSUPPORTED);
    assert_non_null(strstr(error.text, "'ids' is stored as I64"));
    assert_int_equal(sxt_source_need_tensor(&source, "b", &tensor, &error), SXT_E_FORMAT);
    assert_non_null(strstr(error.text, "'b' is missing"));
    assert_string_equal(tensor->name, "a");
    sxt_source_close(&source);
}

/* ---- What people pass ------------------------------------------------------------------------- */

static void test_folder_without_weights(void **state) {
    (void)state;
    start();
    assert_refused(SXT_E_IO, "neither model.safetensors nor", "index.json");
    scratch_text(&folder, "pytorch_model.bin", "PK");
    assert_refused(SXT_E_UNSUPPORTED, "pytorch_model.bin", "safetensors version");
}

static void test_folder_without_config(void **state) {
    (void)state;
    scratch_empty(&folder);
    assert_refused(SXT_E_IO, "without config.json", "Hugging Face");
    scratch_text(&folder, "z.gguf", "GGUF");
    scratch_text(&folder, "m.gguf", "GGUF");
    assert_refused(SXT_E_IO, "without config.json", "m.gguf");
}

static void test_config_wins_over_gguf(void **state) {
    (void)state;
    sxt_source source;
    start();
    scratch_text(&folder, "m.gguf", "not even a GGUF");
    write_shard("model.safetensors", (const char *[]){"a", NULL});
    assert_opens(false, &source);
    sxt_source_close(&source);
}

static void test_files_of_a_folder(void **state) {
    (void)state;
    static const char *const files[] = {"config.json", "model.safetensors", "tokenizer.json"};
    start();
    scratch_text(&folder, "tokenizer.json", "{}");
    write_shard("model.safetensors", (const char *[]){"a", NULL});
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        sxt_source source = {0};
        sxt_error error = {0};
        assert_int_equal(sxt_source_open(scratch_path(&folder, files[i]), false, &source, &error),
                         SXT_E_ARGUMENT);
        assert_non_null(strstr(error.text, "give the folder"));
        assert_true(!source.folder && !source.gguf);
    }
    sxt_source source = {0};
    sxt_error error = {0};
    assert_int_equal(sxt_source_open(scratch_path(&folder, "none.safetensors"), false, &source, &error),
                     SXT_E_IO);
    assert_non_null(strstr(error.text, "No such file"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_single_file),
        cmocka_unit_test(test_optional_files),
        cmocka_unit_test(test_vocabulary_needs_no_weights),
        cmocka_unit_test(test_json_files_are_checked),
        cmocka_unit_test(test_config_is_read_to_its_last_byte),
        cmocka_unit_test(test_shards),
        cmocka_unit_test(test_bad_indexes),
        cmocka_unit_test(test_damaged_shard_is_named),
        cmocka_unit_test(test_needed_tensors),
        cmocka_unit_test(test_folder_without_weights),
        cmocka_unit_test(test_folder_without_config),
        cmocka_unit_test(test_config_wins_over_gguf),
        cmocka_unit_test(test_files_of_a_folder),
    };
    scratch_make(&folder);
    int n_failed = cmocka_run_group_tests(tests, NULL, NULL);
    scratch_remove(&folder);
    return n_failed;
}
