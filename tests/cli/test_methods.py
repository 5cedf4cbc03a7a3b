"""methods: every plan with its parameters, limits that are the formulas and what other commands say, and refusals."""

import json
import os
import re

from sextant_command import MODEL, REJECTED, ROOT, USAGE, CommandTest, main

with open(os.path.join(ROOT, "src", "plan", "registry.h"), encoding="utf-8") as registry:
    METHODS = [name.replace("_", "-") for name in re.findall(r"extern const sxt_plan_method sxt_plan_(\w+);",
                                                             registry.read())] + ["auto"]
ADD_ONS = ["+log-n", "+window=off"]
WITHOUT_ROTATION = {"none", "streaming", "window", "auto"}
SHAPE = {"model_type": "llama", "vocab_size": 1536, "hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 1,
         "num_attention_heads": 2, "num_key_value_heads": 2, "rms_norm_eps": 1e-5, "hidden_act": "silu",
         "tie_word_embeddings": True}
WINDOWS = (64, 1000, 4096, 40000)  # trained ones


def limits(L):
    """The longest contexts of docs/METHODS.md, at its defaults; None: any."""
    W, near = L // 4, min(L // 2, 1024)
    return {"none": L, "self-extend": 8 * (L - W + W // 8), "rerope": None,
            "leaky-rerope": near + 16 * (L - 1 - near) + 1, "streaming": None, "window": None, "lm-infinite": None,
            "dual-chunk": None, "linear": 4 * L, "ntk": 4 * L, "dynamic-ntk": None, "ntk-mixed": 12 * L, "yarn": 4 * L,
            "llama3": 8 * L, "auto": None}


def value(words, L, **others):
    """What words of L stand for: "L/2, at most 1024", "3L/4", "L - sinks - 1"."""
    words, _, most = words.partition(", at most ")
    text = re.sub(r"(\d)L", r"\1*L", words).replace("/", "//")
    result = eval(text, {"__builtins__": {}}, {"L": L, **others})  # the command under test wrote it
    return min(result, int(most)) if most else result


class Methods(CommandTest):
    def methods(self, *args):
        return {m["name"]: m for m in self.json("methods", *args)["methods"]}

    def random_model(self, L):
        config = self.path("config.json", json.dumps({**SHAPE, "max_position_embeddings": L}))
        out = self.path("%d.gguf" % L)
        self.good("convert", "--random", config, "--vocab", MODEL, out, "--type", "q8_0")
        return out

    def test_all_are_listed(self):
        told = self.json("methods")
        self.assertGreaterEqual(len(METHODS), 16)
        self.assertEqual([m["name"] for m in told["methods"]], METHODS)
        self.assertEqual([a["name"] for a in told["add_ons"]], ADD_ONS)
        for row in told["methods"] + told["add_ons"]:
            self.assertGreater(len(row["summary"]), 20)
            self.assertEqual(row["source"] is None, row["name"] == "none")
            for key in ("limit", "refused", "remembers", "idle"):
                self.assertNotIn(key, row)

    def test_sources_are_those_of_the_documentation(self):
        with open(os.path.join(ROOT, "docs", "METHODS.md"), encoding="utf-8") as f:
            known = set(re.findall(r"\d{4}\.\d{5}|kexue\.fm/archives/\d+", f.read()))
        told = self.json("methods")
        cited = set(re.findall(r"\d{4}\.\d{5}|kexue\.fm/archives/\d+",
                               " ".join(r["source"] or "" for r in told["methods"] + told["add_ons"])))
        self.assertEqual(cited, known)

    def test_limits_are_the_formulas(self):
        for path, L in [(MODEL, 256)] + [(self.random_model(L), L) for L in WINDOWS]:
            told = self.json("methods", "-m", path)
            self.assertEqual((told["model"], told["trained_window"]), (path, L))
            rows = {m["name"]: m for m in told["methods"]}
            self.assertIn("brings no lists", rows.pop("longrope")["refused"])
            self.assertEqual({name: rows[name]["limit"] for name in limits(L)}, limits(L))
            self.assertFalse([name for name, row in rows.items() if "refused" in row])

    def test_defaults_and_ranges_are_their_words(self):
        """With a model, the numbers are what the words of L without one stand for; and the plan runs with them."""
        words, n = self.methods(), 0
        for path, L in [(MODEL, 256)] + [(self.random_model(L), L) for L in WINDOWS]:
            for name, row in self.methods("-m", path).items():
                seen = {}
                self.assertEqual([p["name"] for p in row["parameters"]], [p["name"] for p in words[name]["parameters"]])
                for said, told in zip(words[name]["parameters"], row["parameters"]):
                    self.assertEqual(told["kind"], said["kind"])
                    if told["kind"] == "whole number" and not told["default_in_words"]:
                        seen[told["name"]] = int(told["default"])
                    if not told["default_in_words"] and said["default_in_words"] and "file" not in said["default"]:
                        self.assertEqual(int(told["default"]), value(said["default"], L, **seen), (name, said))
                        n += 1
                    elif not said["default_in_words"]:
                        self.assertEqual(told["default"], said["default"])
                    if "L" in said["range"]:
                        least, most = said["range"].split(" to ")
                        self.assertEqual(told["range"], "%s to %d" % (least, value(most, L)), (name, said))
                    else:
                        self.assertEqual(told["range"], said["range"])
                given = ",".join("%s=%s" % (p["name"], p["default"]) for p in row["parameters"]
                                 if not p["default_in_words"])
                if name != "longrope":
                    self.good("info", path, "--extend", name + ":" * bool(given) + given)
        self.assertGreaterEqual(n, 5 * 10)

    def test_ranges_are_kept(self):
        """One past either end is refused, by the range that was told."""
        n = 0
        for name, row in self.methods("-m", MODEL).items():
            for p in row["parameters"]:
                if p["kind"] != "whole number":
                    continue
                ends = [int(e) for e in re.findall(r"\d+", p["range"])]
                for bad in [ends[0] - 1] + [e + 1 for e in ends[1:]]:
                    if bad >= 0:
                        self.refused(USAGE, "info", MODEL, "--extend", "%s:%s=%d" % (name, p["name"], bad),
                                     says=[p["name"], "out of range", p["range"].replace(" to ", " and ")])
                        n += 1
        self.assertGreater(n, 15)

    def test_as_info_says(self):
        """Also of models with sliding windows, with LongRoPE's lists, and without rotary positions."""
        for path in [MODEL] + [self.family(f) for f in ("mistral", "gemma2", "phi3_longrope", "mpt")]:
            self.assertIn(b"longest context", self.good("info", path).stdout)
            for name, row in self.methods("-m", path).items():
                if "refused" in row:
                    self.refused(USAGE, "info", path, "--extend", name, says=["plan %s: %s" % (name, row["refused"])])
                    continue
                told = self.json("info", path, "--extend", name)["longest_context"]
                told = [r for r in told if r["plan"] == name][-1]
                self.assertEqual((told["tokens"], told["remembers"]), (row["limit"], row["remembers"]), (path, name))

    def test_what_is_remembered(self):
        """Where keys are hidden for good; where all layers slide, their window, and without it what the plan says."""
        L, of_plan = 256, {"streaming": 256, "window": 256, "lm-infinite": 266}
        for path in (MODEL, self.family("gemma2")):
            for name, row in self.methods("-m", path).items():
                if "refused" not in row:
                    self.assertEqual((row["remembers"], row["idle"]), (of_plan.get(name), False), (path, name))
        path = self.family("mistral")
        rows = self.methods("-m", path)
        self.assertIn("refused", rows.pop("longrope"))
        for name, row in rows.items():
            sinks = {"streaming": 4, "lm-infinite": 10}.get(name, 0)
            self.assertEqual((row["remembers"], row["idle"]), (sinks + 40, True), name)
        told = self.json("run", "-m", path, "-p", "It", "-n", 1, "--extend", "window:window=99+window=off")
        self.assertEqual(told["remembers"], 99)
        self.assertIsNone(self.json("run", "-m", path, "-p", "It", "-n", 1, "--extend", "none+window=off")["remembers"])
        self.assertEqual(self.json("methods", "-m", path)["trained_window"], L)

    def test_idle_plans_are_told(self):
        def introduction(path):
            return " ".join(self.good("methods", "-m", path).stdout.decode().split("\n\n")[0].split())
        self.assertIn("40 in 2 of 2 layers", introduction(self.family("mistral")))
        self.assertIn("without +window=off, as in self-extend+window=off, they change nothing",
                      introduction(self.family("mistral")))
        for path in (MODEL, self.family("gemma2")):
            self.assertNotIn("+window=off", introduction(path))

    def test_a_file_with_longrope(self):
        rows = self.methods("-m", self.family("phi3_longrope"))
        self.assertNotIn("refused", rows["longrope"])
        self.assertEqual(rows["longrope"]["limit"], rows["none"]["limit"])
        self.assertEqual([p["default"] for p in rows["yarn"]["parameters"] if p["name"] == "original"], ["32"])
        self.assertEqual(rows["yarn"]["limit"], 4 * 32)

    def test_without_rotary_positions(self):
        path = self.family("mpt")
        told = self.json("methods", "-m", path)
        rows = {m["name"]: m for m in told["methods"]}
        self.assertEqual({n for n, r in rows.items() if "refused" not in r}, WITHOUT_ROTATION)
        for name in set(METHODS) - WITHOUT_ROTATION - {"longrope"}:
            self.assertIn("no rotary", rows[name]["refused"])
            self.assertFalse(rows[name]["refused"].startswith("plan"))
            self.assertNotIn("limit", rows[name])
        self.assertEqual(rows["none"]["limit"], told["trained_window"])
        self.assertEqual(rows["auto"]["limit"], told["trained_window"])  # it has nothing to choose
        text = self.good("methods", "-m", path).stdout.decode()
        self.assertEqual(text.count("  refused:"), len(METHODS) - len(WITHOUT_ROTATION))

    def test_text_says_the_same(self):
        for args in ([], ["-m", MODEL]):
            text = self.good("methods", *args).stdout.decode()
            self.assertLessEqual(max(map(len, text.splitlines())), 80)
            blocks = {b.split()[0]: " ".join(b.split()) for b in text.split("\n\n")[1:]}
            self.assertEqual(list(blocks), METHODS + ADD_ONS)
            for name, row in self.methods(*args).items():
                block = blocks[name]
                for part in [row["summary"], row["source"] or "", row["llama_cpp"] or "", row.get("refused", "")]:
                    self.assertIn(part, block)
                for p in row["parameters"]:
                    self.assertIn(p["name"] + " ", block)
                    self.assertIn(p["range"].replace("|", " or "), block)
                    self.assertIn(p["default"], block)
                self.assertEqual("limit:" in block, "limit" in row)
                self.assertEqual("remembers:" in block, row.get("remembers") is not None)
                if row.get("remembers") is not None:
                    self.assertIn("remembers: %d tokens" % row["remembers"], block)
                if "limit" in row:
                    self.assertIn("limit: unbounded" if row["limit"] is None else "limit: %d tokens" % row["limit"], block)

    def test_llama_cpps_words(self):
        """Every option that is as in llama.cpp is told, with the method that it asks for."""
        rows = self.methods()
        help_text = " ".join(self.good("help", "run").stdout.decode().split())
        options = re.findall(r"(--[a-z-]+) [A-Z]+ as in llama\.cpp", help_text)
        self.assertGreater(len(options), 10)
        for option in options:
            self.assertRegex(" ".join(r["llama_cpp"] or "" for r in rows.values()), option + r"\b")
        for name, words, plan in (("self-extend", "--grp-attn-n 4 --grp-attn-w 32", "self-extend:group=4,window=32"),
                                  ("linear", "--rope-scaling linear --rope-scale 2", "linear:factor=2"),
                                  ("yarn", "--rope-scaling yarn --rope-scale 2", "yarn:factor=2,original=256")):
            for word in re.findall(r"--[a-z-]+", words):
                self.assertIn(word, rows[name]["llama_cpp"])
            told = self.json("run", "-m", MODEL, "-p", "It", "-n", 1, *words.split())
            self.assertEqual(told["plan"], plan)


class Faults(CommandTest):
    def test_bad_models(self):
        self.refused(REJECTED, "methods", "-m", self.path("none.gguf"), says=["none.gguf"])
        self.refused(REJECTED, "methods", "-m", self.path("text.gguf", "no model"), "--json", says=["text.gguf"])
        with open(MODEL, "rb") as f:
            short = self.path("short.gguf", f.read(2000))
        self.refused(REJECTED, "methods", "-m", short, says=["short.gguf"])

    def test_usage(self):
        self.refused(USAGE, "methods", MODEL)
        self.refused(USAGE, "methods", "--extend", "none", says=["--extend"])


if __name__ == "__main__":
    main()
