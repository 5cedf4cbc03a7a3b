#include "help.h"

#include <string.h>

static bool is_path(const option_row *row) { return row->kind == OPTION_FILE || row->kind == OPTION_FILES; }

/* Words a value may be, separated by spaces; empty when it is free. */
static void value_words(const option_row *row, text_buffer *words) {
    text_buffer_add(words, "", 0);
    if (row->kind == OPTION_PLAN) text_buffer_print(words, "auto none self-extend:group=8");
    if (row->choices == NULL) return;
    for (const char *c = row->choices; *c != '\0'; c++) text_buffer_add(words, *c == '|' ? " " : c, 1);
}

static void print_names(FILE *out, const command_row *command) {
    for (int i = 0; i < N_OPTIONS; i++) {
        const option_row *row = &OPTION_TABLE[i];
        if ((row->commands & command->id) == 0) continue;
        fprintf(out, " --%s", row->name);
        if (row->letter != 0) fprintf(out, " -%c", row->letter);
    }
}

/* "run:--prompt|run:-p|...": a name may have other values in another command. */
static void bash_pattern(FILE *out, const option_row *row) {
    const char *separator = "        ";
    for (int i = 0; i < N_COMMANDS; i++) {
        if ((row->commands & COMMAND_TABLE[i].id) == 0) continue;
        fprintf(out, "%s%s:--%s", separator, COMMAND_TABLE[i].name, row->name);
        separator = "|";
        if (row->letter != 0) fprintf(out, "|%s:-%c", COMMAND_TABLE[i].name, row->letter);
    }
}

static void bash_values(FILE *out) {
    fputs("    case \"${COMP_WORDS[1]}:$previous\" in\n", out);
    for (int i = 0; i < N_OPTIONS; i++) {
        const option_row *row = &OPTION_TABLE[i];
        if (row->kind == OPTION_FLAG) continue;
        text_buffer words = {0};
        value_words(row, &words);
        bash_pattern(out, row);
        if (is_path(row))
            fputs(") COMPREPLY=( $(compgen -f -- \"$word\") ); return ;;\n", out);
        else if (words.n_bytes == 0)
            fputs(") return ;;\n", out);
        else
            fprintf(out, ") COMPREPLY=( $(compgen -W \"%s\" -- \"$word\") ); return ;;\n", words.bytes);
        text_buffer_free(&words);
    }
    fputs("    esac\n", out);
}

static void print_bash(FILE *out) {
    fputs("# bash completion for sextant\n_sextant() {\n"
          "    local word=\"${COMP_WORDS[COMP_CWORD]}\" previous=\"${COMP_WORDS[COMP_CWORD-1]}\" options=\"\"\n"
          "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n        COMPREPLY=( $(compgen -W \"",
          out);
    for (int i = 0; i < N_COMMANDS; i++) fprintf(out, "%s ", COMMAND_TABLE[i].name);
    fputs("--help --version\" -- \"$word\") )\n        return\n    fi\n", out);
    bash_values(out);
    fputs("    case \"${COMP_WORDS[1]}\" in\n", out);
    for (int i = 0; i < N_COMMANDS; i++) {
        fprintf(out, "        %s) options=\"", COMMAND_TABLE[i].name);
        print_names(out, &COMMAND_TABLE[i]);
        fputs("\" ;;\n", out);
    }
    fputs("    esac\n    case \"$word\" in\n"
          "        -*) COMPREPLY=( $(compgen -W \"$options\" -- \"$word\") ) ;;\n"
          "        *) COMPREPLY=( $(compgen -f -- \"$word\") ) ;;\n"
          "    esac\n}\ncomplete -o filenames -F _sextant sextant\n",
          out);
}

/* Quotes for the inside of '...' in zsh's _arguments and in fish. */
static void print_quoted(FILE *out, const char *text, const char *escaped) {
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            fputs("'\\''", out);
        else {
            if (strchr(escaped, *text) != NULL) fputc('\\', out);
            fputc(*text, out);
        }
    }
}

static void zsh_option(FILE *out, const option_row *row, const char *dashes, const char *name, int length) {
    fprintf(out, "            '*%s%.*s[", dashes, length, name);
    print_quoted(out, row->help, "[]:\\");
    fputc(']', out);
    if (row->kind != OPTION_FLAG) {
        text_buffer words = {0};
        value_words(row, &words);
        fputc(':', out);
        print_quoted(out, row->argument, "[]:\\");
        if (is_path(row))
            fputs(":_files", out);
        else if (words.n_bytes > 0) {
            fputs(":(", out);
            print_quoted(out, words.bytes, ":");
            fputc(')', out);
        } else
            fputs(": ", out);
        text_buffer_free(&words);
    }
    fputs("' \\\n", out);
}

static void print_zsh(FILE *out) {
    fputs("#compdef sextant\n# zsh completion for sextant\n_sextant() {\n    if (( CURRENT == 2 )); then\n"
          "        local -a commands=(\n",
          out);
    for (int i = 0; i < N_COMMANDS; i++) {
        fprintf(out, "            '%s:", COMMAND_TABLE[i].name);
        print_quoted(out, COMMAND_TABLE[i].summary, ":");
        fputs("'\n", out);
    }
    fputs("        )\n        _describe command commands\n        return\n    fi\n    case $words[2] in\n",
          out);
    for (int i = 0; i < N_COMMANDS; i++) {
        fprintf(out, "        %s) shift words; (( CURRENT-- )); _arguments \\\n", COMMAND_TABLE[i].name);
        for (int k = 0; k < N_OPTIONS; k++) {
            const option_row *row = &OPTION_TABLE[k];
            if ((row->commands & COMMAND_TABLE[i].id) == 0) continue;
            zsh_option(out, row, "--", row->name, (int)strlen(row->name));
            if (row->letter != 0) zsh_option(out, row, "-", &row->letter, 1);
        }
        fputs("            '*:file:_files' ;;\n", out);
    }
    fputs("    esac\n}\n_sextant \"$@\"\n", out);
}

static void fish_option(FILE *out, const command_row *command, const option_row *row) {
    text_buffer words = {0};
    value_words(row, &words);
    fprintf(out, "complete -c sextant -n '__fish_seen_subcommand_from %s' -l %s", command->name, row->name);
    if (row->letter != 0) fprintf(out, " -s %c", row->letter);
    if (row->kind != OPTION_FLAG) fputs(is_path(row) ? " -r -F" : " -x", out);
    if (words.n_bytes > 0) fprintf(out, " -a '%s'", words.bytes);
    fputs(" -d '", out);
    for (const char *c = row->help; *c != '\0'; c++) {
        if (*c == '\'' || *c == '\\') fputc('\\', out);
        fputc(*c, out);
    }
    fputs("'\n", out);
    text_buffer_free(&words);
}

static void print_fish(FILE *out) {
    fputs("# fish completion for sextant\n", out);
    for (int i = 0; i < N_COMMANDS; i++)
        fprintf(out, "complete -c sextant -n __fish_use_subcommand -f -a %s -d '%s'\n", COMMAND_TABLE[i].name,
                COMMAND_TABLE[i].summary);
    for (int i = 0; i < N_COMMANDS; i++)
        for (int k = 0; k < N_OPTIONS; k++)
            if ((OPTION_TABLE[k].commands & COMMAND_TABLE[i].id) != 0)
                fish_option(out, &COMMAND_TABLE[i], &OPTION_TABLE[k]);
}

void help_completions(const char *shell, FILE *out) {
    if (strcmp(shell, "zsh") == 0)
        print_zsh(out);
    else if (strcmp(shell, "fish") == 0)
        print_fish(out);
    else
        print_bash(out);
}
