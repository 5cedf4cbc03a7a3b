#!/bin/sh
# Counts and names what did not run: the skipped cases of cmocka and of Python's unittest and the scripts'
# "SKIP: reason" lines in ctest's log, and the steps that check itself left out. usage: list_skipped.sh LastTest.log STEPS
set -eu
awk '
    FILENAME == ARGV[2] { list[++n_skipped] = $0; next }
    /^[0-9]+\/[0-9]+ Testing: / { test = $3; script = 1 }
    /^\[==========\] Running [0-9]+ test/ { script = 0; n_cases += $3 }
    /^\[  SKIPPED \] [^0-9]/ && !seen[test, $4]++ { list[++n_skipped] = test ": " $4 }
    /^Ran [0-9]+ tests? in / { script = 0; n_cases += $2 }
    / \.\.\. skipped / { list[++n_skipped] = test ": " $0 }
    /^SKIP: / && script { list[++n_skipped] = test ": " substr($0, 7); n_cases++; script = 0 }
    /^Test Passed\.|^Test Failed\./ && script { n_cases++ }
    END {
        printf "\n== %d of %d test cases skipped\n", n_skipped, n_cases
        for (i = 1; i <= n_skipped; i++) print "  skipped: " list[i]
    }' "$1" "$2"
