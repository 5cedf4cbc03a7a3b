#include "command.h"

#include "convert_random.h"
#include "exit_code.h"
#include "interrupt.h"
#include "json_document.h"
#include "message.h"
#include "progress.h"
#include "replaced_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void tell_misfits(const sxt_convert_report *report) {
    if (report->n_misfits > 1)
        message_line("%s, and %lld more", report->misfit, (long long)report->n_misfits - 1);
    else if (report->n_misfits == 1)
        message_line("%s", report->misfit);
}

static void tell(const option_values *options, const char *input, const char *output,
                 const sxt_convert_report *report, double seconds) {
    struct stat status = {0};
    stat(output, &status);
    tell_misfits(report);
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
    document_put_integer(document, "tensors", report->n_tensors);
    document_put_integer(document, "misfits", report->n_misfits);
    document_put_real(document, "seconds", seconds);
    document_print(document);
}

/* What the library would tell as any other fault of a file, or replace. */
static int check_paths(const char *input, const char *output) {
    struct stat status;
    if (stat(input, &status) != 0)
        return message_error(EXIT_CODE_MODEL, "%s: %s; give a GGUF file or a Hugging Face folder", input,
                             strerror(errno));
    return replaced_file_check("", output);
}

int command_convert(const option_values *options) {
    if (options->random_config != NULL) return convert_random(options);
    if (options->vocab != NULL) return message_error(EXIT_CODE_USAGE, "--vocab is for --random CONFIG.json");
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
    sxt_convert_params params = sxt_convert_params_default();
    sxt_convert_report report;
    params.type = options->type;
    params.pure = options->pure;
    params.n_threads = (int32_t)options->threads;
    params.progress = progress_report;
    params.progress_user = &line;
    char *target = replaced_file_target(output);
    sxt_status status = sxt_convert(input, target, &params, &report, &error);
    free(target);
    interrupt_release();
    progress_end(&line);
    if (status != SXT_OK) {
        code = message_library_error(&error);
        return status == SXT_E_FORMAT ? EXIT_CODE_MODEL : code;
    }
    tell(options, input, output, &report, clock_seconds() - started);
    return EXIT_CODE_OK;
}
