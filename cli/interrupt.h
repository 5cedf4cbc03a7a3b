/* Ctrl-C: the first stops the work in hand, the second the process. */
#ifndef SEXTANT_CLI_INTERRUPT_H
#define SEXTANT_CLI_INTERRUPT_H

#include "sextant.h"

/* Also: a reader that goes away, or a limit on the size of files, is an error of write(), and a model file cut
 * short by somebody else ends the process with a message instead of a core. */
void interrupt_install(void);

/* From here on Ctrl-C cancels `session` (may be NULL: then only interrupted() becomes true), until
 * interrupt_release(); outside that it ends the process. */
void interrupt_watch(sxt_session *session);
void interrupt_release(void);

bool interrupted(void);
void interrupt_forget(void);

#endif
