#include "interrupt.h"

#include "exit_code.h"

#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

/* A signal handler can only see statics. */
static atomic_bool is_watching, is_pending;
static _Atomic(sxt_session *) watched;

static void on_interrupt(int number) {
    (void)number;
    if (!atomic_load(&is_watching) || atomic_exchange(&is_pending, true)) _exit(EXIT_CODE_INTERRUPTED);
    sxt_session *session = atomic_load(&watched);
    if (session != NULL) sxt_session_cancel(session);
}

static void on_bus_error(int number) {
    static const char text[] = "sextant: error: a mapped file became shorter while it was read; restore it\n";
    (void)number;
    ssize_t written = write(STDERR_FILENO, text, sizeof text - 1);
    (void)written;
    _exit(EXIT_CODE_MODEL);
}

/* Leaves alone what somebody chose before us: nohup's SIG_IGN, a sanitizer's handler. */
static void install(int number, void (*handler)(int)) {
    struct sigaction action = {0}, before;
    if (sigaction(number, NULL, &before) != 0) return;
    if ((before.sa_flags & SA_SIGINFO) != 0 || before.sa_handler != SIG_DFL) return;
    action.sa_handler = handler;
    sigemptyset(&action.sa_mask);
    sigaction(number, &action, NULL);
}

void interrupt_install(void) {
    install(SIGINT, on_interrupt);
    install(SIGBUS, on_bus_error);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
}

void interrupt_watch(sxt_session *session) {
    atomic_store(&watched, session);
    atomic_store(&is_watching, true);
}

void interrupt_release(void) {
    atomic_store(&is_watching, false);
    atomic_store(&watched, NULL);
}

bool interrupted(void) { return atomic_load(&is_pending); }

void interrupt_forget(void) { atomic_store(&is_pending, false); }
