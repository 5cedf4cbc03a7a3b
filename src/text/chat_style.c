#include "text/chat_style.h"

#include <string.h>

const char *sxt_chat_kind_name(sxt_chat_kind kind) {
    static const char *const names[SXT_N_CHAT_KINDS] = {
        [SXT_CHAT_CHATML] = "chatml",   [SXT_CHAT_LLAMA2] = "llama2", [SXT_CHAT_LLAMA3] = "llama3",
        [SXT_CHAT_MISTRAL] = "mistral", [SXT_CHAT_PHI3] = "phi3",     [SXT_CHAT_GEMMA] = "gemma",
        [SXT_CHAT_ZEPHYR] = "zephyr",
    };
    return names[kind];
}

static bool has(const char *text, const char *marker) { return strstr(text, marker) != NULL; }

static bool find_kind(const char *text, sxt_chat_kind *kind) {
    if (has(text, "<|im_start|>") && has(text, "<|im_end|>")) {
        *kind = SXT_CHAT_CHATML;
    } else if (has(text, "<|start_header_id|>") && has(text, "<|eot_id|>")) {
        *kind = SXT_CHAT_LLAMA3;
    } else if (has(text, "[INST]") && !has(text, "[SYSTEM_PROMPT]")) {
        *kind = has(text, "<<SYS>>") ? SXT_CHAT_LLAMA2 : SXT_CHAT_MISTRAL;
    } else if (has(text, "<|assistant|>") && has(text, "<|end|>")) {
        *kind = SXT_CHAT_PHI3;
    } else if (has(text, "<|assistant|>") && has(text, "<|user|>") && has(text, "eos_token")) {
        *kind = SXT_CHAT_ZEPHYR;
    } else if (has(text, "<start_of_turn>")) {
        *kind = SXT_CHAT_GEMMA;
    } else {
        return false;
    }
    return true;
}

/* The literal system turn that a ChatML template writes when there is none, if it has one. Line ends are
 * written as such or as \n; a quote or a brace means that the literal is over. */
static void find_default_system(const char *text, char *out, size_t room) {
    static const char front[] = "<|im_start|>system";
    out[0] = 0;
    for (const char *at = strstr(text, front); at; at = strstr(at + 1, front)) {
        const char *s = at + strlen(front);
        if (s[0] == '\\' && s[1] == 'n') {
            s += 2;
        } else if (s[0] == '\n') {
            s++;
        } else {
            continue;
        }
        size_t n = 0;
        while (*s && !strchr("'\"{}", *s) && strncmp(s, "<|im_end|>", 10) != 0 && n + 1 < room) {
            bool line_end = s[0] == '\\' && s[1] == 'n';
            out[n++] = line_end ? '\n' : *s;
            s += line_end ? 2 : 1;
        }
        out[n] = 0;
        if (n > 0 && strncmp(s, "<|im_end|>", 10) == 0) return;
        out[0] = 0;
    }
}

static void read_mistral(const char *text, sxt_chat_style *style) {
    style->open = has(text, "\" [INST] ") || has(text, "' [INST] ") ? " [INST] "
                  : has(text, "[INST] ")                            ? "[INST] "
                                                                    : "[INST]";
    style->close = has(text, " [/INST]") ? " [/INST]" : "[/INST]";
    style->answer_space = has(text, "\" \" + message[\"content\"]") || has(text, "' ' + message['content']");
    style->answer_trim = has(text, "message[\"content\"]|trim") || has(text, "message['content']|trim");
    style->end_space = has(text, "eos_token + ' '") || has(text, "eos_token + \" \"");
    style->system_last = has(text, "loop.last and system_message");
}

bool sxt_chat_style_detect(const char *chat_template, sxt_chat_style *style) {
    memset(style, 0, sizeof *style);
    if (!find_kind(chat_template, &style->kind)) return false;
    style->bos = has(chat_template, "bos_token") || has(chat_template, "<|begin_of_text|>");
    if (style->kind == SXT_CHAT_CHATML)
        find_default_system(chat_template, style->default_system, sizeof style->default_system);
    style->dated = style->kind == SXT_CHAT_LLAMA3 && has(chat_template, "Cutting Knowledge Date");
    if (style->kind == SXT_CHAT_MISTRAL) read_mistral(chat_template, style);
    return true;
}

void sxt_chat_style_default(sxt_chat_kind kind, const sxt_tokenizer *t, sxt_chat_style *style) {
    memset(style, 0, sizeof *style);
    style->kind = kind;
    bool always = kind == SXT_CHAT_LLAMA2 || kind == SXT_CHAT_LLAMA3 || kind == SXT_CHAT_MISTRAL ||
                  kind == SXT_CHAT_GEMMA;
    style->bos = always || sxt_tokenizer_add_bos(t);
    if (kind != SXT_CHAT_MISTRAL) return;
    /* The first versions wrote the brackets as text; later vocabularies have tokens for them, and the
     * tekken ones leave the spaces out. */
    bool tekken = strcmp(sxt_tokenizer_pre(t), "tekken") == 0;
    bool has_tokens = sxt_tokenizer_special_id(t, "[INST]") >= 0;
    style->open = tekken ? "[INST]" : "[INST] ";
    style->close = tekken || has_tokens ? "[/INST]" : " [/INST]";
    style->answer_space = has_tokens && !tekken;
}
