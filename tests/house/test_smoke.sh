#!/bin/sh
# One pass through every command on the sample model. Also run under the sanitizers, so nothing here is long.
set -eu
sextant=$SEXTANT_BIN
model=models/tiny-f16.gguf
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
question='What is the pass key? The pass key is'
tools/novel_with_key.sh 73914 >"$dir/pages.txt"
head -c 12000 models/PrideAndPrejudice.txt >"$dir/novel.txt"

fails() { # exit code, words on stderr, command...
    code=0
    wanted=$1 words=$2
    shift 2
    "$@" >"$dir/out" 2>"$dir/err" || code=$?
    if [ "$code" != "$wanted" ] || ! grep -q -- "$words" "$dir/err" || [ "$(wc -l <"$dir/err")" -gt 3 ]; then
        echo "wanted exit code $wanted and '$words' on stderr, got $code and: $(cat "$dir/err")"
        echo "  from: $*"
        exit 1
    fi
}

"$sextant" --version
"$sextant" --help >/dev/null
"$sextant" info "$model" | grep -q 256
"$sextant" methods -m "$model" | grep -q unbounded
"$sextant" tokenize -m "$model" -p 'Hello, world' --json >/dev/null
"$sextant" run -m "$model" -f "$dir/pages.txt" -p "$question" -n 8 --session "$dir/session" 2>/dev/null | tr -d ' ' | grep -q '^73914'
"$sextant" run -m "$model" -f "$dir/pages.txt" -p "$question" -n 8 --session "$dir/session" 2>/dev/null | tr -d ' ' | grep -q '^73914'
"$sextant" logits -m "$model" -p 'It is a truth' --all -o "$dir/logits.npy"
"$sextant" perplexity -m "$model" -f "$dir/novel.txt" --lengths 128,300 --windows 2 --json >/dev/null
"$sextant" passkey -m "$model" --lengths 128 --depths 0.5 --trials 1 --json >/dev/null
"$sextant" convert "$model" "$dir/small.gguf" --type q8_0 2>/dev/null
"$sextant" run -m "$dir/small.gguf" -p 'It is a truth' -n 4 >/dev/null 2>&1

fails 3 "missing.gguf" "$sextant" run -m "$dir/missing.gguf" -p x
head -c 100000 "$model" >"$dir/cut.gguf"
fails 3 "cut.gguf" "$sextant" run -m "$dir/cut.gguf" -p x
fails 2 "self-extend" "$sextant" run -m "$model" -p x --extend self-exten
fails 2 "group" "$sextant" run -m "$model" -p x --extend self-extend:group=0
echo "every command runs"
