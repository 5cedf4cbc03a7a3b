/* What the process returns; documented in `sextant help` and the man page. */
#ifndef SEXTANT_CLI_EXIT_CODE_H
#define SEXTANT_CLI_EXIT_CODE_H

enum {
    EXIT_CODE_OK = 0,
    EXIT_CODE_FAILURE = 1,      /* a file, the memory, a write: the run failed */
    EXIT_CODE_USAGE = 2,        /* a command, flag, value, plan or prompt that cannot be used */
    EXIT_CODE_MODEL = 3,        /* the model is missing, damaged or not supported */
    EXIT_CODE_INTERRUPTED = 130 /* Ctrl-C */
};

#endif
