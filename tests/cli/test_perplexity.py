"""perplexity: the protocol's rows, and their figures against those computed by NumPy."""

import json
import math
import os
import resource

import numpy as np

from sextant_command import MODEL, NOVEL, SHARED, CommandTest, main, shared

KEYS = ["length", "plan", "windows", "nll", "ppl", "nll_last_quarter", "ppl_last_quarter", "within_limit"]
EXTENDED = "self-extend:group=8,window=64"


class Protocol(CommandTest):
    """Windows, positions and averages are those of the documented protocol, checked with `logits`."""

    def test_rows_against_logits(self):
        page = self.path("page.txt", self.pages(900))
        ids = self.json("tokenize", "-m", MODEL, "-f", page, "--no-bos")["ids"]
        length, windows = 50, 3
        rows = self.json("perplexity", "-m", MODEL, "-f", page, "--lengths", length, "--windows", windows)
        self.assertEqual([list(r) for r in rows], [KEYS])
        nll, late = [], []
        for k in range(windows):
            start = k * (len(ids) - (length - 1)) // max(1, windows - 1)
            window = [0] + ids[start:start + length - 1]
            out = self.path("w.npy")
            self.good("logits", "-m", MODEL, "--tokens", ",".join(map(str, window)), "--all", "-o", out)
            logits = np.load(out).astype(np.float64)
            for target in range(1, length):
                row = logits[target - 1]
                value = row.max() + math.log(np.exp(row - row.max()).sum()) - row[window[target]]
                nll.append(value)
                if target >= 3 * length // 4:
                    late.append(value)
        self.assertEqual(len(nll), windows * (length - 1))
        self.assertAlmostEqual(rows[0]["nll"], np.mean(nll), places=9)
        self.assertAlmostEqual(rows[0]["nll_last_quarter"], np.mean(late), places=9)
        self.assertAlmostEqual(rows[0]["ppl"], math.exp(rows[0]["nll"]), places=6)
        self.assertAlmostEqual(rows[0]["ppl_last_quarter"], math.exp(rows[0]["nll_last_quarter"]), places=6)

    def test_one_row_per_length_and_plan(self):
        args = ["perplexity", "-m", MODEL, "-f", NOVEL, "--lengths", "300,40", "--windows", 1, "--extend", "none",
                "--extend", EXTENDED, "--extend", "auto"]
        rows = self.json(*args)
        self.assertEqual([r["length"] for r in rows], [300] * 3 + [40] * 3)
        self.assertEqual([r["plan"] for r in rows][:2], ["none", EXTENDED])
        self.assertTrue(rows[2]["plan"].startswith("self-extend:"))
        self.assertEqual(rows[5]["plan"], "none")
        self.assertEqual([r["within_limit"] for r in rows], [False, True, True, True, True, True])
        self.assertEqual([r.get("asked") for r in rows], [None, None, "auto"] * 2)
        done = self.good(*args)
        self.assertEqual(done.stderr.count(b"warning"), 1)
        table = done.stdout.decode().splitlines()
        self.assertEqual(table[0].split(), KEYS[:1] + KEYS[1:])
        self.assertEqual(len(table), 7)

    def test_no_bos(self):
        with_bos = self.json("perplexity", "-m", MODEL, "-f", NOVEL, "--lengths", 40, "--windows", 1)[0]
        without = self.json("perplexity", "-m", MODEL, "-f", NOVEL, "--lengths", 40, "--windows", 1, "--no-bos")[0]
        self.assertNotEqual(with_bos["nll"], without["nll"])


class Memory(CommandTest):
    def test_lengths_without_memory_are_not_run(self):
        limit = lambda: resource.setrlimit(resource.RLIMIT_AS, (250 << 20, 250 << 20))
        done = self.good("perplexity", "-m", MODEL, "-f", NOVEL, "--lengths", "40,150000,60", "--windows", 1, "--extend", "rerope",
                         "-t", 1, "--json", preexec_fn=limit)
        self.assertEqual([r["length"] for r in json.loads(done.stdout)], [40, 60])
        self.assertEqual(done.stderr.count(b"150000 tokens are not run under rerope"), 1)


class Figures(CommandTest):
    """perplexity.json within 0.003 nats; every length with SEXTANT_TEST_ALL set, the short ones without."""

    def test_reference_figures(self):
        with open(shared("models", "tiny", "perplexity.json")) as f:
            expected = json.load(f)
        lengths = [256, 512] if "SEXTANT_TEST_ALL" not in os.environ else sorted({r["length"] for r in expected})
        plans = sorted({r["plan"] for r in expected})
        folder = os.path.join(SHARED, "models", "tiny")
        novel = shared("models", "tiny", "heldout", "PrideAndPrejudice.txt")
        rows = self.json("perplexity", "-m", folder, "-f", novel, "--lengths", ",".join(map(str, lengths)),
                         *[word for plan in plans for word in ("--extend", plan)])
        got = {(r["length"], r["plan"]): r for r in rows}
        for row in expected:
            if row["length"] not in lengths:
                continue
            mine = got[row["length"], row["plan"]]
            self.assertEqual(mine["windows"], row["windows"])
            for key in ("nll", "nll_last_quarter"):
                self.assertAlmostEqual(mine[key], row[key], delta=0.003, msg=(row, mine))


if __name__ == "__main__":
    main()
