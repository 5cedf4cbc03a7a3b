/* Pictures on disk: checked before the work, written whole or not at all after it. */
#ifndef SEXTANT_CLI_EVAL_PICTURE_FILES_H
#define SEXTANT_CLI_EVAL_PICTURE_FILES_H

#include "eval/canvas.h"
#include "options.h"

/* Refuses a name that ends in neither .svg nor .png, and a place where no file can be made, before anything is
 * measured, and a file that is given twice. `option` is what named them: "--picture". Returns an exit code. */
int picture_files_check(const char *option, const choice_list *files);
/* Refuses a file that is among others. Returns an exit code. */
int picture_files_check_apart(const char *option, const choice_list *files, const choice_list *others);

/* Writes the drawing to each file and, where there is a folder (else NULL), to NAME.svg and NAME.png in it, a
 * PNG with two pixels for each unit, and releases it; a drawing of NULL is the `problem` that drawing told.
 * Returns an exit code. */
int picture_files_save(const choice_list *files, const char *folder, const char *name, canvas *drawing,
                       const char *problem);

/* The last part of a path: "tiny-f16.gguf" of "models/tiny-f16.gguf" or of "models/tiny-f16.gguf/". */
void picture_files_base_name(const char *path, char *out, size_t n_out);

#endif
