#include "help.h"

#include "sextant.h"

#include <string.h>

/* roff takes a leading dot or quote as a request, a backslash as an escape, and turns - into a hyphen. */
static void print_escaped(FILE *out, const char *text, size_t length) {
    for (size_t i = 0; i < length; i++) {
        bool at_line_start = i == 0 || text[i - 1] == '\n';
        if (at_line_start && (text[i] == '.' || text[i] == '\'')) fputs("\\&", out);
        if (text[i] == '\\')
            fputs("\\e", out);
        else if (text[i] == '-')
            fputs("\\-", out);
        else
            fputc(text[i], out);
    }
}

static void print_text(FILE *out, const char *text) { print_escaped(out, text, strlen(text)); }

static void print_paragraphs(FILE *out, const char *text) {
    for (const char *end; (end = strstr(text, "\n\n")) != NULL; text = end + 2) {
        print_escaped(out, text, (size_t)(end - text));
        fputs("\n.PP\n", out);
    }
    print_text(out, text);
    fputc('\n', out);
}

static void print_option(const option_row *row, FILE *out) {
    fputs(".TP\n", out);
    if (row->letter != 0) fprintf(out, "\\fB\\-%c\\fR, ", row->letter);
    fputs("\\fB\\-\\-", out);
    print_text(out, row->name);
    fputs("\\fR", out);
    if (row->argument != NULL) fprintf(out, " \\fI%s\\fR", row->argument);
    for (int i = 0; i < MAX_ALIASES && row->aliases[i] != NULL; i++) {
        fputs(", \\fB\\-\\-", out);
        print_text(out, row->aliases[i]);
        fputs("\\fR", out);
    }
    fputc('\n', out);
    print_text(out, row->help);
    text_buffer note = {0};
    help_value_note(row, &note);
    if (note.n_bytes > 0) {
        fputs(" (", out);
        print_text(out, note.bytes);
        fputc(')', out);
    }
    fputs(".\n", out);
    text_buffer_free(&note);
}

static void print_command(const command_row *command, FILE *out) {
    fprintf(out, ".SH \"SEXTANT %s\"\n.B sextant %s\n", command->name, command->name);
    print_text(out, command->usage);
    fputs("\n.PP\n", out);
    print_paragraphs(out, command->description);
    for (int i = 0; i < N_OPTIONS; i++)
        if ((OPTION_TABLE[i].commands & command->id) != 0) print_option(&OPTION_TABLE[i], out);
    fputs(".PP\nExamples:\n.PP\n.nf\n.RS\n", out);
    print_text(out, command->examples);
    fputs(".RE\n.fi\n", out);
}

/* " (group=8; window=L/4)" */
static void print_parameters(FILE *out, const char *plan) {
    sxt_plan_parameter_info parameter;
    for (int64_t i = 0; sxt_plan_parameter(NULL, plan, i, &parameter); i++) {
        fputs(i > 0 ? "; " : " (", out);
        print_text(out, parameter.name);
        fputc('=', out);
        print_text(out, parameter.standard);
    }
    if (sxt_plan_parameter(NULL, plan, 0, &parameter)) fputc(')', out);
}

static void print_plans(FILE *out) {
    const char *summary = NULL, *name;
    fputs(".SH PLANS\n", out);
    for (int64_t i = 0; (name = sxt_plan_name(i, &summary)) != NULL; i++) {
        fputs(".TP\n.B ", out);
        print_text(out, name);
        fputc('\n', out);
        print_text(out, summary);
        print_parameters(out, name);
        fputc('\n', out);
    }
    for (int64_t i = 0; (name = sxt_plan_add_on(i, &summary)) != NULL; i++) {
        fputs(".TP\n.B ", out);
        print_text(out, name);
        fputc('\n', out);
        print_text(out, summary);
        fputc('\n', out);
    }
}

void help_man_page(FILE *out) {
    fprintf(out, ".TH SEXTANT 1 \"\" \"sextant %d.%d.%d\" \"User Commands\"\n", SXT_VERSION_MAJOR,
            SXT_VERSION_MINOR, SXT_VERSION_PATCH);
    fputs(".SH NAME\nsextant \\- run language models past the window they were trained for\n.SH SYNOPSIS\n",
          out);
    for (int i = 0; i < N_COMMANDS; i++) {
        fprintf(out, ".B sextant %s\n", COMMAND_TABLE[i].name);
        print_text(out, COMMAND_TABLE[i].usage);
        fputs("\n.br\n", out);
    }
    fputs(
        ".SH DESCRIPTION\n"
        "Reads GGUF files and Hugging Face folders. Results go to standard output, everything else to "
        "standard\n"
        "error; progress is shown on a terminal only. Text from a model or a file reaches a terminal with its\n"
        "control characters made visible as <0xNN>.\n",
        out);
    for (int i = 0; i < N_COMMANDS; i++) print_command(&COMMAND_TABLE[i], out);
    print_plans(out);
    fputs(
        ".SH EXIT STATUS\n"
        ".TP\n0\ndone\n"
        ".TP\n1\nfailed: a file cannot be read or written, not enough memory, a session file of another model\n"
        ".TP\n2\nwrong usage: a command, option, value, plan or prompt that cannot be used\n"
        ".TP\n3\nthe model is missing, damaged or not supported\n"
        ".TP\n130\ninterrupted by Ctrl\\-C\n"
        ".SH ENVIRONMENT\n"
        ".TP\nSEXTANT_KERNEL\nforces a CPU level of those that \\fBsextant version\\fR lists, for example "
        "scalar\n"
        ".TP\nXDG_STATE_HOME\nthe chat history is kept in $XDG_STATE_HOME/sextant/history "
        "(~/.local/state/sextant/history)\n",
        out);
}
