#!/usr/bin/env python3
"""Lays out what the repository holds of the sample model the way the larger test data lies, so that a bare
clone runs the same tests: a Hugging Face folder, reference logits, pass keys, a held-out novel.

usage: stage_sample.py REPOSITORY OUT_FOLDER"""

import json
import os
import shutil
import subprocess
import sys


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    repo, out = map(os.path.abspath, sys.argv[1:])
    tiny, data = os.path.join(out, "models", "tiny"), os.path.join(repo, "tests", "data", "tiny")
    os.makedirs(os.path.join(tiny, "heldout"), exist_ok=True)
    os.makedirs(os.path.join(tiny, "ref"), exist_ok=True)
    gguf = os.path.join(repo, "models", "tiny-f16.gguf")
    tool = lambda name, *args: subprocess.check_call([sys.executable, os.path.join(repo, "tools", name), *args])
    tool("gguf_to_hf.py", gguf, tiny)
    shutil.copy(gguf, tiny)
    shutil.copy(os.path.join(repo, "models", "PrideAndPrejudice.txt"), os.path.join(tiny, "heldout"))
    for name in ("tokenizer.json", "tokenizer_config.json", "generation_config.json", "perplexity.json", "passkey.jsonl"):
        shutil.copy(os.path.join(data, name), tiny)
    cases = os.path.join(data, "ref.json")
    shutil.copy(cases, os.path.join(tiny, "ref"))
    tool("reference_logits.py", tiny, cases, tiny)
    with open(cases) as f:
        print("%d reference arrays in %s" % (len(json.load(f)), out))


if __name__ == "__main__":
    main()
