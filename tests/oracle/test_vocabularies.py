#!/usr/bin/env python3
"""Each family with its real vocabulary, as folder and as GGUF file, from a text to logits: ids are those that the
original tokenizers gave, both forms' logits those of the float64 forward pass, and a chat turn is read as the family's
template writes it.

    test_vocabularies.py [NAME ...]      NAME: a model of tools/random_families"""

import json
import os
import subprocess
import sys
import tempfile

import numpy as np

sys.dont_write_bytecode = True
SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path.insert(0, os.path.join(SOURCE, "tools"))
import family_forward  # noqa: E402
from random_families import FAMILIES, vocabulary  # noqa: E402

SEXTANT, SHARED = os.environ.get("SEXTANT_BIN", ""), os.environ.get("SEXTANT_SHARED", "")
VOCABULARIES = os.path.join(SHARED, "data", "vocab")
TINY, SMALL = os.path.join(SOURCE, "tests", "data", "tiny"), os.path.join(SOURCE, "models", "tiny-f16.gguf")
MODELS = ("llama", "mistral", "qwen2", "qwen3", "phi3", "gemma", "gemma2", "gemma3", "gptneox", "phi", "stablelm",
          "falcon", "mpt")
EVERY, BOUND = 9, 1e-4
SENTENCE = "It is a truth universally acknowledged that a single man must be in want of a wife"
QUESTION = "  What is the capital of France? "  # of tests/golden/chat.json
# GPT-NeoX's file names no pre-tokenizer; llama-tokenize gives these ids.
NEOX = ("It's 1234567 $x+`y` (ok)...\n\n    end", [1147, 8, 84, 209, 10683, 25133, 24, 209, 5, 89, 12, 65, 90, 65, 209,
                                                  9, 536, 41605, 535, 50274, 423])


