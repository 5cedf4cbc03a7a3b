#!/usr/bin/env python3
"""Models of many shapes with random weights: the library's logits equal the float64 forward pass within 1e-4 of
the largest, read from the folder and from the GGUF file that `sextant convert` makes of it."""

import os
import subprocess
import sys
import tempfile

import numpy as np

import llama_forward

SOURCE = os.environ.get("SEXTANT_SOURCE_DIR", ".")
SEXTANT = os.environ.get("SEXTANT_BIN", "")
BOUND = 1e-4
TOKENS = [0] + [int(t) for t in np.random.default_rng(3).integers(2, 1536, 89)]

# name: what make_random_model.py is told
SHAPES = {
    "grouped heads": ["--heads", "6", "--kv-heads", "2", "--d-model", "96"],
    "one kv head": ["--heads", "8", "--kv-heads", "1"],
    "biases, tied": ["--biases", "--tied"],
    "wide heads": ["--head-dim", "48"],
    "partial rotary": ["--head-dim", "32", "--config", '{"partial_rotary_factor": 0.25}'],
    "padded vocabulary": ["--vocab-size", "1600"],
    "sliding window": ["--sliding-window", "20", "--config", '{"model_type": "mistral"}'],
    "linear": ["--rope-scaling", '{"type": "linear", "factor": 4.0}'],
    "yarn": ["--rope-scaling", '{"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32}'],
    "yarn, own scale": ["--rope-scaling", '{"rope_type": "yarn", "factor": 4.0, "attention_factor": 1.6, '
                        '"beta_fast": 8, "beta_slow": 2, "original_max_position_embeddings": 32}'],
    "llama3": ["--theta", "500000", "--rope-scaling", '{"rope_type": "llama3", "factor": 8.0, "low_freq_factor": '
               '1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 32}'],
    "rope_parameters": ["--config", '{"rope_theta": null, "rope_parameters": {"rope_type": "linear", '
                        '"rope_theta": 20000.0, "factor": 2.0}}'],
}
PLANS = ["none", "self-extend:group=3,window=16"]


def run(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit("%s\nexit code %d: %s" % (" ".join(command), done.returncode, done.stderr))


def library_logits(model, plan, folder):
    out = os.path.join(folder, "logits.npy")
    run(SEXTANT, "logits", "-m", model, "--tokens", ",".join(map(str, TOKENS)), "--all", "--kv", "f32",
        "--precision", "f32", "-t", "1", "--extend", plan, "-o", out)
    return np.load(out)


def check(name, options, work):
    folder, gguf = os.path.join(work, "model"), os.path.join(work, "model.gguf")
    run(sys.executable, os.path.join(SOURCE, "tools", "make_random_model.py"), "--folder", folder, "--tokenizer",
        os.path.join(SOURCE, "tests", "data", "tiny"), *options)
    run(SEXTANT, "convert", folder, gguf, "--type", "f32")
    oracle, n_bad = llama_forward.Llama(folder), 0
    for plan in PLANS:
        expected = oracle.logits(TOKENS, llama_forward.parse_plan(plan))
        for model in (folder, gguf):
            off = np.abs(library_logits(model, plan, work) - expected).max() / np.abs(expected).max()
            good = off <= BOUND  # false for NaN
            n_bad += not good
            print("%-4s %-18s %-30s %-10s %.1e" % ("ok" if good else "BAD", name, plan, os.path.basename(model), off))
    return n_bad


def main():
    if not SEXTANT:
        print("SKIP: SEXTANT_BIN names no binary")
        return 77
    n_bad = 0
    for name, options in SHAPES.items():
        with tempfile.TemporaryDirectory() as work:
            n_bad += check(name, options, work)
    print("%d of %d are outside the bound" % (n_bad, len(SHAPES) * len(PLANS) * 2))
    return 1 if n_bad else 0


if __name__ == "__main__":
    sys.exit(main())
