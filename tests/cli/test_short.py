"""short: its figures are those of the logits of both sides, and its verdict follows from them."""

import signal
import subprocess

import numpy as np

from sextant_command import MODEL, NOVEL, SEXTANT, USAGE, WINDOW, CommandTest, main, needs_command

EXTENDED = "self-extend:group=8,window=64"
HARMFUL = "linear:factor=4"


def log_softmax(logits):
    logits = logits.astype(np.float64)
    logits -= logits.max(axis=1, keepdims=True)
    return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))


def setUpModule():
    needs_command("short")


class Figures(CommandTest):
    def logits(self, ids, plan):
        out = self.path("out.npy")
        self.good("logits", "-m", MODEL, "--tokens", ",".join(map(str, ids)), "--all", "-o", out, "--extend", plan)
        return np.load(out)

    def windows(self, text, length, n_windows):
        """As documented: spread evenly, each with BOS where the model adds it."""
        ids = self.json("tokenize", "-m", MODEL, "-f", text, "--no-bos")["ids"]
        with_bos = self.json("tokenize", "-m", MODEL, "-f", text)["ids"]
        bos = with_bos[:len(with_bos) - len(ids)]
        for k in range(n_windows):
            start = k * (len(ids) - (length - len(bos))) // max(1, n_windows - 1)
            yield bos + ids[start:start + length - len(bos)]

    def test_they_are_those_of_the_logits(self):
        text = self.path("text.txt", self.pages(6000))
        plans = self.json("short", "-m", MODEL, "-f", text, "--extend", EXTENDED, "--extend", HARMFUL, "--windows", 2,
                          "--lengths", "100,%d" % WINDOW)
        self.assertEqual([p["asked"] for p in plans], [EXTENDED, HARMFUL])
        for plan in plans:
            self.assertEqual([r["length"] for r in plan["rows"]], [100, WINDOW])
            for row in plan["rows"]:
                before, after, targets = [], [], []
                for window in self.windows(text, row["length"], 2):
                    before.append(self.logits(window, "none")[:-1])
                    after.append(self.logits(window, plan["asked"])[:-1])
                    targets += window[1:]
                before, after = log_softmax(np.concatenate(before)), log_softmax(np.concatenate(after))
                n = len(targets)
                self.assertEqual(row["positions"], n)
                self.assertAlmostEqual(row["same_token"], np.mean(before.argmax(1) == after.argmax(1)), delta=1e-12)
                ppl_none = np.exp(-before[np.arange(n), targets].mean())
                ppl = np.exp(-after[np.arange(n), targets].mean())
                kl = (np.exp(before) * (before - after)).sum(1).mean()
                for key, value in (("ppl_none", ppl_none), ("ppl", ppl), ("cost", ppl / ppl_none - 1), ("kl", kl)):
                    self.assertAlmostEqual(row[key], value, delta=1e-9 * max(1, abs(value)), msg=key)

    def test_rows_are_those_of_perplexity(self):
        plan = self.json("short", "-m", MODEL, "-f", NOVEL, "--extend", EXTENDED)[0]
        self.assertEqual([r["length"] for r in plan["rows"]], [WINDOW // 4, WINDOW // 2, WINDOW])
        rows = self.json("perplexity", "-m", MODEL, "-f", NOVEL, "--lengths",
                         ",".join(str(r["length"]) for r in plan["rows"]), "--extend", "none", "--extend", EXTENDED)
        for i, row in enumerate(plan["rows"]):
            self.assertAlmostEqual(row["ppl_none"], rows[2 * i]["ppl"], delta=1e-9 * row["ppl_none"])
            self.assertAlmostEqual(row["ppl"], rows[2 * i + 1]["ppl"], delta=1e-9 * row["ppl"])

    def test_threads_and_chunks_change_nothing(self):
        command = ["short", "-m", MODEL, "-f", NOVEL, "--extend", EXTENDED, "--windows", 2, "--json"]
        outputs = {self.good(*command, *more).stdout for more in (["-t", 1], ["-t", 2], ["-t", 3, "--chunk", 7])}
        self.assertEqual(len(outputs), 1)


class Verdicts(CommandTest):
    def verdicts(self, *plans):
        told = self.json("short", "-m", MODEL, "-f", NOVEL, "--windows", 2,
                         *[a for p in plans for a in ("--extend", p)])
        for plan in told:
            worst = max(r["cost"] for r in plan["rows"])
            least = min(r["same_token"] for r in plan["rows"])
            self.assertEqual(plan["harmless"], worst <= 0.01 and least >= 0.9)
        return told

    def test_the_same_plan_is_harmless(self):
        for plan in self.verdicts("none", "auto"):
            self.assertTrue(plan["verdict"].startswith("harmless"))
            for row in plan["rows"]:
                self.assertEqual((row["plan"], row["cost"], row["same_token"], row["kl"]), ("none", 0, 1, 0))

    def test_a_small_harm_and_a_large_one(self):
        extended, harmful, cut = self.verdicts(EXTENDED, HARMFUL, "window:window=4")
        self.assertTrue(extended["harmless"])
        for plan, length in ((harmful, None), (cut, WINDOW)):
            worst = max(plan["rows"], key=lambda r: r["cost"])
            self.assertTrue(plan["verdict"].startswith("costs %.1f %% perplexity at %d tokens" %
                                                       (100 * worst["cost"], worst["length"])), plan["verdict"])

    def test_table_ends_with_a_line_for_each_plan(self):
        lines = self.good("short", "-m", MODEL, "-f", NOVEL, "--windows", 1, "--lengths", "32", "--extend", EXTENDED,
                          "--extend", HARMFUL).stdout.decode().splitlines()
        self.assertEqual(len(lines), 1 + 2 + 2)
        self.assertTrue(lines[3].startswith(EXTENDED + ": harmless"))
        self.assertTrue(lines[4].startswith(HARMFUL + ": "))


class Faults(CommandTest):
    def test_refused(self):
        short = ["short", "-m", MODEL]
        text = self.path("few.txt", self.pages(200))
        for args, says in (([*short, "--extend", EXTENDED], ["-f"]),
                           ([*short, "-f", NOVEL], ["--extend"]),
                           ([*short, "-f", NOVEL, "--extend", "selfextend"], ["self-extend"]),
                           ([*short, "-f", NOVEL, "--extend", EXTENDED, "--lengths", WINDOW + 1],
                            ["--lengths", str(WINDOW + 1), str(WINDOW)]),
                           ([*short, "-f", NOVEL, "--extend", EXTENDED, "-c", 100], ["-c", "256"]),
                           ([*short, "-f", text, "--extend", EXTENDED], [text, "256", "longer file"])):
            self.refused(USAGE, *args, says=says)

    def test_interrupt_keeps_the_lengths_that_are_done(self):
        process = subprocess.Popen([SEXTANT, "short", "-m", MODEL, "-f", NOVEL, "--extend", EXTENDED, "--lengths",
                                    "2,256", "--windows", "600", "-t", "1"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        lines = [process.stdout.readline(), process.stdout.readline()]
        self.assertEqual(lines[1].split()[0], b"2")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
        self.assertEqual(process.returncode, 130, err)
        self.assertEqual(out, b"")


if __name__ == "__main__":
    main()
