#!/usr/bin/env python3
"""Every method on every family, far past the trained window: a prompt read at once, in odd chunks and token by token
gives the same bits of logits, and they are those of the float64 forward pass with the matrices of the method's
definition. Where a method means nothing to a model, it is refused with the reason.

    test_methods_on_families.py [NAME ...]      NAME: a model of tools/random_families"""

import os
import subprocess
import sys
import tempfile

import numpy as np

sys.dont_write_bytecode = True
SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path.insert(0, os.path.join(SOURCE, "tools"))
import family_forward  # noqa: E402
import position_plans  # noqa: E402
from random_families import FAMILIES  # noqa: E402

SEXTANT, SHARED = os.environ.get("SEXTANT_BIN", ""), os.environ.get("SEXTANT_SHARED", "")
TINY = os.path.join(SOURCE, "tests", "data", "tiny")
# One model of each architecture, and mistral, the same as llama but for a window in all layers.
MODELS = ("llama", "mistral", "qwen2", "qwen3", "phi3", "gemma", "gemma2", "gemma3", "gptneox", "phi", "stablelm",
          "falcon_new", "mpt")
WINDOWS_OFF = ("mistral", "gemma2")  # where methods act on layers that have a window too; gemma3's stay as they are
TRAINED, N_TOKENS = 48, 107
TOKENS = [0] + [int(t) for t in np.random.default_rng(8).integers(2, 1536, N_TOKENS - 1)]
CHUNKS = ("512", "7", "1")
BOUND = {"f32": 1e-4, "fast": 3e-2}  # of the largest logit; the contract allows 1e-3 in f32
# Text of the plan, and what a model without rotary positions says to it; None: it has a meaning there too.
MOVES, TURNS = "the model has no rotary positions to move", "the model has no rotary frequencies to change"
PLANS = {
    "none": None,
    "none+log-n": None,
    "self-extend:group=5,window=13": MOVES,
    "self-extend:group=5,window=13+log-n": MOVES,
    "rerope:window=17": MOVES,
    "leaky-rerope:window=17,k=2.5": MOVES,
    "streaming:sinks=3,recent=21": None,
    "streaming:sinks=3,recent=21,prefill=dense,prompt=61": None,
    "window:window=19": None,
    "lm-infinite:sinks=3,recent=23": MOVES,
    "dual-chunk:chunk=31,local=9": MOVES,
    "yarn:factor=4,original=40": TURNS,
}
# The same of ref_attention.py, where that is: two writings of the definitions.
REFERENCES = {
    "self-extend:group=5,window=13": lambda ref, at: ref.map_self_extend(at, at, 5, 13),
    "rerope:window=17": lambda ref, at: ref.map_rerope(at, at, 17),
    "leaky-rerope:window=17,k=2.5": lambda ref, at: ref.map_leaky_rerope(at, at, 17, 2.5),
    "streaming:sinks=3,recent=21": lambda ref, at: ref.map_streaming(at, at, 3, 21),
    "window:window=19": lambda ref, at: ref.map_plain(at, at, 19),
    "dual-chunk:chunk=31,local=9": lambda ref, at: ref.map_dca(at, at, 22, 31),
}


class Report:
    def __init__(self):
        self.n, self.n_bad = 0, 0

    def check(self, good, family, plan, what):
        self.n += 1
        self.n_bad += not good
        if not good:
            print("BAD  %-10s %-36s %s" % (family, plan, what), flush=True)


def check_definitions(report):
    """The matrices of position_plans.py against the other writing of them."""
    folder = os.path.join(SHARED, "reference")
    if not SHARED or not os.path.exists(os.path.join(folder, "ref_attention.py")):
        print("no reference/ref_attention.py in the test data: definitions are compared with nothing")
        return
    sys.path.insert(0, folder)
    import ref_attention
    for text, reference in REFERENCES.items():
        delta, visible = position_plans.parse(text)(N_TOKENS)
        want, seen = reference(ref_attention, np.arange(N_TOKENS))
        report.check(np.array_equal(visible, seen) and np.abs(np.where(seen, delta - want, 0)).max() < 1e-12, "", text,
                     "is another matrix in ref_attention.py")


def library_logits(folder, plan, precision, chunk, work):
    """None, and the message, where the command refuses."""
    out, tokens = os.path.join(work, "logits.npy"), ",".join(map(str, TOKENS))
    command = [SEXTANT, "logits", "-m", folder, "--tokens", tokens, "--all", "--kv", "f32", "--precision", precision,
               "--chunk", chunk, "-t", "1", "--extend", plan, "-o", out]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    return (np.load(out), "") if done.returncode == 0 else (None, done.stderr.strip())


def check_pair(report, name, folder, plan, expected, work):
    """Returns the largest difference in f32."""
    worst = {}
    for precision in BOUND:
        whole, error = library_logits(folder, plan, precision, CHUNKS[0], work)
        if whole is None:
            report.check(False, name, plan, error)
            return 0.0
        worst[precision] = off = np.abs(whole - expected).max() / np.abs(expected).max()
        report.check(off <= BOUND[precision], name, plan, "%s: off by %.1e" % (precision, off))
        for chunk in CHUNKS[1:]:
            parts, error = library_logits(folder, plan, precision, chunk, work)
            same = parts is not None and np.array_equal(parts.view(np.uint32), whole.view(np.uint32))
            report.check(same, name, plan, "%s, chunks of %s: other bits %s" % (precision, chunk, error))
    return worst["f32"]


def check_refusal(report, name, folder, plan, reason, work):
    logits, error = library_logits(folder, plan, "f32", CHUNKS[0], work)
    method = plan.partition(":")[0]
    good = logits is None and reason in error and method in error and error.count("\n") == 0
    report.check(good, name, plan, "is not refused as it should be: " + error)


def check_family(report, name, work):
    model = FAMILIES[name]()
    folder = os.path.join(work, "model")
    model.set_context(TRAINED)
    model.write_folder(folder, TINY)
    oracle, row, matrices = family_forward.load(folder), [], []
    for plan, refusal in PLANS.items():
        plan += "+window=off" * (name in WINDOWS_OFF)
        if name == "mpt" and refusal:
            check_refusal(report, name, folder, plan, refusal, work)
            row.append("refused")
            continue
        expected = oracle.logits(TOKENS, position_plans.parse(plan))
        row.append("%.0e" % check_pair(report, name, folder, plan, expected, work))
        matrices.append(expected)
    # A test that could not tell one method from another would show nothing.
    apart = min(np.abs(a - b).max() / np.abs(a).max() for i, a in enumerate(matrices) for b in matrices[:i])
    report.check(apart > 20 * BOUND["f32"], name, "", "two methods differ by %.1e only" % apart)
    print("%-10s %s   apart %.0e" % (name, " ".join("%-7s" % cell for cell in row), apart), flush=True)


def main():
    report, names = Report(), sys.argv[1:] or MODELS
    if not SEXTANT:
        print("SKIP: SEXTANT_BIN names no binary")
        return 77
    check_definitions(report)
    covered = {FAMILIES[name]().arch for name in MODELS}
    every = {make().arch for make in FAMILIES.values()}
    report.check(covered == every and len(every) >= 12, "", "", "no row for %s" % ", ".join(every - covered))
    print("%-10s %s" % ("", " ".join("%-7.7s" % plan for plan in PLANS)))
    for name in names:
        with tempfile.TemporaryDirectory() as work:
            check_family(report, name, work)
    print("%d of %d checks failed" % (report.n_bad, report.n))
    return 1 if report.n_bad else 0


if __name__ == "__main__":
    sys.exit(main())
