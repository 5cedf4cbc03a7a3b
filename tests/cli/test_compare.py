"""compare: its figures are those of perplexity and passkey, in one table, one CSV file and one JSON document."""

import csv
import os
import signal
import subprocess
import time

from sextant_command import MODEL, NOVEL, SEXTANT, CommandTest, main

EXTENDED = "self-extend:group=8,window=64"
SHAPE = ["--windows", 2, "--lengths", "200,300"]
KEYS = ["--depths", "0.2,0.7", "--trials", 1, "--seed", 5]


class Figures(CommandTest):
    def rows(self, *args):
        return self.json("compare", "-m", MODEL, "-f", NOVEL, *SHAPE, *KEYS, *args)

    def test_rows_are_those_of_perplexity_and_passkey(self):
        rows = self.rows("--methods", "none; %s  auto" % EXTENDED)
        plans = ["none", EXTENDED, "auto"]
        self.assertEqual([(r["method"], r["length"]) for r in rows], [(p, n) for p in plans for n in (200, 300)])
        for row in rows:
            length = row["length"]
            text = self.json("perplexity", "-m", MODEL, "-f", NOVEL, "--windows", 2, "--lengths", length, "--extend",
                             row["method"])[0]
            for key in ("nll", "ppl", "nll_last_quarter", "ppl_last_quarter", "plan", "within_limit"):
                self.assertEqual(row[key], text[key])
        keys = self.json("passkey", "-m", MODEL, "--filler", NOVEL, "--lengths", "200,300", *KEYS,
                         *[a for p in plans for a in ("--extend", p)])
        found = {(k.get("asked", k["plan"]), k["length"]): (k["accuracy"], k["trials"]) for k in keys}
        for row in rows:
            self.assertEqual((row["accuracy"], row["trials"]), found[row["method"], row["length"]])

    def test_table_and_csv_hold_the_same(self):
        out = self.path("methods.csv")
        done = self.good("compare", "-m", MODEL, "-f", NOVEL, *SHAPE, *KEYS, "--extend", "none", "--methods", EXTENDED,
                         "-o", out)
        with open(out, newline="") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual([(r["method"], r["length"]) for r in rows],
                         [(p, n) for p in ("none", EXTENDED) for n in ("200", "300")])
        table = done.stdout.decode().splitlines()
        self.assertEqual(len(table), 4)
        for line, method in zip(table[2:], ("none", EXTENDED)):
            mine = [r for r in rows if r["method"] == method]
            cells = ["%.2f / %.2f%s" % (float(r["ppl_last_quarter"]), int(r["found"]) / int(r["trials"]),
                                        "" if r["within_limit"] == "true" else "*") for r in mine]
            self.assertEqual(" ".join(line.split()), " ".join([method] + cells))

    def test_every_method_without_a_list(self):
        rows = self.rows("--lengths", 150)
        names = [r["method"] for r in rows]
        self.assertEqual(len(names), len(set(names)))
        for name in ("none", "self-extend", "auto"):
            self.assertIn(name, names)


class StandardInput(CommandTest):
    def test_a_text_that_is_the_filler_too_is_read_once(self):
        with open(NOVEL, "rb") as file:
            text = file.read()
        args = ["compare", "-m", MODEL, *SHAPE, *KEYS, "--methods", "none"]
        self.assertEqual(self.good(*args, "-f", "-", stdin=text).stdout, self.good(*args, "-f", NOVEL).stdout)


class Faults(CommandTest):
    def test_refused_before_anything_is_read(self):
        out = self.path("none.csv")
        for args, words in ((["--methods", "none; selfextend"], ["selfextend", "self-extend"]),
                            (["--methods", "self-extend:window=0"], ["window"]),
                            (["--lengths", 10 ** 8], ["--lengths"])):
            self.refused(2, "compare", "-m", MODEL, "-f", NOVEL, *SHAPE, *KEYS, "-o", out, *args, says=words)
            self.assertFalse(os.path.exists(out))
        self.refused(2, "compare", "-m", MODEL, *SHAPE, says=["-f"])
        self.refused(2, "compare", "-m", MODEL, "-f", NOVEL, says=["--lengths"])

    def test_interrupt_keeps_what_is_done(self):
        out = self.path("kept.csv")
        process = subprocess.Popen([SEXTANT, "compare", "-m", MODEL, "-f", NOVEL, "--lengths", "100,2000", "--windows",
                                    "1000", "--trials", "1", "--methods", "none auto", "-o", out],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        process.stdout.readline()  # the first cell is being measured
        while not any(name.startswith("kept.csv.") for name in os.listdir(os.path.dirname(out))):
            time.sleep(0.01)
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        process.communicate()
        self.assertEqual(process.returncode, 130)
        with open(out) as file:
            self.assertTrue(file.readline().startswith("method,length,"))
        self.assertEqual(os.listdir(os.path.dirname(out)), ["kept.csv"])


if __name__ == "__main__":
    main()
