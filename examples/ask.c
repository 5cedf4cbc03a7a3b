/* Asks a model a question about a document of any length:
 *     cc ask.c $(pkg-config --cflags --libs sextant) -o ask && ./ask MODEL DOCUMENT QUESTION */
#include <sextant.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N_ANSWER = 32 };

static void check(sxt_status status, const sxt_error *error) {
    if (status == SXT_OK) return;
    fprintf(stderr, "ask: %s\n", error->text);
    exit(EXIT_FAILURE);
}

/* The document, a blank line, the question; released with free(). */
static char *read_prompt(const char *path, const char *question, size_t *n_bytes) {
    FILE *file = fopen(path, "rb");
    char *text = NULL;
    long size = file && fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;
    if (size >= 0) text = malloc((size_t)size + strlen(question) + 3);
    if (!text || fseek(file, 0, SEEK_SET) != 0 || fread(text, 1, (size_t)size, file) != (size_t)size) {
        fprintf(stderr, "ask: cannot read %s\n", path);
        exit(EXIT_FAILURE);
    }
    fclose(file);
    *n_bytes = (size_t)size + (size_t)sprintf(text + size, "\n\n%s", question);
    return text;
}

int main(int argc, char **argv) {
    if (argc != 4) return fprintf(stderr, "usage: ask MODEL DOCUMENT QUESTION\n"), EXIT_FAILURE;
    sxt_error error;
    sxt_model *model;
    sxt_session *session;
    size_t n_bytes;
    int32_t *ids, token;
    int64_t n_ids;

    check(sxt_model_open(argv[1], NULL, &model, &error), &error);
    char *prompt = read_prompt(argv[2], argv[3], &n_bytes);
    check(sxt_tokenize(model, prompt, n_bytes, SXT_TOKENIZE_ADD_SPECIAL, &ids, &n_ids, &error), &error);
    free(prompt);

    sxt_session_params params = sxt_session_params_default(); /* plan "auto": stretches only what must be */
    params.n_ctx = n_ids + N_ANSWER;
    check(sxt_session_new(model, &params, &session, &error), &error);
    check(sxt_session_sync(session, ids, n_ids, N_ANSWER, &error), &error);
    for (int i = 0; i < N_ANSWER; i++) {
        const char *piece;
        check(sxt_session_next(session, &token, &error), &error);
        if (sxt_token_ends(model, token)) break;
        check(sxt_token_piece(model, token, &piece, &n_bytes, &error), &error);
        fwrite(piece, 1, n_bytes, stdout);
    }
    putchar('\n');
    sxt_session_free(session);
    sxt_free(ids);
    sxt_model_close(model);
}
