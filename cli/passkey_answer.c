#include "passkey_prompts.h"

#include "exit_code.h"
#include "generation.h"

#include <ctype.h>
#include <string.h>

/* Tokens that an answer may take beyond those of the key itself: white space, a word. */
enum { SPARE_TOKENS = 8 };

int64_t passkey_answer_tokens(const passkey_item *item) { return (int64_t)strlen(item->target) + SPARE_TOKENS; }

/* What a generated text says so far of the question whether it begins with the key. */
typedef enum verdict { OPEN, RIGHT, WRONG } verdict;

static verdict judge(const generation *answer, const char *target) {
    const char *text = answer->text.bytes != NULL ? answer->text.bytes : "";
    size_t n = answer->text.n_bytes, n_target = strlen(target);
    while (n > 0 && isspace((unsigned char)*text)) {
        text++;
        n--;
    }
    if (memcmp(text, target, n < n_target ? n : n_target) != 0) return WRONG;
    return n >= n_target ? RIGHT : OPEN;
}

int passkey_ask(const sxt_model *model, sxt_session *session, const passkey_item *item, bool *right) {
    generation answer = {0};
    int64_t n_most = passkey_answer_tokens(item);
    int code = read_prompt(session, item->tokens.ids, item->tokens.n, n_most);
    verdict decided = OPEN;
    for (int64_t i = 1; i <= n_most && code == EXIT_CODE_OK && decided == OPEN; i++) {
        code = generate(model, session, i, false, NULL, &answer);
        decided = judge(&answer, item->target);
        if (strcmp(answer.stopped_by, "length") != 0) break;
    }
    if (code == EXIT_CODE_OK && answer.stopped_by != NULL && strcmp(answer.stopped_by, "interrupt") == 0)
        code = EXIT_CODE_INTERRUPTED;
    *right = decided == RIGHT;
    generation_free(&answer);
    return code;
}
