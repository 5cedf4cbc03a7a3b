#!/usr/bin/env python3
"""Every model family, with random weights of its true structure: the library's logits equal the float64 forward pass,
read from the Hugging Face folder and from the GGUF file, and its greedy tokens and likeliest twenty are those that
llama.cpp gave for the same GGUF file (golden_families/, made by family_goldens.py).

    test_families.py [--self] [NAME ...]      --self: only what needs no binary, the two files against each other"""

import json
import os
import subprocess
import sys
import tempfile

import numpy as np

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.join(HERE, "..", "..")
sys.path.insert(0, os.path.join(SOURCE, "tools"))
import family_forward  # noqa: E402
import gguf_to_hf  # noqa: E402
import llama_forward  # noqa: E402
import position_plans  # noqa: E402
from random_families import FAMILIES, writer  # noqa: E402
from random_families.rows import later_config  # noqa: E402

SEXTANT = os.environ.get("SEXTANT_BIN", "")
TINY, VOCAB = os.path.join(SOURCE, "tests", "data", "tiny"), os.path.join(SOURCE, "models", "tiny-f16.gguf")
TOKENS = [0] + [int(t) for t in np.random.default_rng(3).integers(2, 1536, 69)]
# Largest difference over the largest logit. f32: narrow enough to tell one GELU from the other (3e-4) and an epsilon
# from ten times as much (6e-5). fast: matrices and attention with 16-bit integers
BOUNDS = {"f32": 2e-5, "fast": 2e-2}
SAME_FILE = 1e-5  # folder against GGUF
DEEP = {"gemma2_27b": 3}  # times wider for 46 layers
# Log-probabilities against llama.cpp's; its GELU is the tanh form from a table of 16-bit numbers for every family
PEER_BOUNDS = {"silu": 1e-3, "gelu": 0.05}
# Keys whose value a converter chooses, or that say nothing a reader needs
FREE_KEYS = ("general.name", "falcon.tensor_data_layout", "phi3.rope.scaling.original_context_length")
PLAN = "self-extend:group=3,window=16"
KNOWN_UNUSED = ("attention.masked_bias", "attention.rotary_emb.inv_freq")


def off(a, b):
    """The largest difference over the largest of b; NaN stays NaN, which is within no bound."""
    return np.abs(a - b).max() / np.abs(b).max()


class Report:
    def __init__(self):
        self.n, self.n_bad = 0, 0

    def check(self, good, family, what, detail=""):
        self.n += 1
        self.n_bad += not good
        print("%-4s %-16s %-34s %s" % ("ok" if good else "BAD", family, what, detail), flush=True)


# ---- the two files and the oracle, without the binary ----

def check_files(report, model, folder, gguf, oracle):
    """The GGUF's tensors, taken back, are the folder's; the oracle reads them all; no token sees a later one."""
    _, stored = llama_forward.read_folder(folder)
    back = model.hf_from_gguf(gguf)
    same = all(np.array_equal(stored[name], x) for name, x in back.items())
    missing = [name for name in stored if name not in back and not name.endswith(KNOWN_UNUSED)]
    report.check(same and not missing, model.name, "GGUF taken back is the folder", " ".join(missing))
    logits = oracle.logits(TOKENS)
    unread = [name for name in stored if name not in oracle.w.used and not name.endswith(KNOWN_UNUSED)]
    report.check(not unread, model.name, "every tensor is read", " ".join(unread))
    report.check(off(oracle.logits(TOKENS[:-9]), logits[:-9]) < 1e-12, model.name, "no token sees a later one")
    top = 1 / np.exp(logits - logits.max(-1, keepdims=True)).sum(-1)
    report.check(np.mean(top > 0.3) > 0.6, model.name, "most top probabilities exceed 0.3", "%.2f" % np.mean(top > 0.3))
    if model.config["model_type"] in ("llama", "mistral", "qwen2"):
        other = llama_forward.Llama(folder).logits(TOKENS)
        report.check(off(other, logits) < 1e-12, model.name, "agrees with llama_forward.py")
    return logits


# ---- the library ----

