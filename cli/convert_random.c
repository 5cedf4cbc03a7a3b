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

static int check(const option_values *options) {
    struct stat status;
    const char *inputs[] = {options->random_config, options->vocab};
    if (options->n_positional != 1 || options->vocab == NULL)
        return message_error(EXIT_CODE_USAGE,
                             "--random needs a vocabulary and one file to write: sextant convert "
                             "--random CONFIG.json --vocab VOCAB.gguf OUT.gguf");
    for (int i = 0; i < 2; i++)
        if (stat(inputs[i], &status) != 0)
            return message_error(EXIT_CODE_MODEL, "%s: %s; give a file that can be read", inputs[i],
                                 strerror(errno));
    return replaced_file_check("", options->positional[0]);
}

static void tell(const option_values *options, double seconds) {
    const char *output = options->positional[0];
    struct stat status = {0};
    stat(output, &status);
    if (!options->json) {
        message_line("wrote %s, random weights as %s, %.1f MiB in %.1f s", output, options->type,
                     (double)status.st_size / 1048576, seconds);
        return;
    }
    json_document *document = document_object();
    document_put_text(document, "config", options->random_config);
    document_put_text(document, "vocab", options->vocab);
    document_put_text(document, "output", output);
    document_put_text(document, "type", options->type);
    document_put_integer(document, "bytes", status.st_size);
    document_put_real(document, "seconds", seconds);
    document_print(document);
}

int convert_random(const option_values *options) {
    int code = check(options);
    if (code != EXIT_CODE_OK) return code;
    sxt_error error;
    progress line = progress_start("making", "tensors");
    double started = clock_seconds();
    sxt_convert_params params = sxt_convert_params_default();
    params.type = options->type;
    params.pure = options->pure;
    params.n_threads = (int32_t)options->threads;
    params.progress = progress_report;
    params.progress_user = &line;
    interrupt_watch(NULL);
    char *target = replaced_file_target(options->positional[0]);
    sxt_status status =
        sxt_convert_random(options->random_config, options->vocab, target, options->seed, &params, &error);
    free(target);
    interrupt_release();
    progress_end(&line);
    if (status == SXT_E_FORMAT) return message_error(EXIT_CODE_MODEL, "%s", error.text);
    if (status != SXT_OK) return message_library_error(&error);
    tell(options, clock_seconds() - started);
    return EXIT_CODE_OK;
}
