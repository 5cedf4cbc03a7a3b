#!/bin/sh
# What a user of the library does: install, build the example through pkg-config (shared and static) and
# through CMake, and ask the sample model. The tree is moved first: nothing in it may know where it was.
set -eu
cc=${CC:-cc}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
tools/novel_with_key.sh 73914 >"$dir/pages.txt"

answers() { # program: the answer must begin with the key
    "$1" models/tiny-f16.gguf "$dir/pages.txt" 'What is the pass key? The pass key is' >"$dir/answer.txt"
    case $(tr -d ' ' <"$dir/answer.txt") in
    73914*) echo "$2: fine" ;;
    *)
        echo "$2: wrong answer: $(cat "$dir/answer.txt")"
        exit 1
        ;;
    esac
}

cmake --install "$SEXTANT_BUILD_DIR" --prefix "$dir/first" >/dev/null
mv "$dir/first" "$dir/prefix"
pc=$(find "$dir/prefix" -name sextant.pc)
lib=$(dirname "$(dirname "$pc")")
PKG_CONFIG_PATH=$lib/pkgconfig
export PKG_CONFIG_PATH
warnings='-std=c11 -Wall -Wextra -Wpedantic -Werror'

# shellcheck disable=SC2046,SC2086 # lists of flags
$cc $warnings examples/ask.c $(pkg-config --cflags --libs sextant) "-Wl,-rpath,$lib" -o "$dir/shared"
readelf -d "$dir/shared" | grep -q 'NEEDED.*\[libsextant.so.1\]'
answers "$dir/shared" "pkg-config, shared"

# shellcheck disable=SC2046,SC2086
$cc $warnings examples/ask.c $(pkg-config --cflags sextant) "$lib/libsextant.a" \
    $(pkg-config --static --libs sextant | sed 's/-lsextant//') -o "$dir/static"
if readelf -d "$dir/static" | grep -q libsextant; then
    echo "the static program needs the shared library"
    exit 1
fi
answers "$dir/static" "pkg-config, static"

mkdir "$dir/consumer"
cp examples/ask.c "$dir/consumer"
cat >"$dir/consumer/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.22)
project(consumer LANGUAGES C)
find_package(sextant 1.0 REQUIRED CONFIG)
foreach(kind IN ITEMS sextant static)
  add_executable(ask_${kind} ask.c)
  target_link_libraries(ask_${kind} PRIVATE sextant::${kind})
endforeach()
END
if ! {
    cmake -G Ninja -S "$dir/consumer" -B "$dir/consumer/build" -DCMAKE_PREFIX_PATH="$dir/prefix" \
        -DCMAKE_C_COMPILER="$cc" && cmake --build "$dir/consumer/build"
} >"$dir/log" 2>&1; then
    cat "$dir/log"
    exit 1
fi
answers "$dir/consumer/build/ask_sextant" "CMake, shared"
answers "$dir/consumer/build/ask_static" "CMake, static"

if [ -n "${SEXTANT_BIN:-}" ]; then
    # The program finds its library beside itself; the loader needs /proc to know where that is.
    [ -e /proc/self/exe ] || export LD_LIBRARY_PATH="$lib"
    "$dir/prefix/bin/sextant" --version
fi
test -e "$dir/prefix/include/sextant.h"
test "$(wc -l <examples/ask.c)" -le 60
