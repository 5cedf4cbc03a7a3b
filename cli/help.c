#include "help.h"

#include <string.h>

enum { TEXT_WIDTH = 96, HELP_COLUMN = 34 };

void help_fill(FILE *out, const char *text, int column, int indent, int width) {
    const char *word = text;
    bool line_is_empty = true;
    while (*word != '\0') {
        if (*word == '\n') {
            fprintf(out, "\n%*s", indent, "");
            column = indent;
            line_is_empty = true;
            word++;
            continue;
        }
        int length = (int)strcspn(word, " \n");
        if (!line_is_empty && column + 1 + length > width) {
            fprintf(out, "\n%*s", indent, "");
            column = indent;
            line_is_empty = true;
        }
        if (!line_is_empty) column += fprintf(out, " ");
        column += fprintf(out, "%.*s", length, word);
        line_is_empty = false;
        word += length;
        while (*word == ' ') word++;
    }
    fputc('\n', out);
}

/* "one of f16, f32": a long list must be able to break. */
static void note_choices(const char *choices, text_buffer *note) {
    text_buffer_print(note, "one of ");
    for (const char *c = choices; *c != '\0'; c++) {
        if (*c == '|')
            text_buffer_add(note, ", ", 2);
        else
            text_buffer_add(note, c, 1);
    }
}

void help_value_note(const option_row *row, text_buffer *note) {
    bool bounded = row->kind == OPTION_INTEGER || row->kind == OPTION_REAL;
    if (row->choices != NULL)
        note_choices(row->choices, note);
    else if (bounded && row->max < 2147483647.0)
        text_buffer_print(note, "from %.15g to %.15g", row->min, row->max);
    else if (bounded && row->min > 0)
        text_buffer_print(note, "at least %.15g", row->min);
    if (row->default_value != NULL)
        text_buffer_print(note, "%sdefault %s", note->n_bytes > 0 ? "; " : "", row->default_value);
}

static void print_option(const option_row *row, FILE *out) {
    text_buffer left = {0}, right = {0}, note = {0};
    if (row->letter != 0)
        text_buffer_print(&left, "  -%c, --%s", row->letter, row->name);
    else
        text_buffer_print(&left, "      --%s", row->name);
    if (row->argument != NULL) text_buffer_print(&left, " %s", row->argument);
    text_buffer_print(&right, "%s", row->help);
    help_value_note(row, &note);
    if (note.n_bytes > 0) text_buffer_print(&right, " (%s)", note.bytes);
    for (int i = 0; i < MAX_ALIASES && row->aliases[i] != NULL; i++)
        text_buffer_print(&right, " [also --%s]", row->aliases[i]);
    if (left.n_bytes + 2 > HELP_COLUMN)
        fprintf(out, "%s\n%*s", left.bytes, HELP_COLUMN, "");
    else
        fprintf(out, "%-*s", HELP_COLUMN, left.bytes);
    help_fill(out, right.bytes, HELP_COLUMN, HELP_COLUMN, TEXT_WIDTH);
    text_buffer_free(&left);
    text_buffer_free(&right);
    text_buffer_free(&note);
}

static void print_examples(const command_row *command, FILE *out) {
    const char *line = command->examples;
    while (*line != '\0') {
        int length = (int)strcspn(line, "\n");
        fprintf(out, "  %.*s\n", length, line);
        line += length + (line[length] == '\n');
    }
}

void help_command(const command_row *command, FILE *out) {
    fprintf(out, "sextant %s - %s\n\nUsage: sextant %s %s\n\n", command->name, command->summary, command->name,
            command->usage);
    help_fill(out, command->description, 0, 0, TEXT_WIDTH);
    fprintf(out, "\nOptions:\n");
    for (int i = 0; i < N_OPTIONS; i++)
        if ((OPTION_TABLE[i].commands & command->id) != 0) print_option(&OPTION_TABLE[i], out);
    fprintf(out, "\nExamples:\n");
    print_examples(command, out);
}

void help_overview(FILE *out) {
    fprintf(out, "sextant - run language models past the window they were trained for\n\n"
                 "Usage: sextant COMMAND [options]\n\nCommands:\n");
    for (int i = 0; i < N_COMMANDS; i++)
        fprintf(out, "  %-12s %s\n", COMMAND_TABLE[i].name, COMMAND_TABLE[i].summary);
    fprintf(out,
            "\nExamples:\n"
            "  sextant info model.gguf\n"
            "  sextant run -m model.gguf -f document.txt -p \"What is it about?\" --chat\n"
            "  sextant perplexity -m model.gguf -f novel.txt --lengths 4096 --extend none --extend auto\n\n"
            "'sextant COMMAND --help' explains a command; 'sextant help --man' is the whole manual.\n"
            "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 model rejected, 130 interrupted.\n");
}
