#include "generation.h"

#include "exit_code.h"
#include "interrupt.h"
#include "message.h"

#include <stdlib.h>

/* A cancel that came too late for the call it meant stops the next one: nobody asked for that. */
static bool is_stale(sxt_status status) { return status == SXT_E_CANCELLED && !interrupted(); }

int read_prompt(sxt_session *session, const int32_t *tokens, int64_t n_tokens, int64_t n_generate) {
    sxt_error error;
    sxt_status status = sxt_session_sync(session, tokens, n_tokens, n_generate, &error);
    if (is_stale(status)) status = sxt_session_sync(session, tokens, n_tokens, n_generate, &error);
    if (status == SXT_E_CANCELLED) return EXIT_CODE_INTERRUPTED;
    return status == SXT_OK ? EXIT_CODE_OK : message_library_error(&error);
}

/* Special tokens are those that decoding leaves out unless asked not to. */
static sxt_status is_special(const sxt_model *model, int32_t id, bool *special, sxt_error *error) {
    char *plain = NULL, *full = NULL;
    size_t n_plain = 0, n_full = 0;
    sxt_status status = sxt_detokenize(model, &id, 1, 0, &plain, &n_plain, error);
    if (status == SXT_OK) status = sxt_detokenize(model, &id, 1, SXT_DETOKENIZE_SPECIAL, &full, &n_full, error);
    *special = n_plain != n_full;
    sxt_free(plain);
    sxt_free(full);
    return status;
}

static void keep_id(generation *result, int32_t id) {
    int64_t i = result->n++;
    if (result->passing) return;
    if (i == result->capacity) {
        result->capacity = result->capacity * 2 + 256;
        result->ids = must_reallocate(result->ids, (size_t)result->capacity * sizeof *result->ids);
    }
    result->ids[i] = id;
}

static sxt_status add_piece(const sxt_model *model, int32_t id, bool show_special, text_output *output,
                            generation *result, sxt_error *error) {
    const char *piece;
    size_t n_bytes;
    bool special = false;
    sxt_status status = sxt_token_piece(model, id, &piece, &n_bytes, error);
    if (status == SXT_OK && !show_special) status = is_special(model, id, &special, error);
    if (status != SXT_OK) return status;
    keep_id(result, id);
    if (special) return SXT_OK;
    if (!result->passing) text_buffer_add(&result->text, piece, n_bytes);
    if (output != NULL && !text_output_write(output, piece, n_bytes)) result->stopped_by = "output";
    return SXT_OK;
}

/* The next token, or the reason why there is none. */
static sxt_status take_token(const sxt_model *model, sxt_session *session, bool show_special,
                             text_output *output, generation *result, sxt_error *error) {
    int32_t id;
    sxt_status status = sxt_session_next(session, &id, error);
    if (is_stale(status)) status = sxt_session_next(session, &id, error);
    if (status == SXT_E_CANCELLED)
        result->stopped_by = "interrupt";
    else if (status == SXT_E_LIMIT)
        result->stopped_by = "context";
    else if (status != SXT_OK)
        return status;
    else if (sxt_token_ends(model, id))
        result->stopped_by = "end";
    else
        return add_piece(model, id, show_special, output, result, error);
    return SXT_OK;
}

int generate(const sxt_model *model, sxt_session *session, int64_t n_max, bool show_special,
             text_output *output, generation *result) {
    result->stopped_by = NULL;
    while (result->stopped_by == NULL && result->n < n_max) {
        sxt_error error;
        if (interrupted())
            result->stopped_by = "interrupt";
        else if (take_token(model, session, show_special, output, result, &error) != SXT_OK)
            return message_library_error(&error);
    }
    if (result->stopped_by == NULL) result->stopped_by = "length";
    return EXIT_CODE_OK;
}

void generation_free(generation *result) {
    free(result->ids);
    text_buffer_free(&result->text);
    *result = (generation){0};
}
