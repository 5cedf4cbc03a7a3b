# Sourced by ./demo and ./check: finds out what is missing and, on Debian as root, installs it.
# POSIX sh; every line is one need: the Debian package, its common name, and a test whether it is there.

missing_packages=
missing_names=

need() { # package, common name, test
    eval "$3" >/dev/null 2>&1 && return
    missing_packages="$missing_packages $1"
    missing_names="$missing_names
  $2"
}

compiler() { command -v cc || command -v gcc || command -v clang; }
compiles() { printf '#include <stdio.h>\nint main(void) { return 0; }\n' | "$(compiler)" -x c - -o /dev/null; }
library() { pkg-config --exists "$1"; }
jieba() { /usr/bin/python3 -c 'import jieba' || python3 -c 'import jieba'; }
numpy() { /usr/bin/python3 -c 'import numpy' || python3 -c 'import numpy'; }

need_for_build() {
    need cmake "CMake 3.22 or later" "command -v cmake"
    need ninja-build "Ninja" "command -v ninja"
    need "gcc libc6-dev" "a C11 compiler (GCC 12 or Clang 14, or later) with the C library's headers" compiles
    need pkg-config "pkg-config" "command -v pkg-config"
    need libpcre2-dev "PCRE2, 8-bit, with headers" "library libpcre2-8"
    need libjansson-dev "Jansson, with headers" "library jansson"
    need libutf8proc-dev "utf8proc, with headers" "library libutf8proc"
    need libxxhash-dev "xxHash, with headers" "library libxxhash"
    need libcairo2-dev "cairo, with headers" "library cairo"
    need libsqlite3-dev "SQLite 3, with headers" "library sqlite3"
    need libedit-dev "libedit, with headers" "library libedit"
}

need_for_tests() {
    need libcmocka-dev "cmocka, with headers" "library cmocka"
    need "python3 python3-numpy" "Python 3 with NumPy" numpy
    need python3-jieba "jieba, which finds Chinese words, for Python 3" jieba
}

# 64-bit ARM, emulated: a compiler, an emulator and libraries that only one step of ./check needs. Where they cannot
# be had that step is left out; prints why.
prepare_arm64() {
    if [ "$(uname -m)" = aarch64 ]; then
        echo "this machine is one, the tests below run on it"
        return 1
    fi
    if ! { command -v aarch64-linux-gnu-gcc && command -v qemu-aarch64; } >/dev/null 2>&1; then
        if [ "$(id -u)" != 0 ] || [ ! -e /etc/debian_version ]; then
            echo "gcc-aarch64-linux-gnu and qemu-user are not installed"
            return 1
        fi
        DEBIAN_FRONTEND=noninteractive
        export DEBIAN_FRONTEND
        if ! { apt-get update -q && apt-get install -y -q --no-install-recommends gcc-aarch64-linux-gnu \
            libc6-dev-arm64-cross qemu-user; } >build/arm64.log 2>&1; then
            echo "gcc-aarch64-linux-gnu and qemu-user could not be installed, see build/arm64.log"
            return 1
        fi
    fi
    if ! sh tools/arm64_libraries.sh build/arm64-libraries >build/arm64.log 2>&1; then
        echo "the arm64 libraries could not be downloaded, see build/arm64.log"
        return 1
    fi
}

# A browser that looks at the report's page, and a reader of what it prints. Where they cannot be had those tests are
# skipped, and say so.
prepare_browser() {
    looks=
    { command -v chromium || command -v chromium-browser || command -v google-chrome; } >/dev/null 2>&1 || looks=chromium
    command -v pdftotext >/dev/null 2>&1 || looks="$looks poppler-utils"
    [ -n "$looks" ] && [ "$(id -u)" = 0 ] && [ -e /etc/debian_version ] && command -v apt-get >/dev/null 2>&1 || return 0
    echo "== Installing $looks, for one test"
    DEBIAN_FRONTEND=noninteractive
    export DEBIAN_FRONTEND
    # shellcheck disable=SC2086 # a list of words
    { apt-get update -q && apt-get install -y -q --no-install-recommends $looks; } >build/browser.log 2>&1 ||
        echo "$looks could not be installed, see build/browser.log"
}

install_missing() {
    [ -n "$missing_packages" ] || return 0
    if ! command -v apt-get >/dev/null 2>&1 || [ ! -e /etc/debian_version ]; then
        echo "$0: this is not Debian; please install, then run $0 again:$missing_names" >&2
        exit 1
    fi
    if [ "$(id -u)" != 0 ]; then
        echo "$0: packages are missing and only root can install them; please run, then run $0 again:" >&2
        echo "  apt-get install --no-install-recommends$missing_packages" >&2
        exit 1
    fi
    echo "== Installing$missing_packages"
    DEBIAN_FRONTEND=noninteractive
    export DEBIAN_FRONTEND
    # shellcheck disable=SC2086 # a list of words
    if ! { apt-get update -q && apt-get install -y -q --no-install-recommends $missing_packages; } >"$setup_log" 2>&1; then
        tail -n 20 "$setup_log" >&2
        echo "$0: the installation failed; the whole log is in $setup_log" >&2
        exit 1
    fi
}

# Quiet unless it fails.
build() { # preset
    echo "== Building ($1)"
    if ! { cmake --preset "$1" && cmake --build --preset "$1"; } >"build/$1.log" 2>&1; then
        grep -n -m 20 -E 'error: |undefined reference|ERROR: |fatal error' "build/$1.log" >&2 || tail -n 40 "build/$1.log" >&2
        echo "$0: the build failed; the whole log is in build/$1.log" >&2
        exit 1
    fi
}

mkdir -p build
setup_log=build/setup.log
