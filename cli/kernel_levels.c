#include "kernel_levels.h"

#include "message.h"
#include "sextant.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *kernel_levels_text(char *text, size_t n_text) {
    text[0] = '\0';
    for (int i = 0; sxt_kernel_level(i) != NULL; i++) {
        size_t used = strlen(text);
        snprintf(text + used, n_text - used, "%s%s", i > 0 ? ", " : "", sxt_kernel_level(i));
    }
    return text;
}

json_document *kernel_levels_document(void) {
    json_document *array = document_array();
    for (int i = 0; sxt_kernel_level(i) != NULL; i++)
        document_append(array, document_text(sxt_kernel_level(i), strlen(sxt_kernel_level(i))));
    return array;
}

void kernel_levels_warn(void) {
    const char *asked = getenv("SEXTANT_KERNEL");
    char text[256];
    if (asked == NULL || asked[0] == '\0' || strcmp(asked, sxt_kernel_name()) == 0) return;
    message_warning("SEXTANT_KERNEL=%s is not a level of this CPU; using %s of %s", asked, sxt_kernel_name(),
                    kernel_levels_text(text, sizeof text));
}
