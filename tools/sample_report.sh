#!/bin/sh
# Writes docs/sample_report/report.html: the report on the sample model, with a plan that cuts the window as the planted
# failure. usage: sample_report.sh [SEXTANT], the command; build/release/sextant without it
set -eu
cd "$(dirname "$0")/.."
sextant=${1:-build/release/sextant}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$sextant" report -m models/tiny-f16.gguf -f models/PrideAndPrejudice.txt --lengths 256,512,1k,2k --windows 8 \
    --trials 8 --plans 'none; auto; window:window=64' -o "$folder/docs"
mkdir -p docs/sample_report
# The command on the page names the folder that readers see.
sed "s|$folder/docs|docs/sample_report|g" "$folder/docs/report.html" >docs/sample_report/report.html
