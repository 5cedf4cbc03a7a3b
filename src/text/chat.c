#include "text/chat.h"

#include "base/memory.h"
#include "text/chat_render.h"
#include "text/tokenizer_state.h"

#include <string.h>

const char *sxt_chat_template_name(const sxt_tokenizer *t) {
    sxt_chat_style style = {0};
    const char *text = sxt_tokenizer_template(t);
    if (!text) return "";
    return sxt_chat_style_detect(text, &style) ? sxt_chat_kind_name(style.kind) : "unknown";
}

static sxt_status fail_unknown(const char *found, sxt_error *error) {
    sxt_buffer names = {0};
    for (int k = 0; k < SXT_N_CHAT_KINDS; k++)
        sxt_buffer_print(&names, "%s%s", k ? ", " : "", sxt_chat_kind_name((sxt_chat_kind)k));
    char *list = sxt_buffer_take(&names);
    sxt_status status = sxt_fail(error, SXT_E_UNSUPPORTED, "%s; choose one with --chat-template: %s", found,
                                 list ? list : "(no memory for the names)");
    sxt_free(list);
    sxt_buffer_free(&names);
    return status;
}

static sxt_status find_style(const sxt_tokenizer *t, const char *name, sxt_chat_style *style,
                             sxt_error *error) {
    const char *text = sxt_tokenizer_template(t);
    bool own = text && sxt_chat_style_detect(text, style);
    if (!name && !text) return fail_unknown("the model's files have no chat template", error);
    if (!name) return own ? SXT_OK : fail_unknown("the model's chat template is not recognised", error);
    /* The name of the model's own template means the version that the model has. */
    if (own && strcmp(name, sxt_chat_kind_name(style->kind)) == 0) return SXT_OK;
    for (int k = 0; k < SXT_N_CHAT_KINDS; k++) {
        if (strcmp(name, sxt_chat_kind_name((sxt_chat_kind)k)) != 0) continue;
        sxt_chat_style_default((sxt_chat_kind)k, t, style);
        return SXT_OK;
    }
    return fail_unknown("the chat template asked for is not known", error);
}

/* Only ChatML, Llama 3, Phi-3 and Zephyr have system turns that may stand anywhere. */
static sxt_status check_messages(const sxt_chat_style *style, const sxt_message *messages, int64_t n,
                                 sxt_error *error) {
    bool system_first =
        style->kind == SXT_CHAT_LLAMA2 || style->kind == SXT_CHAT_MISTRAL || style->kind == SXT_CHAT_GEMMA;
    if (n < 1) return sxt_fail(error, SXT_E_ARGUMENT, "a conversation needs at least one message");
    for (int64_t i = 0; i < n; i++) {
        const char *role = messages[i].role ? messages[i].role : "(none)";
        if (!messages[i].role ||
            (strcmp(role, "system") != 0 && strcmp(role, "user") != 0 && strcmp(role, "assistant") != 0))
            return sxt_fail(error, SXT_E_ARGUMENT,
                            "message %lld has the role \"%.40s\"; use system, user or assistant", (long long)i,
                            role);
        if (system_first && strcmp(role, "system") == 0 &&
            (i > 0 || n < 2 || !messages[1].role || strcmp(messages[1].role, "user") != 0))
            return sxt_fail(
                error, SXT_E_ARGUMENT,
                "the chat template \"%s\" takes a system message only as the first, with a user message "
                "behind it",
                sxt_chat_kind_name(style->kind));
    }
    return SXT_OK;
}

static const char *text_of(const sxt_tokenizer *t, int32_t id) { return id < 0 ? "" : t->vocab.texts[id]; }

sxt_status sxt_chat_encode(const sxt_tokenizer *t, const char *template_name, const sxt_message *messages,
                           int64_t n_messages, bool add_assistant, int32_t **ids, int64_t *n_ids,
                           sxt_error *error) {
    sxt_chat_style style = {0};
    sxt_pieces out = {0};
    sxt_status status;
    SXT_TRY(find_style(t, template_name, &style, error));
    SXT_TRY(check_messages(&style, messages, n_messages, error));
    sxt_chat_job job = {.style = &style,
                        .messages = messages,
                        .n = n_messages,
                        .add_assistant = add_assistant,
                        .bos = text_of(t, t->bos),
                        .eos = text_of(t, t->eos)};
    sxt_chat_render(&job, &out);
    if (out.failed || out.text.failed) {
        status = sxt_fail_memory(error, "the conversation", out.text.size);
    } else {
        const sxt_allowed allowed = {out.spans, out.n};
        status =
            sxt_tokenizer_encode_allowed(t, out.text.data, out.text.size, allowed, false, ids, n_ids, error);
    }
    sxt_pieces_free(&out);
    return status;
}
