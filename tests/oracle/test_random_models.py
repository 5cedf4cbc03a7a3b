#!/usr/bin/env python3
"""Models of many shapes with random weights: the library's logits equal the float64 forward pass within 1e-4 of
the largest, read from the folder and from the GGUF file that `sextant convert` makes of it."""

import os
import subprocess
import sys
import tempfile

import numpy as np

import llama_forward
import position_plans

SOURCE = os.environ.get("SEXTANT_SOURCE_DIR", ".")
SEXTANT = os.environ.get("SEXTANT_BIN", "")
BOUND = 1e-4
TOKENS = [0] + [int(t) for t in np.random.default_rng(3).integers(2, 1536, 89)]

# longrope's lists for 8 pairs
LISTS = ("[1.0, 1.1, 1.3, 2.0, 3.5, 5.0, 7.0, 9.0]", "[1.0, 1.0, 1.05, 1.1, 1.2, 1.4, 1.7, 2.0]")

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
    "yarn, not truncated": ["--rope-scaling", '{"rope_type": "yarn", "factor": 4.0, "truncate": false, '
                            '"beta_fast": 4, "original_max_position_embeddings": 48}'],
    "yarn, mscale": ["--rope-scaling", '{"rope_type": "yarn", "factor": 4.0, "mscale": 1.0, "mscale_all_dim": 0.5, '
                     '"original_max_position_embeddings": 32}'],
    "dynamic": ["--rope-scaling", '{"type": "dynamic", "factor": 2.0, "original_max_position_embeddings": 32}'],
    "dynamic, short text": ["--rope-scaling", '{"type": "dynamic", "factor": 2.0}'],
    "longrope, long": ["--rope-scaling", '{"rope_type": "longrope", "factor": 4.0, "original_max_position_embeddings":'
                       ' 32, "long_factor": %s, "short_factor": %s}' % LISTS],
    "longrope, short": ["--rope-scaling", '{"type": "su", "long_factor": %s, "short_factor": %s}' % LISTS,
                        "--config", '{"original_max_position_embeddings": 128}'],
    "longrope, own scale": ["--rope-scaling", '{"type": "longrope", "attention_factor": 1.3, "long_factor": %s, '
                            '"short_factor": %s}' % LISTS, "--config", '{"original_max_position_embeddings": 64}'],
}
PLANS = ["none", "self-extend:group=3,window=16", "self-extend:group=3,window=16+window=off"]
# Each on a plain model and on models whose own scaling it takes the place of.
SCALING_PLANS = ["linear:factor=3", "linear:base=50000", "ntk:factor=8", "dynamic-ntk:factor=2", "ntk-mixed",
                 "yarn:factor=4,original=40,beta_fast=8", "llama3:factor=8,original=48,high=6"]
SCALED_SHAPES = ["grouped heads", "partial rotary", "yarn, own scale", "longrope, long", "rope_parameters"]


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
    for plan in PLANS + (SCALING_PLANS if name in SCALED_SHAPES else []):
        expected = oracle.logits(TOKENS, position_plans.parse(plan))
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
    n_bad, n_checks = 0, 2 * (len(SHAPES) * len(PLANS) + len(SCALED_SHAPES) * len(SCALING_PLANS))
    for name, options in SHAPES.items():
        with tempfile.TemporaryDirectory() as work:
            n_bad += check(name, options, work)
    print("%d of %d are outside the bound" % (n_bad, n_checks))
    return 1 if n_bad else 0


if __name__ == "__main__":
    sys.exit(main())
