/* The choice of a level: by the CPU, or by SEXTANT_KERNEL where it names one that the CPU has. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "kernel/every_level.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Whether a fresh process with this setting (NULL: none) uses the level. */
static bool uses(const char *setting, const char *name) {
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (setting)
            setenv("SEXTANT_KERNEL", setting, 1);
        else
            unsetenv("SEXTANT_KERNEL");
        _exit(strcmp(sxt_kernels_get()->name, name) == 0 ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void test_names(void **state) {
    (void)state;
    assert_non_null(sxt_kernels_find("scalar"));
    assert_string_equal(sxt_kernels_find("scalar")->name, "scalar");
    assert_null(sxt_kernels_find("nonsense"));
    assert_null(sxt_kernels_find(NULL));
}

static void test_setting(void **state) {
    (void)state;
    const sxt_kernels *level[MAX_LEVELS];
    const char *best = level[levels(level) - 1]->name;
    assert_true(uses(NULL, best));
    assert_true(uses("scalar", "scalar"));
    assert_true(uses("nonsense", best));
    assert_true(uses(best, best));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_setting), /* first: the others may already have chosen */
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
