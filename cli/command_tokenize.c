#include "command.h"

#include "exit_code.h"
#include "json_document.h"
#include "message.h"
#include "model_session.h"
#include "prompt.h"
#include "text_output.h"

#include <stdio.h>
#include <stdlib.h>

static int print_pieces(const sxt_model *model, const token_list *tokens) {
    json_document *document = document_object(), *pieces = document_array();
    document_put(document, "ids", document_integers(tokens->ids, tokens->n));
    document_put(document, "pieces", pieces);
    for (int64_t i = 0; i < tokens->n; i++) {
        const char *piece;
        size_t n_bytes;
        sxt_error error;
        if (sxt_token_piece(model, tokens->ids[i], &piece, &n_bytes, &error) != SXT_OK) {
            document_free(document);
            return message_library_error(&error);
        }
        document_append(pieces, document_text(piece, n_bytes));
    }
    document_print(document);
    return EXIT_CODE_OK;
}

static int encode(const option_values *options, const sxt_model *model) {
    text_buffer text = {0};
    token_list tokens = {0};
    sxt_error error;
    int code = EXIT_CODE_OK;
    uint32_t flags = (options->no_bos ? 0u : SXT_TOKENIZE_ADD_SPECIAL) |
                     (options->special ? SXT_TOKENIZE_PARSE_SPECIAL : 0u);
    if (options->file != NULL)
        code = prompt_read_file("-f", options->file, &text);
    else
        text_buffer_print(&text, "%s", options->prompt);
    if (code == EXIT_CODE_OK &&
        sxt_tokenize(model, text.bytes, text.n_bytes, flags, &tokens.ids, &tokens.n, &error) != SXT_OK)
        code = message_library_error(&error);
    if (code == EXIT_CODE_OK && options->json)
        code = print_pieces(model, &tokens);
    else if (code == EXIT_CODE_OK) {
        for (int64_t i = 0; i < tokens.n; i++) printf("%s%d", i > 0 ? " " : "", tokens.ids[i]);
        printf("\n");
    }
    sxt_free(tokens.ids);
    text_buffer_free(&text);
    return code;
}

static int decode(const option_values *options, const sxt_model *model) {
    int32_t *ids = must_allocate((size_t)options->decode.n * sizeof *ids);
    char *text = NULL;
    size_t n_bytes = 0;
    sxt_error error;
    int code = EXIT_CODE_OK;
    for (int64_t i = 0; i < options->decode.n; i++) ids[i] = (int32_t)options->decode.values[i];
    if (sxt_detokenize(model, ids, options->decode.n, options->special ? SXT_DETOKENIZE_SPECIAL : 0u, &text,
                       &n_bytes, &error) != SXT_OK)
        code = message_library_error(&error);
    else if (options->json) {
        json_document *document = document_object();
        document_put(document, "ids", document_integers(ids, options->decode.n));
        document_put(document, "text", document_text(text, n_bytes));
        document_print(document);
    } else {
        text_output output = text_output_open();
        text_output_write(&output, text, n_bytes);
        if (!text_output_close(&output)) code = EXIT_CODE_FAILURE;
    }
    sxt_free(text);
    free(ids);
    return code;
}

int command_tokenize(const option_values *options) {
    sxt_model *model = NULL;
    int n_sources = (options->prompt != NULL) + (options->file != NULL) + (options->decode.n > 0);
    if (n_sources != 1)
        return message_error(EXIT_CODE_USAGE, "tokenize needs one of -p TEXT, -f FILE and --decode ID,ID,...");
    int code = model_open(options->model, true, &model);
    if (code != EXIT_CODE_OK) return code;
    code = options->decode.n > 0 ? decode(options, model) : encode(options, model);
    sxt_model_close(model);
    return code;
}
