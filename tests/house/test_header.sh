#!/bin/sh
# The public header compiles alone, twice, as C99, C11 and C++17, with every warning on.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
printf '#include "sextant.h"\n#include "sextant.h"\nint main(void) { return sxt_version() == 0; }\n' >"$dir/alone.c"
for standard in c99 c11; do
    "${CC:-cc}" -std=$standard -Wall -Wextra -Wpedantic -Werror -Iinclude -fsyntax-only "$dir/alone.c"
    echo "$standard: fine"
done
for cxx in g++ clang++; do
    # A compiler driver without its C++ library cannot compile any C++.
    if printf '#include <cstdint>\n' | "$cxx" -x c++ -fsyntax-only - 2>/dev/null; then
        "$cxx" -std=c++17 -Wall -Wextra -Wpedantic -Werror -Iinclude -fsyntax-only -x c++ "$dir/alone.c"
        echo "c++17 ($cxx): fine"
        exit 0
    fi
done
echo "SKIP: no C++ compiler; C99 and C11 are fine"
exit 77
