#include "command.h"

#include "exit_code.h"
#include "interrupt.h"
#include "json_document.h"
#include "message.h"
#include "progress.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static sxt_type type_of(const char *name) {
    static const struct {
        const char *name;
        sxt_type type;
    } types[] = {{"f32", SXT_TYPE_F32},
                 {"f16", SXT_TYPE_F16},
                 {"bf16", SXT_TYPE_BF16},
                 {"q8_0", SXT_TYPE_Q8_0},
                 {"q4_0", SXT_TYPE_Q4_0}};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (strcmp(types[i].name, name) == 0) return types[i].type;
    return SXT_TYPE_F16;
}

static void tell(const option_values *options, const char *input, const char *output, double seconds) {
    struct stat status = {0};
    stat(output, &status);
    if (!options->json) {
        message_line("wrote %s, %s, %.1f MiB in %.1f s", output, options->type,
                     (double)status.st_size / 1048576, seconds);
        return;
    }
    json_document *document = document_object();
    document_put_text(document, "input", input);
    document_put_text(document, "output", output);
    document_put_text(document, "type", options->type);
    document_put_integer(document, "bytes", status.st_size);
    document_put_real(document, "seconds", seconds);
    document_print(document);
}

/* What the library would tell as any other fault of a file, or replace: a pipe, /dev/null. */
static int check_paths(const char *input, const char *output) {
    struct stat status;
    if (stat(input, &status) != 0)
        return message_error(EXIT_CODE_MODEL, "%s: %s; give a GGUF file or a Hugging Face folder", input,
                             strerror(errno));
    if (stat(output, &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode))
        return message_error(EXIT_CODE_USAGE, "%s is not a regular file; give the name of a file to write",
                             output);
    return EXIT_CODE_OK;
}

int command_convert(const option_values *options) {
    if (options->n_positional != 2)
        return message_error(EXIT_CODE_USAGE,
                             "convert needs a model and a file to write: sextant convert IN OUT.gguf");
    const char *input = options->positional[0], *output = options->positional[1];
    int code = check_paths(input, output);
    if (code != EXIT_CODE_OK) return code;
    sxt_error error;
    progress line = progress_start("converting", "tensors");
    double started = clock_seconds();
    interrupt_watch(NULL);
    sxt_status status = sxt_convert(input, output, type_of(options->type), progress_report, &line, &error);
    interrupt_release();
    progress_end(&line);
    if (status != SXT_OK) {
        code = message_library_error(&error);
        return status == SXT_E_FORMAT ? EXIT_CODE_MODEL : code;
    }
    tell(options, input, output, clock_seconds() - started);
    return EXIT_CODE_OK;
}
