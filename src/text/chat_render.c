#include "text/chat_render.h"

#include "base/utf8.h"
#include "text/unicode.h"

#include <string.h>

bool sxt_message_is(const sxt_message *message, const char *role) { return strcmp(message->role, role) == 0; }

/* Template text: special tokens in it are meant. Neighbouring stretches are one. */
static void put(sxt_pieces *out, const char *text) {
    size_t start = out->text.size;
    sxt_buffer_text(&out->text, text);
    if (out->text.size == start) return;
    if (out->n > 0 && out->spans[out->n - 1].end == start) {
        out->spans[out->n - 1].end = out->text.size;
    } else {
        sxt_pieces_add(out, start, out->text.size);
    }
}

/* What a person or the model said: never parsed. */
static void say(sxt_pieces *out, const sxt_message *message) {
    sxt_buffer_append(&out->text, message->content, message->n_bytes);
}

static bool is_space(const char *s, size_t n) {
    uint32_t code = n ? sxt_utf8_decode(s, n) : 'x';
    return sxt_unicode_is_space(code) || (code >= 0x1C && code <= 0x1F);
}

static sxt_message trim_front(sxt_message message) {
    size_t length;
    while ((length = sxt_utf8_length(message.content, message.n_bytes)) > 0 &&
           is_space(message.content, length)) {
        message.content += length;
        message.n_bytes -= length;
    }
    return message;
}

static sxt_message trim_back(sxt_message message) {
    for (size_t length = 1; length <= 4 && length <= message.n_bytes; length++) {
        const char *last = message.content + message.n_bytes - length;
        if (sxt_utf8_length(last, length) != length || !is_space(last, length)) continue;
        message.n_bytes -= length;
        length = 0; /* and again from the new end */
    }
    return message;
}

/* Without the white space at both ends, as Python's strip() has it. */
static void say_trimmed(sxt_pieces *out, const sxt_message *message) {
    sxt_message trimmed = trim_back(trim_front(*message));
    say(out, &trimmed);
}

/* The system message when the conversation starts with one. */
static const sxt_message *leading_system(const sxt_chat_job *job) {
    return job->n > 0 && sxt_message_is(&job->messages[0], "system") ? &job->messages[0] : NULL;
}

static void chatml(const sxt_chat_job *job, sxt_pieces *out) {
    if (!leading_system(job) && job->style->default_system[0]) {
        put(out, "<|im_start|>system\n");
        put(out, job->style->default_system);
        put(out, "<|im_end|>\n");
    }
    for (int64_t i = 0; i < job->n; i++) {
        put(out, "<|im_start|>");
        put(out, job->messages[i].role);
        put(out, "\n");
        say(out, &job->messages[i]);
        put(out, "<|im_end|>\n");
    }
    if (job->add_assistant) put(out, "<|im_start|>assistant\n");
}

static void llama2(const sxt_chat_job *job, sxt_pieces *out) {
    const sxt_message *system = leading_system(job);
    for (int64_t i = system ? 1 : 0; i < job->n; i++) {
        const sxt_message *message = &job->messages[i];
        if (sxt_message_is(message, "user")) {
            if (i > (system ? 1 : 0)) put(out, job->bos);
            put(out, "[INST] ");
            if (system && i == 1) { /* the template strips system text and message as one */
                sxt_message rest = trim_back(*message);
                put(out, "<<SYS>>\n");
                say(out, system);
                put(out, "\n<</SYS>>\n\n");
                say(out, &rest);
            } else {
                say_trimmed(out, message);
            }
            put(out, " [/INST]");
        } else {
            put(out, " ");
            say_trimmed(out, message);
            put(out, " ");
            put(out, job->eos);
        }
    }
}

static void llama3(const sxt_chat_job *job, sxt_pieces *out) {
    const sxt_message *system = job->style->dated ? leading_system(job) : NULL;
    if (job->style->dated) {
        put(out, "<|start_header_id|>system<|end_header_id|>\n\n"
                 "Cutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\n");
        if (system) say_trimmed(out, system);
        put(out, "<|eot_id|>");
    }
    for (int64_t i = system ? 1 : 0; i < job->n; i++) {
        put(out, "<|start_header_id|>");
        put(out, job->messages[i].role);
        put(out, "<|end_header_id|>\n\n");
        say_trimmed(out, &job->messages[i]);
        put(out, "<|eot_id|>");
    }
    if (job->add_assistant) put(out, "<|start_header_id|>assistant<|end_header_id|>\n\n");
}

static void mistral(const sxt_chat_job *job, sxt_pieces *out) {
    const sxt_chat_style *style = job->style;
    const sxt_message *system = leading_system(job);
    int64_t first = system ? 1 : 0, with_system = style->system_last ? job->n - 1 : first;
    for (int64_t i = first; i < job->n; i++) {
        const sxt_message *message = &job->messages[i];
        if (sxt_message_is(message, "user")) {
            put(out, style->open);
            if (system && i == with_system) {
                say(out, system);
                put(out, "\n\n");
            }
            say(out, message);
            put(out, style->close);
        } else {
            if (style->answer_space) put(out, " ");
            if (style->answer_trim) {
                say_trimmed(out, message);
            } else {
                say(out, message);
            }
            put(out, job->eos);
            if (style->end_space) put(out, " ");
        }
    }
}

static void phi3(const sxt_chat_job *job, sxt_pieces *out) {
    for (int64_t i = 0; i < job->n; i++) {
        put(out, "<|");
        put(out, job->messages[i].role);
        put(out, "|>\n");
        say(out, &job->messages[i]);
        put(out, "<|end|>\n");
    }
    if (job->add_assistant) put(out, "<|assistant|>\n");
}

static void gemma(const sxt_chat_job *job, sxt_pieces *out) {
    const sxt_message *system = leading_system(job);
    for (int64_t i = system ? 1 : 0; i < job->n; i++) {
        put(out, "<start_of_turn>");
        put(out, sxt_message_is(&job->messages[i], "assistant") ? "model" : "user");
        put(out, "\n");
        if (system && i == 1) { /* there is no system turn */
            say_trimmed(out, system);
            put(out, "\n\n");
        }
        say_trimmed(out, &job->messages[i]);
        put(out, "<end_of_turn>\n");
    }
    if (job->add_assistant) put(out, "<start_of_turn>model\n");
}

static void zephyr(const sxt_chat_job *job, sxt_pieces *out) {
    for (int64_t i = 0; i < job->n; i++) {
        put(out, "<|");
        put(out, job->messages[i].role);
        put(out, "|>\n");
        say(out, &job->messages[i]);
        put(out, job->eos);
        put(out, "\n");
    }
    if (job->add_assistant) put(out, "<|assistant|>\n");
}

void sxt_chat_render(const sxt_chat_job *job, sxt_pieces *out) {
    static void (*const renderers[SXT_N_CHAT_KINDS])(const sxt_chat_job *, sxt_pieces *) = {
        [SXT_CHAT_CHATML] = chatml,   [SXT_CHAT_LLAMA2] = llama2, [SXT_CHAT_LLAMA3] = llama3,
        [SXT_CHAT_MISTRAL] = mistral, [SXT_CHAT_PHI3] = phi3,     [SXT_CHAT_GEMMA] = gemma,
        [SXT_CHAT_ZEPHYR] = zephyr,
    };
    if (job->style->bos) put(out, job->bos);
    renderers[job->style->kind](job, out);
}
