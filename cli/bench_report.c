#include "bench_row.h"

#include <stdio.h>
#include <string.h>

static bool was_auto(const sxt_plan_info *plan) {
    return strcmp(plan->asked, "auto") == 0 && strcmp(plan->plan, "auto") != 0;
}

/* ---- A table ---- */

static void print_speed(const bench_speeds *speeds, double bound, bool has_bound) {
    char spread[48] = "";
    if (speeds->n == 0) {
        printf("  %11s %19s", "-", "");
        if (has_bound) printf(" %8s", "");
        return;
    }
    snprintf(spread, sizeof spread, "(%.1f..%.1f)", bench_slowest(speeds), bench_fastest(speeds));
    printf("  %11.2f %19s", bench_median(speeds), spread);
    if (has_bound) printf(" %6.1f %%", 100 * bench_median(speeds) / bound);
}

static void print_plan(const bench_row *row) {
    char name[160];
    snprintf(name, sizeof name, "%s%s%s", row->plan.plan, was_auto(&row->plan) ? " (auto)" : "",
             row->plan.within_limit ? "" : " (past its limit)");
    printf("%8lld  %-40s %-5s", (long long)row->depth, name, row->kv);
}

void bench_print_ceilings(const sxt_ceilings *ceilings) {
    printf("ceilings: %s, %d threads: f32 %.1f, int16 %.1f, int8 %.1f", sxt_kernel_name(),
           (int)ceilings->n_threads, ceilings->f32_ops / 1e9, ceilings->int16_ops / 1e9,
           ceilings->int8_ops / 1e9);
    if (ceilings->bf16_ops > 0)
        printf(", bf16 %.1f", ceilings->bf16_ops / 1e9);
    else
        printf(", bf16 none");
    printf(" G operations/s; %.2f G exponentials/s; %.2f GB/s from memory (%.0f MiB)\n", ceilings->exps / 1e9,
           ceilings->read_bytes / 1e9, (double)ceilings->buffer_bytes / 1048576);
}

void bench_table(const bench_setting *setting, const bench_row *rows, int64_t n_rows,
                 const sxt_ceilings *ceilings) {
    const char *of_bound = ceilings != NULL ? " of bound" : "";
    char read[32], generate[32];
    snprintf(read, sizeof read, "read %lld/s", (long long)setting->prompt_tokens);
    snprintf(generate, sizeof generate, "decode %lld/s", (long long)setting->decode_tokens);
    printf("%8s  %-40s %-5s  %11s %19s%s  %11s %19s%s  %8s\n", "depth", "plan", "kv", read, "(min..max)",
           of_bound, generate, "(min..max)", of_bound, "peak MiB");
    for (int64_t i = 0; i < n_rows; i++) {
        print_plan(&rows[i]);
        print_speed(&rows[i].prompt, rows[i].prompt_bound, ceilings != NULL);
        print_speed(&rows[i].decode, rows[i].decode_bound, ceilings != NULL);
        printf("  %8.0f\n", (double)rows[i].peak_bytes / 1048576);
    }
    if (ceilings != NULL) bench_print_ceilings(ceilings);
}

/* ---- JSON ---- */

static void put_or_null(json_document *object, const char *key, double value) {
    if (value > 0)
        document_put_real(object, key, value);
    else
        document_put_null(object, key);
}

json_document *bench_ceilings_document(const sxt_ceilings *ceilings) {
    json_document *object = document_object();
    document_put_text(object, "kernel", sxt_kernel_name());
    document_put_integer(object, "threads", ceilings->n_threads);
    document_put_real(object, "f32_ops_per_s", ceilings->f32_ops);
    put_or_null(object, "bf16_ops_per_s", ceilings->bf16_ops);
    put_or_null(object, "int16_ops_per_s", ceilings->int16_ops);
    put_or_null(object, "int8_ops_per_s", ceilings->int8_ops);
    document_put_real(object, "exps_per_s", ceilings->exps);
    document_put_real(object, "read_bytes_per_s", ceilings->read_bytes);
    document_put_integer(object, "buffer_bytes", (int64_t)ceilings->buffer_bytes);
    return object;
}

static void put_spread(json_document *object, const char *kind, const bench_speeds *speeds) {
    char key[64];
    snprintf(key, sizeof key, "%s_tokens_per_s_min", kind);
    put_or_null(object, key, bench_slowest(speeds));
    snprintf(key, sizeof key, "%s_tokens_per_s_max", kind);
    put_or_null(object, key, bench_fastest(speeds));
}

static void put_bound(json_document *object, const char *kind, const bench_speeds *speeds, double bound) {
    char key[64];
    snprintf(key, sizeof key, "%s_bound_tokens_per_s", kind);
    put_or_null(object, key, bound);
    snprintf(key, sizeof key, "%s_share_of_bound", kind);
    put_or_null(object, key, bound > 0 ? bench_median(speeds) / bound : 0);
}

static json_document *row_document(const bench_setting *setting, const bench_row *row,
                                   const sxt_ceilings *ceilings) {
    json_document *object = document_object();
    document_put_integer(object, "depth", row->depth);
    document_put_text(object, "plan", row->plan.plan);
    document_put_text(object, "kv", row->kv);
    document_put_integer(object, "prompt_tokens", setting->prompt_tokens);
    put_or_null(object, "prompt_tokens_per_s", bench_median(&row->prompt));
    document_put_integer(object, "decode_tokens", setting->decode_tokens);
    put_or_null(object, "decode_tokens_per_s", bench_median(&row->decode));
    document_put_integer(object, "peak_rss_bytes", row->peak_bytes);
    put_spread(object, "prompt", &row->prompt);
    put_spread(object, "decode", &row->decode);
    document_put_integer(object, "repeats", row->prompt.n > row->decode.n ? row->prompt.n : row->decode.n);
    document_put_flag(object, "within_limit", row->plan.within_limit);
    if (was_auto(&row->plan)) document_put_text(object, "asked", row->plan.asked);
    document_put_text(object, "precision", setting->precision == SXT_PRECISION_F32 ? "f32" : "fast");
    document_put_text(object, "kernel", sxt_kernel_name());
    document_put_integer(object, "threads", setting->n_threads);
    if (ceilings == NULL) return object;
    put_bound(object, "prompt", &row->prompt, row->prompt_bound);
    put_bound(object, "decode", &row->decode, row->decode_bound);
    document_put(object, "ceilings", bench_ceilings_document(ceilings));
    return object;
}

json_document *bench_document(const bench_setting *setting, const bench_row *rows, int64_t n_rows,
                              const sxt_ceilings *ceilings) {
    json_document *array = document_array();
    for (int64_t i = 0; i < n_rows; i++) document_append(array, row_document(setting, &rows[i], ceilings));
    return array;
}
