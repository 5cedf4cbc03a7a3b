#include "text_output.h"

#include <stdio.h>
#include <unistd.h>

text_output text_output_open(void) {
    return (text_output){.is_terminal = isatty(STDOUT_FILENO) != 0, .ends_line = true};
}

static bool deliver(text_output *output, const char *bytes, size_t n_bytes) {
    if (n_bytes == 0) return true;
    output->ends_line = bytes[n_bytes - 1] == '\n';
    if (fwrite(bytes, 1, n_bytes, stdout) != n_bytes || fflush(stdout) != 0) output->failed = true;
    return !output->failed;
}

/* A pipe gets the bytes as they are, but characters whole all the same: a reader shows them as they come. */
static bool write_whole(text_output *output, bool at_end) {
    text_buffer visible = {0};
    size_t used =
        text_buffer_add_visible(&visible, output->held.bytes, output->held.n_bytes, VISIBLE_TEXT, at_end);
    bool good = output->is_terminal ? deliver(output, visible.bytes, visible.n_bytes)
                                    : deliver(output, output->held.bytes, used);
    text_buffer rest = {0};
    text_buffer_add(&rest, output->held.bytes + used, output->held.n_bytes - used);
    text_buffer_free(&output->held);
    text_buffer_free(&visible);
    output->held = rest;
    return good;
}

bool text_output_write(text_output *output, const char *bytes, size_t n_bytes) {
    text_buffer_add(&output->held, bytes, n_bytes);
    return write_whole(output, false);
}

bool text_output_close(text_output *output) {
    text_buffer_add(&output->held, "", 0);
    write_whole(output, true);
    text_buffer_free(&output->held);
    if (!output->failed && output->is_terminal && !output->ends_line) deliver(output, "\n", 1);
    return !output->failed;
}
