/* One line goes to the program, one comes back: it reads a line to its end before it writes, so neither side
 * can wait for the other. Words never reach over white space, so that a text whose line feeds have become
 * blanks is cut as it would have been with them, and a blank can stand between words. */
#include "eval/segmenter.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct segmenter {
    pid_t process; /* leads a process group of its own: Ctrl-C is not for it */
    int channel;   /* its standard input and output */
};

/* Isolated: neither the current folder nor PYTHON* variables say what `jieba` is. */
static bool spawn(const char *python, int channel, pid_t *process) {
    const char *const arguments[] = {python, "-I", "-X", "utf8", "-u", "-m", "jieba", "-q", "-d", " ", NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t how;
    if (posix_spawn_file_actions_init(&files) != 0) return false;
    if (posix_spawnattr_init(&how) != 0) {
        posix_spawn_file_actions_destroy(&files);
        return false;
    }
    bool good = posix_spawn_file_actions_adddup2(&files, channel, STDIN_FILENO) == 0 &&
                posix_spawn_file_actions_adddup2(&files, channel, STDOUT_FILENO) == 0 &&
                posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0) == 0 &&
                posix_spawnattr_setpgroup(&how, 0) == 0 &&
                posix_spawnattr_setflags(&how, POSIX_SPAWN_SETPGROUP) == 0 &&
                posix_spawnp(process, python, &files, &how, (char *const *)arguments, environ) == 0;
    posix_spawnattr_destroy(&how);
    posix_spawn_file_actions_destroy(&files);
    return good;
}

static bool send_all(int channel, text_span bytes) {
    while (bytes.n > 0) {
        ssize_t sent = send(channel, bytes.bytes, bytes.n, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent <= 0) return false;
        bytes = text_cut(bytes, (size_t)sent, bytes.n);
    }
    return true;
}

/* Up to a line feed, which ends what is there to be read and is left out. */
static bool receive_line(int channel, text_made *line) {
    char bytes[4096];
    for (;;) {
        ssize_t n = recv(channel, bytes, sizeof bytes, 0);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        const bool ends = bytes[n - 1] == '\n';
        text_made_add(line, (text_span){bytes, (size_t)n - ends});
        if (line->failed || ends) return !line->failed;
    }
}

static bool next_letter(text_span *rest, int32_t *c) {
    while (rest->n > 0) {
        *c = text_next(rest);
        if (!character_is_space(*c)) return true;
    }
    return false;
}

static bool same_letters(text_span a, text_span b) {
    int32_t x, y;
    while (next_letter(&a, &x))
        if (!next_letter(&b, &y) || x != y) return false;
    return !next_letter(&b, &y);
}

bool segmenter_cut(segmenter *s, text_span text, text_made *words) {
    text_made line = {0}, answer = {0};
    text_made_add(&line, text);
    text_made_add(&line, text_span_of("\n"));
    for (size_t i = 0; i + 1 < line.n; i++)
        if (line.bytes[i] == '\n' || line.bytes[i] == '\r') line.bytes[i] = ' ';
    bool good = !line.failed && send_all(s->channel, text_made_span(&line)) &&
                receive_line(s->channel, &answer) && same_letters(text, text_made_span(&answer));
    if (good) text_made_add(words, text_made_span(&answer));
    text_made_free(&line);
    text_made_free(&answer);
    return good && !words->failed;
}

/* jieba's own example. */
static bool works(segmenter *s) {
    text_made words = {0};
    bool good = segmenter_cut(s, text_span_of("我来到北京清华大学"), &words) &&
                text_equal(text_made_span(&words), text_span_of("我 来到 北京 清华大学"));
    text_made_free(&words);
    return good;
}

static segmenter *start(const char *python) {
    int ends[2];
    segmenter *s = malloc(sizeof *s);
    if (s == NULL || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        free(s);
        return NULL;
    }
    s->channel = ends[0];
    bool good = spawn(python, ends[1], &s->process);
    close(ends[1]);
    if (good && works(s)) return s;
    if (!good) s->process = 0;
    segmenter_stop(s);
    return NULL;
}

segmenter *segmenter_start(const char *python) {
    if (python != NULL) return start(python);
    segmenter *s = start("python3");
    return s != NULL ? s : start("/usr/bin/python3");
}

void segmenter_stop(segmenter *s) {
    if (s == NULL) return;
    close(s->channel);
    if (s->process > 0) {
        kill(-s->process, SIGKILL);
        while (waitpid(s->process, NULL, 0) < 0 && errno == EINTR) continue;
    }
    free(s);
}
