/* BPE with a heap against the definition: merge the best pair, leftmost first, until none is left. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "text/bpe_merge.h"
#include "text/json_tokenizer.h"

/* A vocabulary of the letters a to d and random merges of what is there already. */
static char *random_tokenizer(sxt_rng *rng, int n_merges) {
    static char names[64][64];
    sxt_buffer vocab = {0}, merges = {0};
    int n = 4;
    for (int i = 0; i < 4; i++) snprintf(names[i], sizeof names[i], "%c", 'a' + i);
    for (int i = 0; i < n_merges; i++) {
        char joined[64];
        int left = (int)(sxt_rng_u32(rng) % (unsigned)n), right = (int)(sxt_rng_u32(rng) % (unsigned)n);
        bool known = strlen(names[left]) + strlen(names[right]) > 20;
        if (!known) snprintf(joined, sizeof joined, "%.30s%.30s", names[left], names[right]);
        for (int k = 0; k < n && !known; k++) known = strcmp(names[k], joined) == 0;
        if (known) continue;
        memcpy(names[n], joined, sizeof joined);
        sxt_buffer_print(&vocab, "%s\"%s\":%d", vocab.size ? "," : "", joined, 256 + n);
        sxt_buffer_print(&merges, "%s\"%s %s\"", merges.size ? "," : "", names[left], names[right]);
        n++;
    }
    sxt_buffer_append(&vocab, "", 1);
    sxt_buffer_append(&merges, "", 1);
    char *text = json_tokenizer(true, vocab.data, merges.data, "",
                                "\"pre_tokenizer\":{\"type\":\"ByteLevel\",\"use_regex\":false,"
                                "\"add_prefix_space\":false},");
    sxt_buffer_free(&vocab);
    sxt_buffer_free(&merges);
    return text;
}

/* Quadratic, and obviously right. By rank, or by score and text. */
static size_t merge_naively(const sxt_vocabulary *v, const float *scores, const char *text, size_t n,
                            int32_t *ids) {
    size_t ends[256], count = n;
    for (size_t i = 0; i < n; i++) {
        ids[i] = v->byte_ids[(unsigned char)text[i]];
        ends[i] = i + 1;
    }
    for (;;) {
        size_t best = count;
        double best_key = 0;
        int32_t best_id = -1;
        for (size_t i = 0; i + 1 < count; i++) {
            size_t start = i ? ends[i - 1] : 0;
            const sxt_merge *merge = sxt_merge_map_find(&v->by_pair, ids[i], ids[i + 1]);
            int32_t id = scores  ? sxt_vocabulary_find(v, text + start, ends[i + 1] - start)
                         : merge ? merge->result
                                 : -1;
            if (id < 0) continue;
            double key = scores ? -(double)scores[id] : (double)merge->rank;
            if (best == count || key < best_key) {
                best = i;
                best_key = key;
                best_id = id;
            }
        }
        if (best == count) return count;
        ids[best] = best_id;
        memmove(ids + best + 1, ids + best + 2, (count - best - 2) * sizeof *ids);
        memmove(ends + best, ends + best + 1, (count - best - 1) * sizeof *ends);
        count--;
    }
}

static void compare(const sxt_vocabulary *v, sxt_rng *rng, const float *scores) {
    sxt_vocabulary scored = *v;
    sxt_bpe work = {0};
    scored.scores = (float *)(uintptr_t)scores;
    for (int k = 0; k < 50; k++) {
        char text[200];
        int32_t want[200];
        sxt_ids got = {0};
        size_t n = 1 + sxt_rng_u32(rng) % sizeof text;
        for (size_t i = 0; i < n; i++) text[i] = (char)('a' + sxt_rng_u32(rng) % (k % 4 + 1));
        size_t n_want = merge_naively(v, scores, text, n, want);
        assert_int_equal(sxt_bpe_encode(&scored, &work, text, n, &got, NULL), SXT_OK);
        assert_int_equal(got.n, n_want);
        assert_memory_equal(got.data, want, n_want * sizeof *want);
        sxt_free(got.data);
    }
    sxt_bpe_free(&work);
}

static void test_against_the_definition(void **state) {
    sxt_rng rng = sxt_rng_make(20);
    (void)state;
    for (int round = 0; round < 30; round++) {
        char *json = random_tokenizer(&rng, 50);
        sxt_tokenizer *t = NULL;
        sxt_error error;
        float scores[512];
        if (tokenizer_from_json(json, strlen(json), NULL, &t, &error) != SXT_OK) fail_msg("%s", error.text);
        assert_in_range(t->vocab.n_tokens, 257, 512);
        for (int i = 0; i < 512; i++) scores[i] = (float)((int)(sxt_rng_u32(&rng) % 40) - 20);
        compare(&t->vocab, &rng, NULL);
        compare(&t->vocab, &rng, scores);
        sxt_tokenizer_free(t);
        free(json);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_against_the_definition)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
