#!/bin/sh
# Prints the first pages of the sample novel with a pass key hidden in them: the document of the demo and of
# the tests. 26 lines are about four times the sample model's trained window.
# usage: novel_with_key.sh [KEY [LINES]]
set -eu
key=${1:-73914}
lines=${2:-26}
novel=$(dirname "$0")/../models/PrideAndPrejudice.txt
awk -v key="$key" -v lines="$lines" '
    BEGIN {
        print "There is an important info hidden inside a lot of irrelevant text. Find it and memorize it." \
              " I will quiz you about the important information there."
    }
    /^It is a truth universally acknowledged/ { first = NR }
    first && NR >= first + lines { exit }
    first && /^[][]$/ { next } # remains of pictures
    first { print }
    first && NR == first + int(lines / 4) {
        print "The pass key is " key ". Remember it. " key " is the pass key."
    }' "$novel"