def sextant(*command):
    done = subprocess.run([SEXTANT, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return done.returncode, done.stdout.decode(), done.stderr.decode().strip()


class Report:
    def __init__(self):
        self.n, self.n_bad = 0, 0

    def check(self, good, family, what):
        self.n += 1
        self.n_bad += not good
        if not good:
            print("BAD  %-10s %s" % (family, what), flush=True)


def goldens(name):
    """[(text, ids), ...]: some of the file's, the longest among them."""
    path = os.path.join(VOCABULARIES, name)
    if not os.path.exists(path + ".out"):
        return []
    with open(path + ".inp", newline="", encoding="utf-8") as f:
        texts = f.read().split("\n__ggml_vocab_test__\n")
    with open(path + ".out") as f:
        pairs = [(text, [int(i) for i in line.split()]) for text, line in zip(texts, f)]
    return pairs[::EVERY] + [max(pairs, key=lambda pair: len(pair[1]))]


def by_score(text, own):
    """SentencePiece's rule, on its own: join the two neighbours that make the piece of the highest score, again and
    again; what is no piece then is bytes."""
    ids = {t: i for i, t in enumerate(own.tokens)}
    scores = {t: s for t, s, kind in zip(own.tokens, own["scores"], own.types) if kind == vocabulary.NORMAL}
    parts = list(text.replace(" ", vocabulary.SPACE))
    while True:
        joined = [(scores[a + b], -i) for i, (a, b) in enumerate(zip(parts, parts[1:])) if a + b in scores]
        if not joined:
            return [i for p in parts for i in ([ids[p]] if p in scores else [ids["<0x%02X>" % b] for b in p.encode()])]
        at = -max(joined)[1]
        parts[at:at + 2] = [parts[at] + parts[at + 1]]


def tokenize(path, text, work, *more):
    file = os.path.join(work, "text")
    with open(file, "w", newline="", encoding="utf-8") as f:
        f.write(text)
    code, out, error = sextant("tokenize", "-m", path, "-f", file, "--json", *more)
    return json.loads(out)["ids"] if code == 0 else error


def check_ids(report, name, forms, own, work):
    family = name.split("_")[0]
    file = vocabulary.FILES.get(family, "none")
    pairs = goldens(file)
    if own and file == "none":
        texts = SENTENCE, QUESTION, "na\u00efve 'caf\u00e9'  12\n\tx\u65e5\u672c"
        pairs = [(text, by_score(text, own)) for text in texts]
    for form, path in forms.items():
        for text, want in pairs + ([NEOX] if file == "gpt-neox" and form == "GGUF" else []):
            got = tokenize(path, text, work, "--no-bos")
            report.check(got == want, name, "%s: ids of %r are %s" % (form, text, got))
        if own:
            got, plain = tokenize(path, SENTENCE, work), tokenize(path, SENTENCE, work, "--no-bos")
            report.check(got == ([own.bos] if own.adds_bos else []) + plain, name, form + ": BOS")
    return len(pairs)


def check_logits(report, name, forms, work):
    tokens = tokenize(forms["GGUF"], SENTENCE, work)
    expected, worst = family_forward.load(forms["folder"]).logits(tokens)[-1], 0.0
    out = os.path.join(work, "logits.npy")
    for form, path in forms.items():
        code, _, error = sextant("logits", "-m", path, "-p", SENTENCE, "--kv", "f32", "--precision", "f32", "-t", "1",
                                 "-o", out)
        off = np.abs(np.load(out)[-1] - expected).max() / np.abs(expected).max() if code == 0 else np.inf
        report.check(off <= BOUND, name, "%s: logits are off by %.1e %s" % (form, off, error))
        worst = max(worst, off)
    return worst


def answer(path, prompt, *how):
    code, out, error = sextant("run", "-m", path, "-p", prompt, "-n", "4", "--json", "-t", "1", *how)
    if code != 0:
        return error
    document = json.loads(out)
    return document["n_prompt"], document["ids"]


def check_chat(report, name, forms, own):
    """One turn, answered as the text that Jinja makes of it is continued."""
    golden = vocabulary.chat_of(name)
    for form, path in forms.items():
        got = answer(path, QUESTION, "--chat")
        if not golden:
            report.check("--chat-template" in got, name, "%s: a chat without a template gives %s" % (form, got))
            continue
        case = [c for c in golden["cases"] if [m["content"] for m in c["messages"]] == [QUESTION]][0]
        text = case["text"].replace("</s>", own.tokens[own.eos]).replace("<s>", own.tokens[own.bos or 0])
        want = answer(path, text, "--special", "--no-bos")
        report.check(isinstance(got, tuple) and got == want, name, "%s: chat gives %s, not %s" % (form, got, want))


def check_family(report, name, work):
    own, model = vocabulary.of_family(name, VOCABULARIES), FAMILIES[name]()
    forms = {"folder": os.path.join(work, "model"), "GGUF": os.path.join(work, "model.gguf")}
    if own:
        model.use_vocabulary(own)
    model.write_folder(forms["folder"], TINY)
    model.write_gguf(forms["GGUF"], SMALL)
    n_texts = check_ids(report, name, forms, own, work)
    worst = check_logits(report, name, forms, work)
    check_chat(report, name, forms, own)
    chat = vocabulary.chat_of(name)
    print("%-10s %6d tokens, %d texts, logits %.0e, chat %s" % (name, model.config["vocab_size"], n_texts, worst,
                                                                chat["name"] if chat else "none"), flush=True)


def main():
    report = Report()
    if not SEXTANT:
        print("SKIP: SEXTANT_BIN names no binary")
        return 77
    if not os.path.exists(os.path.join(VOCABULARIES, "llama-bpe.gguf")):
        print("SKIP: no data/vocab in the test data")
        return 77
    for name in sys.argv[1:] or MODELS:
        with tempfile.TemporaryDirectory() as work:
            check_family(report, name, work)
    print("%d of %d checks failed" % (report.n_bad, report.n))
    return 1 if report.n_bad else 0


if __name__ == "__main__":
    sys.exit(main())
