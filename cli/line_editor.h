/* Lines typed by a person: editing and history on a terminal, plain lines from anything else. */
#ifndef SEXTANT_CLI_LINE_EDITOR_H
#define SEXTANT_CLI_LINE_EDITOR_H

typedef struct line_editor line_editor;

line_editor *line_editor_open(void);
/* The next line without its end, released with free(); NULL at the end of the input. Ctrl-C empties it. */
char *line_editor_read(line_editor *editor, const char *prompt);
/* Saves the history. */
void line_editor_close(line_editor *editor);

/* "libedit" or "none". */
const char *line_editor_name(void);

#endif
