"""perplexity --stream: its figures against the float64 forward pass with the token-by-token definition of streaming,
and memory that stays as it is however long the text."""

import math
import os
import re
import subprocess
import sys

import numpy as np

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "oracle"))
import llama_forward  # noqa: E402
import position_plans  # noqa: E402
from sextant_command import MODEL, NOVEL, SEXTANT, TINY, USAGE, CommandTest, main, shared  # noqa: E402

KEYS = ["first", "end", "plan", "nll", "ppl", "ppl_so_far"]
PLAN = "streaming:sinks=3,recent=60"


class Figures(CommandTest):
    def test_the_definition(self):
        """Tokens one by one through a cache of sinks and recent keys, in NumPy: within 0.003 nats in each part."""
        shared("models", "tiny", "config.json")
        length, parts = 301, 4
        rows = self.json("perplexity", "-m", MODEL, "-f", NOVEL, "--stream", "--lengths", length, "--windows", parts,
                         "--extend", PLAN)
        self.assertEqual([list(row) for row in rows], [KEYS] * parts)
        ids = [0] + self.json("tokenize", "-m", MODEL, "-f", NOVEL, "--no-bos")["ids"][:length - 1]
        logits = llama_forward.Llama(TINY).logits(ids, position_plans.parse(PLAN))
        top = logits.max(-1)
        nll = [math.log(np.exp(logits[i] - top[i]).sum()) + top[i] - logits[i][ids[i + 1]] for i in range(length - 1)]
        ends = [length * (p + 1) // parts for p in range(parts)]
        for row, first, end in zip(rows, [0] + ends, ends):
            self.assertEqual((row["first"], row["end"], row["plan"]), (first, end, PLAN))
            self.assertAlmostEqual(row["nll"], np.mean(nll[max(0, first - 1):end - 1]), delta=0.003)
            self.assertAlmostEqual(row["ppl"], math.exp(row["nll"]), places=6)
            self.assertAlmostEqual(math.log(row["ppl_so_far"]), np.mean(nll[:end - 1]), delta=0.003)

    def test_the_whole_text_and_several_plans(self):
        page = self.path("page.txt", self.pages(3000))
        n = len(self.json("tokenize", "-m", MODEL, "-f", page)["ids"])
        rows = self.json("perplexity", "-m", MODEL, "-f", page, "--stream", "--windows", 2, "--extend", "streaming",
                         "--extend", "none")
        self.assertEqual([(r["first"], r["end"]) for r in rows], [(0, n // 2), (n // 2, n)] * 2)
        self.assertEqual([r["plan"] for r in rows], ["streaming:sinks=4,recent=251"] * 2 + ["none"] * 2)
        table = self.good("perplexity", "-m", MODEL, "-f", page, "--stream", "--windows", 2).stdout.decode()
        self.assertEqual(table.splitlines()[0].split(), KEYS)
        self.assertEqual(table.splitlines()[2].split()[4], "%.3f" % rows[1]["ppl"])

    def test_refusals(self):
        page = self.path("page.txt", self.pages(3000))
        word = self.path("word.txt", b"a")
        command = ["perplexity", "-m", MODEL, "--stream", "-f"]
        self.refused(USAGE, *command, page, "--lengths", "100,200", says=["one number"])
        self.refused(USAGE, *command, page, "--lengths", "100000", says=["100000", "longer file"])
        self.refused(USAGE, *command, page, "--lengths", "200", "-c", "100", says=["-c 200"])
        self.refused(USAGE, *command, word, "--no-bos", says=["no two tokens"])


class Memory(CommandTest):
    def test_it_does_not_grow(self):
        """Anonymous memory at each row of the table: none after the first, or there would be 4 MiB more at the end
        for keys and values alone in a cache that kept them. The same pages read as well the fourth time."""
        pages = self.path("pages.txt", self.pages(90000) * 4)
        rows, held = [], []
        command = [SEXTANT, "perplexity", "-m", MODEL, "-f", pages, "--stream", "--windows", 12]
        with subprocess.Popen(map(str, command), stdout=subprocess.PIPE, text=True) as child:
            next(child.stdout)
            for line in child.stdout:
                with open("/proc/%d/status" % child.pid) as f:
                    status = f.read()
                if "RssAnon" in status:  # gone when the command has ended
                    held.append(int(re.search(r"RssAnon:\s+(\d+)", status).group(1)))
                rows.append(line.split())
        self.assertEqual(child.returncode, 0)
        self.assertEqual(len(rows), 12)
        self.assertGreater(int(rows[-1][1]), 100000)
        self.assertGreaterEqual(len(held), 10)
        self.assertLessEqual(max(held) - held[0], 256, held)
        ppl = [float(row[4]) for row in rows]
        for before, after in zip(ppl, ppl[3:]):
            self.assertLess(abs(after / before - 1), 0.05, ppl)


if __name__ == "__main__":
    main()
