#include "line_editor.h"

#include "interrupt.h"
#include "text_buffer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One line of standard input, however long. Ctrl-C starts it afresh. */
static char *read_plain_line(void) {
    char *line = NULL;
    size_t capacity = 0;
    ssize_t length;
    do {
        errno = 0;
        clearerr(stdin);
        length = getline(&line, &capacity, stdin);
        if (length < 0 && errno == EINTR) interrupt_forget();
    } while (length < 0 && errno == EINTR);
    if (length < 0) {
        free(line);
        return NULL;
    }
    if (length > 0 && line[length - 1] == '\n') line[length - 1] = '\0';
    return line;
}

#ifdef SXT_WITH_EDIT
#include <histedit.h>
#include <locale.h>
#include <sys/stat.h>
#include <wchar.h>

enum { HISTORY_LINES = 1000 };

struct line_editor {
    EditLine *edit; /* NULL: not a terminal */
    History *history;
    char *history_path; /* NULL: nowhere to keep it */
    const char *prompt;
};

const char *line_editor_name(void) { return "libedit"; }

/* Makes the folders above `path`, for the user alone. */
static void make_folders(char *path) {
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(path, 0700);
        *slash = '/';
    }
}

static char *find_history_path(void) {
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    text_buffer path = {0};
    if (state != NULL && state[0] == '/')
        text_buffer_print(&path, "%s/sextant/history", state);
    else if (home != NULL && home[0] == '/')
        text_buffer_print(&path, "%s/.local/state/sextant/history", home);
    else
        return NULL;
    make_folders(path.bytes);
    return path.bytes;
}

static char *show_prompt(EditLine *edit) {
    line_editor *editor = NULL;
    el_get(edit, EL_CLIENTDATA, &editor);
    return (char *)(uintptr_t)editor->prompt;
}

/* Reads one character. Ctrl-C becomes Ctrl-U, which empties the line. */
static int read_character(EditLine *edit, wchar_t *character) {
    mbstate_t state = {0};
    (void)edit;
    for (;;) {
        char byte;
        ssize_t n = interrupted() ? -1 : read(STDIN_FILENO, &byte, 1);
        if (interrupted()) {
            interrupt_forget();
            *character = L'\x15';
            return 1;
        }
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return (int)n;
        size_t length = mbrtowc(character, &byte, 1, &state);
        if (length == (size_t)-1)
            state = (mbstate_t){0};
        else if (length != (size_t)-2)
            return 1;
    }
}

static void open_edit(line_editor *editor) {
    HistEvent event;
    if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO)) return;
    setlocale(LC_CTYPE, "");
    if (MB_CUR_MAX == 1) setlocale(LC_CTYPE, "C.UTF-8");
    editor->edit = el_init("sextant", stdin, stderr, stderr);
    editor->history = history_init();
    if (editor->edit == NULL || editor->history == NULL) return;
    el_set(editor->edit, EL_CLIENTDATA, editor);
    el_set(editor->edit, EL_PROMPT, show_prompt);
    el_set(editor->edit, EL_EDITOR, "emacs");
    el_set(editor->edit, EL_SIGNAL, 0);
    el_set(editor->edit, EL_GETCFN, read_character);
    el_set(editor->edit, EL_HIST, history, editor->history);
    history(editor->history, &event, H_SETSIZE, HISTORY_LINES);
    history(editor->history, &event, H_SETUNIQUE, 1);
    editor->history_path = find_history_path();
    if (editor->history_path != NULL) history(editor->history, &event, H_LOAD, editor->history_path);
}

line_editor *line_editor_open(void) {
    line_editor *editor = must_allocate(sizeof *editor);
    *editor = (line_editor){0};
    open_edit(editor);
    return editor;
}

char *line_editor_read(line_editor *editor, const char *prompt) {
    if (editor->edit == NULL) return read_plain_line();
    HistEvent event;
    int length = 0;
    editor->prompt = prompt;
    el_set(editor->edit, EL_PREP_TERM,
           1); /* before the prompt: what is typed in answer to it must reach us raw */
    const char *typed = el_gets(editor->edit, &length);
    if (typed == NULL || length <= 0) {
        fputc('\n', stderr);
        return NULL;
    }
    if (length > 1) history(editor->history, &event, H_ENTER, typed);
    char *line = must_allocate((size_t)length + 1);
    memcpy(line, typed, (size_t)length);
    line[typed[length - 1] == '\n' ? length - 1 : length] = '\0';
    return line;
}

void line_editor_close(line_editor *editor) {
    HistEvent event;
    if (editor->history != NULL && editor->history_path != NULL) {
        mode_t mask = umask(077);
        history(editor->history, &event, H_SAVE, editor->history_path);
        umask(mask);
    }
    if (editor->history != NULL) history_end(editor->history);
    if (editor->edit != NULL) el_end(editor->edit);
    free(editor->history_path);
    free(editor);
}

#else

struct line_editor {
    bool shows_prompt;
};

const char *line_editor_name(void) { return "none"; }

line_editor *line_editor_open(void) {
    line_editor *editor = must_allocate(sizeof *editor);
    editor->shows_prompt = isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
    return editor;
}

char *line_editor_read(line_editor *editor, const char *prompt) {
    if (editor->shows_prompt) fputs(prompt, stderr);
    return read_plain_line();
}

void line_editor_close(line_editor *editor) { free(editor); }

#endif
