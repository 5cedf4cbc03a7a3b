#!/usr/bin/env python3
"""Writes golden_families/NAME.json: what llama.cpp answers for the random models of tools/random_families.

    family_goldens.py CHROOT [NAME ...]      CHROOT: a folder in which `chroot CHROOT llama-server` runs

The server gets the GGUF file under CHROOT/tmp, keeps keys and values in F32, and answers TEXT greedily."""

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.join(HERE, "..", "..")
sys.path.insert(0, os.path.join(SOURCE, "tools"))
from random_families import FAMILIES, writer  # noqa: E402

TEXT = ("It is a truth universally acknowledged, that a single man in possession of a good fortune, must be in want "
        "of a wife.")
SHORT = "It is a truth universally"
N_TOKENS, N_TOP, PORT = 16, 20, 18431
REQUEST = {"temperature": 0, "return_tokens": True, "cache_prompt": False}
OPTIONS = ["-c", "256", "-t", "1", "-ctk", "f32", "-ctv", "f32", "-fa", "off", "--no-warmup", "--no-webui"]
# llama.cpp leaves the windows of these out: their prompt is shorter
NO_WINDOW = ("mistral", "phi3_window")


def ask(path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request("http://127.0.0.1:%d%s" % (PORT, path), data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def wait_for(server, log):
    for _ in range(300):
        if server.poll() is not None:
            log.seek(0)
            sys.exit("%s\nllama-server ended with %d" % (log.read().decode(errors="replace"), server.returncode))
        try:
            if ask("/health").get("status") == "ok":
                return
        except OSError:
            time.sleep(0.1)
    sys.exit("llama-server does not answer")


def answer(chroot, gguf, text):
    command = ["llama-server", "-m", gguf, "--port", str(PORT), *OPTIONS]
    with tempfile.TemporaryFile() as log:
        server = subprocess.Popen(["chroot", chroot, *command], stdout=log, stderr=subprocess.STDOUT)
        try:
            wait_for(server, log)
            prompt = ask("/tokenize", {"content": text, "add_special": True})["tokens"]
            body = {"prompt": text, "n_predict": N_TOKENS, **REQUEST}
            tokens = ask("/completion", body)["tokens"]
            # Token by token; the server gives no probabilities with half a character
            steps = [ask("/completion", {"prompt": prompt + tokens[:i], "n_predict": 1, "n_probs": N_TOP, **REQUEST})
                     for i in range(len(tokens))]
            return prompt, body, tokens, [step.get("completion_probabilities", [None])[0] for step in steps], command
        finally:
            server.terminate()
            server.wait()


def make(chroot, name):
    model, gguf = FAMILIES[name](), "/tmp/%s.gguf" % name.replace(" ", "_")
    path = chroot + gguf
    model.write_gguf(path, os.path.join(SOURCE, "models", "tiny-f16.gguf"))
    prompt, body, tokens, steps, command = answer(chroot, gguf, SHORT if name in NO_WINDOW else TEXT)
    version = subprocess.run(["chroot", chroot, "llama-server", "--version"], stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, text=True).stdout
    document = {"made_by": "tests/oracle/family_goldens.py CHROOT '%s'" % name, "command": " ".join(command),
                "request": body, "llama_cpp": [line for line in version.splitlines() if "version" in line][0],
                "gguf_sha256": writer.sha256(path), "prompt": prompt,
                "tokens": tokens,
                "top": [[[t["id"], round(t["logprob"], 4)] for t in step["top_logprobs"]] if step else []
                        for step in steps]}
    os.remove(path)
    if len(tokens) != N_TOKENS or any(step and step["id"] != t for step, t in zip(steps, tokens)):
        sys.exit("%s: %s, and token by token %s" % (name, tokens, [step and step["id"] for step in steps]))
    out = os.path.join(HERE, "golden_families", name.replace(" ", "_") + ".json")
    with open(out, "w") as f:
        json.dump(document, f, separators=(",", ":"))
        f.write("\n")
    print(name, tokens)


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    for name in sys.argv[2:] or FAMILIES:
        make(sys.argv[1], name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
