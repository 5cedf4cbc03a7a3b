#!/bin/sh
# Runs every fuzz target once over its seed corpus. usage: replay_corpora.sh BUILD_FOLDER
set -eu
count=0
for target in "$1"/fuzz/fuzz_*; do
    if [ -d "$target" ] || [ ! -x "$target" ]; then continue; fi
    name=$(basename "$target")
    corpus=fuzz/corpus/${name#fuzz_}
    [ -d "$corpus" ] || {
        echo "replay: $name has no corpus in $corpus" >&2
        exit 1
    }
    "$target" -runs=0 -timeout=20 "$corpus" >"$1/$name.log" 2>&1 || {
        tail -n 30 "$1/$name.log" >&2
        echo "replay: $name failed" >&2
        exit 1
    }
    echo "$name: $(find "$corpus" -type f | wc -l) inputs, no fault"
    count=$((count + 1))
done
[ "$count" -gt 0 ] || {
    echo "replay: no fuzz targets in $1/fuzz" >&2
    exit 1
}
