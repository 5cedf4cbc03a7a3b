#!/bin/sh
# Runs a test at one CPU level; skips it where the build or the CPU does not have that. usage: at_level.sh LEVEL COMMAND...
set -eu
level=$1
shift
"$SEXTANT_BIN" version --json | tr -d ' \n' | grep -q "\"kernels\":\[[^]]*\"$level\"" || {
    echo "SKIP: this CPU or build does not have the level $level"
    exit 77
}
SEXTANT_KERNEL=$level
export SEXTANT_KERNEL
exec "$@"
