#!/bin/sh
# Writes docs/sample_report/: the report on the sample model, with a plan that cuts the window as the planted failure, and two
# of its pictures. usage: sample_report.sh [SEXTANT], the command; build/release/sextant without it
set -eu
cd "$(dirname "$0")/.."
sextant=${1:-build/release/sextant}
model=models/tiny-f16.gguf
keys=models/passkey.jsonl
lengths=128,256,512,1k,2k
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$sextant" report -m $model -f models/PrideAndPrejudice.txt --keys $keys --lengths $lengths --windows 8 \
    --task passkey --needle-trials 2 -o "$folder/docs" \
    --plans 'none; auto; self-extend:group=8,window=64; self-extend:group=16,window=64; window:window=64'
# The command on the page names the folder that readers see.
sed "s|$folder/docs|docs/sample_report|g" "$folder/docs/report.html" >docs/sample_report/report.html
"$sextant" perplexity -m $model -f models/PrideAndPrejudice.txt --lengths $lengths --extend none --extend auto \
    --extend window:window=64 --picture docs/sample_report/perplexity.png >"$folder/table"
"$sextant" passkey -m $model --file $keys --extend none --extend auto --extend window:window=64 \
    --picture docs/sample_report/keys.png >"$folder/table"
