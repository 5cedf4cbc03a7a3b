/* sextant: finds the command, reads its options, runs it, and makes sure its output arrived. */
#include "command.h"
#include "exit_code.h"
#include "help.h"
#include "interrupt.h"
#include "kernel_levels.h"
#include "message.h"
#include "nearest.h"
#include "preset.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int unknown_command(const char *name) {
    nearest search = nearest_to(name);
    for (int i = 0; i < N_COMMANDS; i++) nearest_offer(&search, COMMAND_TABLE[i].name);
    if (search.best != NULL)
        return message_error(EXIT_CODE_USAGE,
                             "unknown command '%s'; did you mean '%s'? 'sextant help' lists them", name,
                             search.best);
    return message_error(EXIT_CODE_USAGE, "unknown command '%s'; 'sextant help' lists the commands", name);
}

/* A full disk is a failure; a reader that has gone (head, less) is a quiet end. */
static int finish_output(int code) {
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout)) return code;
    int reason = errno;
    struct pollfd reader = {.fd = STDOUT_FILENO, .events = POLLOUT, .revents = 0};
    if (code == EXIT_CODE_OK) code = EXIT_CODE_FAILURE;
    if (reason == EPIPE || (poll(&reader, 1, 0) == 1 && (reader.revents & POLLERR) != 0)) return code;
    return message_error(code, "cannot write to standard output: %s; make room there",
                         reason != 0 ? strerror(reason) : "write error");
}

static int run_command(const command_row *command, int argc, char **argv) {
    option_values options;
    int code = options_parse(command, argc, argv, &options);
    if (code == EXIT_CODE_OK && options.help) {
        help_command(command, stdout);
    } else if (code == EXIT_CODE_OK) {
        code = preset_apply(&options);
        if (code == EXIT_CODE_OK) code = command->run(&options);
    }
    options_free(&options);
    return finish_output(code);
}

int main(int argc, char **argv) {
    interrupt_install();
    if (argc < 2) {
        help_overview(stderr);
        return EXIT_CODE_USAGE;
    }
    const char *name = argv[1];
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) name = "help";
    if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) name = "version";
    const command_row *command = command_find(name);
    if (command == NULL) return unknown_command(argv[1]);
    kernel_levels_warn();
    return run_command(command, argc - 1, argv + 1);
}