def sextant(*command):
    done = subprocess.run([SEXTANT, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise RuntimeError("exit code %d: %s" % (done.returncode, done.stderr.strip()))
    return done.stdout


def library_logits(model, tokens, precision, work, *more, plan="none"):
    out = os.path.join(work, "logits.npy")
    sextant("logits", "-m", model, "--tokens", ",".join(map(str, tokens)), "--all", "--kv", "f32", "--precision",
            precision, "-t", "1", "--extend", plan, "-o", out, *more)
    return np.load(out)


def check_plan(report, model, folder, oracle, work):
    """A method acts on the layers that see all keys, and on a window that all layers have; without rotation it has
    nothing to act on, and is refused."""
    try:
        got = library_logits(folder, TOKENS, "f32", work, plan=PLAN)
    except RuntimeError as e:
        report.check(model.arch == "mpt" and "rotary" in str(e), model.name, PLAN, str(e))
        return
    worst = off(got, oracle.logits(TOKENS, position_plans.parse(PLAN)))
    good = model.arch != "mpt" and worst <= BOUNDS["f32"] * DEEP.get(model.name, 1)
    report.check(good, model.name, PLAN, "%.1e" % worst)


def check_later_config(report, model, folder, work):
    """config.json as the fifth major version of Hugging Face's library writes it means the same model."""
    before = library_logits(folder, TOKENS, "f32", work)
    model.write_config(folder, later_config(model.config))
    after = library_logits(folder, TOKENS, "f32", work)
    report.check(np.array_equal(after, before), model.name, "later config.json")
    model.write_config(folder, model.config)


def check_conversion(report, model, folder, gguf, work):
    """What the library converts the folder to is what llama.cpp's converter would have written, and more keys."""
    out = os.path.join(work, "converted.gguf")
    sextant("convert", folder, out, "--type", "f32")
    (keys, tensors), (new_keys, new_tensors) = gguf_to_hf.read_gguf(gguf), gguf_to_hf.read_gguf(out)
    wrong = [key for key in keys if key not in FREE_KEYS and new_keys.get(key) != keys[key]]
    if model.name != "phi_fused":  # a form that converters no longer make
        wrong += [name for name, x in tensors.items() if not np.array_equal(new_tensors.get(name), x)]
    report.check(not wrong, model.name, "converted", " ".join(wrong))


def check_library(report, model, folder, gguf, expected, work):
    got = {}
    for precision in BOUNDS:
        for form, path in (("folder", folder), ("GGUF", gguf)):
            got[form] = library_logits(path, TOKENS, precision, work)
            worst, bound = off(got[form], expected), BOUNDS[precision] * DEEP.get(model.name, 1)
            report.check(worst <= bound, model.name, "%s, %s" % (form, precision), "%.1e" % worst)
        if precision == "f32":
            between = off(got["folder"], got["GGUF"])
            report.check(between <= SAME_FILE, model.name, "folder and GGUF", "%.1e" % between)


# ---- llama.cpp's answers ----

def golden_of(name):
    path = os.path.join(HERE, "golden_families", name.replace(" ", "_") + ".json")
    if not os.path.exists(path):
        return None
    with open(path) as f:
        return json.load(f)


def check_golden(report, name, golden, logits, who, bound):
    """`logits`: after each token of the prompt and of the answer but the last."""
    rows = logits[len(golden["prompt"]) - 1:]
    answer = [int(t) for t in rows.argmax(-1)]
    same = answer == golden["tokens"]
    report.check(same, name, who + ": llama.cpp's greedy tokens", "" if same else str(answer))
    top = rows.max(-1, keepdims=True)
    log_probs = rows - top - np.log(np.exp(rows - top).sum(-1, keepdims=True))
    worst = max(abs(log_probs[i, token] - value) for i, top in enumerate(golden["top"]) for token, value in top)
    report.check(worst <= bound, name, who + ": its top log-probabilities", "%.1e" % worst)


def check_family(report, name, work, only_self):
    model = FAMILIES[name]()
    folder, gguf = os.path.join(work, "model"), os.path.join(work, "model.gguf")
    model.write_folder(folder, TINY)
    model.write_gguf(gguf, VOCAB)
    oracle, golden = family_forward.load(folder), golden_of(name)
    peer_bound = PEER_BOUNDS["silu" if model.config.get("hidden_act") == "silu" else "gelu"] * DEEP.get(name, 1)
    expected = check_files(report, model, folder, gguf, oracle)
    if golden:
        tokens = golden["prompt"] + golden["tokens"][:-1]
        report.check(golden["gguf_sha256"] == writer.sha256(gguf), name, "the golden file is of this GGUF file")
        check_golden(report, name, golden, oracle.logits(tokens), "oracle", peer_bound)
    if only_self:
        return
    check_library(report, model, folder, gguf, expected, work)
    check_plan(report, model, folder, oracle, work)
    check_later_config(report, model, folder, work)
    check_conversion(report, model, folder, gguf, work)
    if golden:
        ids = json.loads(sextant("tokenize", "-m", gguf, "-p", golden["request"]["prompt"], "--json"))["ids"]
        report.check(ids == golden["prompt"], name, "library: llama.cpp's prompt tokens")
        one_by_one = library_logits(gguf, tokens, "f32", work, "--chunk", "1").astype(float)
        check_golden(report, name, golden, one_by_one, "library", peer_bound)


def main():
    only_self = "--self" in sys.argv[1:]
    names = [a for a in sys.argv[1:] if a != "--self"] or list(FAMILIES)
    report = Report()
    for name in names:
        with tempfile.TemporaryDirectory() as work:
            try:
                check_family(report, name, work, only_self or not SEXTANT)
            except RuntimeError as e:
                report.check(False, name, "the command", str(e))
    print("%d of %d checks failed" % (report.n_bad, report.n))
    if report.n_bad:
        return 1
    if not SEXTANT and not only_self:
        print("SKIP: SEXTANT_BIN names no binary; the oracle and the files were checked")
        return 77
    return 0


if __name__ == "__main__":
    sys.exit(main())
