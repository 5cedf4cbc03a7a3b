#include "command.h"

#include "exit_code.h"
#include "json_document.h"
#include "kernel_levels.h"
#include "line_editor.h"
#include "sextant.h"

#include <stdio.h>

int command_version(const option_values *options) {
    uint32_t version = sxt_version();
    char text[32];
    snprintf(text, sizeof text, "%u.%u.%u", version >> 16, version >> 8 & 255, version & 255);
    if (options->json) {
        json_document *document = document_object();
        document_put_text(document, "version", text);
        document_put_text(document, "kernel", sxt_kernel_name());
        document_put(document, "kernels", kernel_levels_document());
        document_put_text(document, "line_editor", line_editor_name());
        document_print(document);
    } else {
        char levels[256];
        printf("sextant %s\nkernel: %s (of %s)\nline editor: %s\n", text, sxt_kernel_name(),
               kernel_levels_text(levels, sizeof levels), line_editor_name());
    }
    return EXIT_CODE_OK;
}
