#!/bin/sh
# Succeeds when clang can link a libFuzzer target.
set -eu
printf '#include <stddef.h>\n#include <stdint.h>\nint LLVMFuzzerTestOneInput(const uint8_t *d, size_t n) { return d && n ? 0 : 0; }\n' |
    clang -fsanitize=fuzzer,address -x c - -o /dev/null 2>/dev/null
