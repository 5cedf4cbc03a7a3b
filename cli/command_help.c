#include "command.h"

#include "exit_code.h"
#include "help.h"
#include "message.h"
#include "nearest.h"

int command_help(const option_values *options) {
    if (options->man)
        help_man_page(stdout);
    else if (options->completions != NULL)
        help_completions(options->completions, stdout);
    else if (options->n_positional == 0)
        help_overview(stdout);
    else {
        const char *name = options->positional[0];
        const command_row *command = command_find(name);
        nearest search = nearest_to(name);
        for (int i = 0; i < N_COMMANDS; i++) nearest_offer(&search, COMMAND_TABLE[i].name);
        if (command == NULL && search.best != NULL)
            return message_error(EXIT_CODE_USAGE, "no command '%s'; did you mean '%s'?", name, search.best);
        if (command == NULL)
            return message_error(EXIT_CODE_USAGE, "no command '%s'; 'sextant help' lists them", name);
        help_command(command, stdout);
    }
    return EXIT_CODE_OK;
}
