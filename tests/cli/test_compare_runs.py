"""compare-runs: two folders side by side, with intervals that the test works out itself."""

import json
import math
import os
import sqlite3

from sextant_command import FAILURE, MODEL, NOVEL, USAGE, CommandTest, main

EXTENDED = "self-extend:group=8,window=64"


def wilson(good, n, z=1.959963984540054):
    p = good / n
    middle, half = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return max((middle - half) / (1 + z * z / n), 0), min((middle + half) / (1 + z * z / n), 1)


class CompareRuns(CommandTest):
    def run_of(self, name, cells, facts=()):
        """A folder as the commands leave it, with these cells: {key: object}."""
        folder = self.path(name)
        self.good("needle", "-m", MODEL, "--task", "passkey", "--lengths", 200, "--depths", 0, "--trials", 1, "-o", folder)
        with sqlite3.connect(os.path.join(folder, "results.sqlite")) as store:
            store.execute("DELETE FROM cell")
            store.executemany("INSERT INTO cell VALUES(?, ?)", [(k, json.dumps(v)) for k, v in cells.items()])
            store.executemany("UPDATE fact SET value = ? WHERE name = ?", facts)
        store.close()
        return folder

    def rights(self, figure, pattern):
        return {"%s|%03d" % (figure, i): {"right": int(c), "score": int(c)} for i, c in enumerate(pattern)}

    def test_shares_and_intervals(self):
        a = self.run_of("a", {**self.rights("none|1024", "0001000000"), **self.rights("none|256", "1111111111"),
                              **self.rights("only a", "1")})
        b = self.run_of("b", {**self.rights("none|1024", "1110111111"), **self.rights("none|256", "1101111111"),
                              **self.rights("b|1", "1"), **self.rights("b|2", "0")}, [("other", "model")])
        told = self.json("compare-runs", a, b)
        rows = {r["figure"]: r for r in told["figures"]}
        self.assertEqual(list(rows), ["none|1024", "none|256"])
        for figure, good in (("none|1024", (1, 9)), ("none|256", (10, 9))):
            row = rows[figure]
            for side, n in zip("ab", good):
                low, high = wilson(n, 10)
                self.assertAlmostEqual(row[side]["value"], n / 10, 9)
                self.assertEqual(row[side]["n"], 10)
                self.assertAlmostEqual(row[side]["low"], low, 9)
                self.assertAlmostEqual(row[side]["high"], high, 9)
            self.assertAlmostEqual(row["difference"], (good[1] - good[0]) / 10, 9)
        self.assertEqual([rows[f]["overlap"] for f in ("none|1024", "none|256")], [False, True])
        self.assertEqual((told["only_in_a"], told["only_in_b"]), (1, 2))
        self.assertEqual(list(told["facts_that_differ"]), ["model"])
        self.assertEqual(told["facts_that_differ"]["model"]["b"], "other")
        table = self.good("compare-runs", a, b).stdout.decode().splitlines()
        self.assertTrue(table[0].startswith("model: "))
        self.assertEqual(table[2].split(), ["none|1024", "share", "0.1000", "[0.02", "0.40]", "10", "0.9000", "[0.60", "0.98]",
                                            "10", "+0.8000", "apart"])
        self.assertEqual(table[3].split()[-1], "overlap")
        self.assertEqual(table[4], "1 only in A, 2 only in B")

    def test_figures_that_are_no_shares_have_no_intervals(self):
        a = self.run_of("a", {"qa|0": {"score": 0.25}, "qa|1": {"score": 0.75}, "x|0": {"note": "no figure"}})
        b = self.run_of("b", {"qa|0": {"score": 0.125}})
        row, = self.json("compare-runs", a, b)["figures"]
        self.assertEqual((row["a"], row["b"], row["difference"]), ({"value": 0.5, "n": 2}, {"value": 0.125, "n": 1},
                                                                    -0.375))
        self.assertNotIn("overlap", row)

    def test_units_are_those_that_users_know(self):
        """Windows may have different numbers of predictions: those weigh, not the windows."""
        a = self.run_of("a", {"perplexity|none|64|0": {"score": 3.0, "n": 30}, "perplexity|none|64|1": {"score": 4.0, "n": 10},
                              "short|yarn|64|0": {"score": 0.1, "n": 50}, "speed|none|64|0": {"score": 120.5},
                              "passkey|none|64|0.50|0": {"right": 1}})
        b = self.run_of("b", {"perplexity|none|64|0": {"score": 2.0, "n": 5}, "short|yarn|64|0": {"score": 0, "n": 50},
                              "speed|none|64|0": {"score": 241}, "passkey|none|64|0.50|0": {"right": 0}})
        rows = {r["figure"]: r for r in self.json("compare-runs", a, b)["figures"]}
        for figure, unit, left, right in (("perplexity|none|64", "perplexity", math.exp(130 / 40), math.exp(2)),
                                          ("short|yarn|64", "% cost", 100 * math.expm1(0.1), 0),
                                          ("speed|none|64", "tokens/s", 120.5, 241), ("passkey|none|64|0.50", "share", 1, 0)):
            row = rows[figure]
            self.assertEqual(row["unit"], unit)
            for got, value in ((row["a"]["value"], left), (row["b"]["value"], right), (row["difference"], right - left)):
                self.assertAlmostEqual(got, value, delta=1e-9 * max(1, abs(value)))

    def test_perplexities_are_those_of_perplexity(self):
        command = ["perplexity", "-m", MODEL, "-f", NOVEL, "--lengths", "100,300", "--windows", 3]
        printed = self.json(*command, "-o", self.path("a"))
        self.good(*command, "-o", self.path("b"))
        rows = self.json("compare-runs", self.path("a"), self.path("b"))["figures"]
        for row, line in zip(rows, printed):
            self.assertAlmostEqual(row["a"]["value"], line["ppl"], delta=1e-9 * line["ppl"])

    def test_nothing_in_common(self):
        a, b = self.run_of("a", {"needle|x|0": {"right": 1}}), self.run_of("b", {"speed|x|0": {"score": 1}})
        self.refused(USAGE, "compare-runs", a, b, says=["(needle)", "no figure in common", "the same plans"])

    def test_names_that_begin_with_one_another(self):
        """In the order of their keys the repeats of `p` lie around those of `p|y`."""
        cells = {"p|a": {"right": 1}, "p|y|0": {"right": 0}, "p|z": {"right": 1}, "p!|0": {"right": 0}}
        rows = self.json("compare-runs", self.run_of("a", cells), self.run_of("b", cells))["figures"]
        self.assertEqual([(r["figure"], r["a"]["n"], r["b"]["value"]) for r in rows],
                         [("p", 2, 1), ("p!", 1, 0), ("p|y", 1, 0)])

    def test_two_real_runs(self):
        args = ["needle", "-m", MODEL, "--task", "passkey", "--lengths", "200,1k", "--depths", "0,50", "--trials", 3]
        a, b = self.path("a"), self.path("b")
        one, two = self.json(*args, "-o", a), self.json(*args, "-o", b, "--extend", "none", "--extend", EXTENDED)
        told = self.json("compare-runs", a, b)
        self.assertEqual((len(told["figures"]), told["only_in_a"], told["only_in_b"]), (4, 0, 4))
        for row, left, right in zip(told["figures"], one["cells"], two["cells"]):
            self.assertEqual((row["a"]["value"], row["b"]["value"]), (left["found"]["share"], right["found"]["share"]))
            self.assertEqual(row["difference"], 0)
        self.assertEqual(list(told["facts_that_differ"]), ["plans"])

    def test_what_cannot_be_compared(self):
        good = self.run_of("good", self.rights("x", "1"))
        self.refused(USAGE, "compare-runs", good, says=["two output folders"])
        self.refused(FAILURE, "compare-runs", good, self.path("absent"), says=["absent is no folder"])
        self.refused(USAGE, "compare-runs", self.run_of("none", {}), good, says=["has no figures"])
        os.mkdir(self.path("empty"))
        self.refused(FAILURE, "compare-runs", good, self.path("empty"), says=["empty holds no results", "finished run"])
        bad = self.run_of("bad", {"x|0": [1]})
        self.refused(FAILURE, "compare-runs", good, bad, says=["bad/results.sqlite", "no JSON object"])
        with open(os.path.join(bad, "results.sqlite"), "wb") as f:
            f.write(b"not a database " * 1000)
        self.refused(FAILURE, "compare-runs", good, bad, says=["damaged"])


if __name__ == "__main__":
    main()
