#!/usr/bin/env python3
"""Lays out what the repository holds of the sample model the way the larger test data lies, so that a bare
clone runs the same tests: a Hugging Face folder, reference logits, pass keys, a held-out novel. The short
references are computed here, from the weights as they are in the GGUF; the long ones lie in tests/data.

usage: stage_sample.py REPOSITORY OUT_FOLDER"""

import json
import os
import shutil
import subprocess
import sys

import numpy as np


def plan_of(method):
    return "none" if method["kind"] == "vanilla" else "self-extend:group=%d,window=%d" % (method["G"], method["W"])


def write_references(tiny, stored, model, parse_plan):
    with open(os.path.join(stored, "ref.json")) as f:
        cases = json.load(f)
    for case in cases:
        out = os.path.join(tiny, case["file"])
        have = os.path.join(stored, os.path.basename(out))
        if os.path.exists(have):
            shutil.copy(have, out)
            continue
        first, end = case["positions"]
        logits = model.logits(case["prompt_ids"], parse_plan(plan_of(case["method"])))
        np.save(out, logits[first:end].astype("<f4"))
    shutil.copy(os.path.join(stored, "ref.json"), os.path.join(tiny, "ref"))


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    repo, out = map(os.path.abspath, sys.argv[1:])
    sys.path.insert(0, os.path.join(repo, "tests", "oracle"))
    import llama_forward
    import position_plans

    tiny, data = os.path.join(out, "models", "tiny"), os.path.join(repo, "tests", "data", "tiny")
    for folder in ("heldout", "ref"):
        os.makedirs(os.path.join(tiny, folder), exist_ok=True)
    gguf = os.path.join(repo, "models", "tiny-f16.gguf")
    subprocess.check_call([sys.executable, os.path.join(repo, "tools", "gguf_to_hf.py"), gguf, tiny])
    shutil.copy(gguf, tiny)
    shutil.copy(os.path.join(repo, "models", "PrideAndPrejudice.txt"), os.path.join(tiny, "heldout"))
    shutil.copy(os.path.join(repo, "models", "passkey.jsonl"), tiny)
    for name in ("tokenizer.json", "tokenizer_config.json", "generation_config.json", "perplexity.json"):
        shutil.copy(os.path.join(data, name), tiny)
    write_references(tiny, os.path.join(data, "ref"), llama_forward.Llama(tiny), position_plans.parse)


if __name__ == "__main__":
    main()
