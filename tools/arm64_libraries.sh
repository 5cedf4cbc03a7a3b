#!/bin/sh
# Downloads the libraries that Sextant needs as Debian's arm64 packages and unpacks them into FOLDER/root, for the
# cross build. Nothing is installed: apt works on lists of its own inside FOLDER. usage: arm64_libraries.sh FOLDER
set -eu
packages="libcmocka-dev libcmocka0 libpcre2-dev libpcre2-8-0 libjansson-dev libjansson4 libutf8proc-dev
    libutf8proc2 libxxhash-dev libxxhash0"
[ ! -e "$1/complete" ] || exit 0
if ! { command -v apt-get && command -v dpkg-deb; } >/dev/null; then
    echo "arm64_libraries: this is not Debian" >&2
    exit 1
fi
rm -rf "$1"
mkdir -p "$1/root" "$1/apt/state/lists/partial" "$1/apt/cache/archives/partial"
cd "$1"
apt_arm64() {
    timeout 300 apt-get -q -o Dir::State="$PWD/apt/state" -o Dir::State::status=/dev/null -o Dir::Cache="$PWD/apt/cache" \
        -o APT::Architecture=arm64 -o APT::Architectures::=arm64 -o APT::Sandbox::User= -o Acquire::Retries=1 \
        -o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20 "$@"
}
apt_arm64 update
# shellcheck disable=SC2086 # a list of words
apt_arm64 download $packages
for package in ./*.deb; do dpkg-deb -x "$package" root; done
rm -rf apt ./*.deb
touch complete
