"""passkey: rows, both sources of prompts, and that the sample model finds its keys where it should."""

import json
import re

from sextant_command import MODEL, NOVEL, FAILURE, USAGE, CommandTest, main, sextant, shared

KEYS = ["length", "plan", "trials", "accuracy", "by_depth", "within_limit"]
ASK = "What is the pass key? The pass key is"


class FromFile(CommandTest):
    """Items of a file, grouped by their length."""

    def items(self, *items):
        return self.path("keys.jsonl", "".join(json.dumps(i) + "\n" for i in items))

    def test_right_and_wrong(self):
        """An answer that is not the target counts as wrong, whatever else it says."""
        text = "There is an important info hidden. Find it.\n\nThe pass key is 26023. Remember it. 26023 is the pass key.\n"
        item = {"input": text + ASK, "question": "", "target": "26023", "length": 64, "depth": 0.26, "style": "a"}
        rows = self.json("passkey", "-m", MODEL, "--file", self.items(item, dict(item, target="26024", style="b")))
        self.assertEqual(rows, [{"length": 64, "plan": "none", "trials": 2, "accuracy": 0.5, "by_depth": {"0.3": 0.5},
                                 "by_style": {"a": 1.0, "b": 0.0}, "within_limit": True}])

    def test_usual_question_and_counted_length(self):
        text = "The pass key is 26023. Remember it. 26023 is the pass key.\n"
        path = self.items({"input": text, "target": "26023"})
        row = self.json("passkey", "-m", MODEL, "--file", path)[0]
        ids = self.json("tokenize", "-m", MODEL, "-p", text + ASK + " ")["ids"]
        self.assertEqual((row["length"], row["trials"], row["by_depth"]), (len(ids), 1, {}))
        self.assertNotIn("by_style", row)

    def test_target_may_be_a_number(self):
        text = "The pass key is 26023. Remember it. 26023 is the pass key.\n\n" + ASK
        row = self.json("passkey", "-m", MODEL, "--file", self.items({"input": text, "question": "", "target": 26023}))
        self.assertEqual(row[0]["accuracy"], 1.0)

    def test_sample_prompts(self):
        """Inside the window both plans find the keys; four windows on, only the extended one."""
        rows = self.json("passkey", "-m", MODEL, "--file", shared("models", "tiny", "passkey.jsonl"), "--limit", 2,
                         "--extend", "none", "--extend", "self-extend:group=16,window=64")
        lengths = sorted({r["length"] for r in rows})
        self.assertEqual([r["length"] for r in rows], [n for n in lengths for _ in range(2)])
        for row in rows:
            self.assertLessEqual(row["trials"], 2)
            good = row["plan"] != "none" or row["length"] <= 256
            if row["length"] <= 1024 and (good or row["length"] >= 1024):
                self.assertEqual(row["accuracy"] >= 0.8, good, row)
            if row["length"] == 1024 and row["plan"] == "none":
                self.assertFalse(row["within_limit"])

    def test_prompts_of_others(self):
        """Files whose objects have neither question nor length are read too."""
        with open(shared("data", "passkey", "passkey_examples_5k.jsonl"), "rb") as f:
            path = self.path("first.jsonl", f.readline())
        rows = self.json("passkey", "-m", MODEL, "--file", path, "--extend", "self-extend:group=64,window=64")
        self.assertEqual([r["trials"] for r in rows], [1])
        self.assertGreater(rows[0]["length"], 4000)


class Made(CommandTest):
    """Prompts made from a filler."""

    def rows(self, *args):
        return self.json("passkey", "-m", MODEL, *args)

    def test_grid(self):
        rows = self.rows("--lengths", "400,120", "--depths", "0,0.5,1", "--trials", 2)
        self.assertEqual([list(r) for r in rows], [KEYS, KEYS])
        self.assertEqual([(r["length"], r["trials"]) for r in rows], [(120, 6), (400, 6)])
        self.assertEqual(list(rows[0]["by_depth"]), ["0.0", "0.5", "1.0"])
        self.assertEqual(rows[0]["accuracy"], 1.0)

    def test_extended_finds_what_plain_does_not(self):
        rows = self.rows("--lengths", 1000, "--depths", "0.1,0.4", "--trials", 2, "--filler", NOVEL, "--extend", "none",
                         "--extend", "auto")
        self.assertEqual(rows[0]["accuracy"], 0.0)
        self.assertGreaterEqual(rows[1]["accuracy"], 0.75)
        self.assertEqual(rows[1]["asked"], "auto")

    def test_seed(self):
        args = ["--lengths", 300, "--trials", 3, "--filler", NOVEL, "--depths", "0.2"]
        self.assertEqual(self.rows(*args, "--seed", 5), self.rows(*args, "--seed", 5))

    def test_digits(self):
        """A digit is a token of the sample model, and a key stands in its sentence twice."""
        def least(*args):
            said = self.refused(USAGE, "passkey", "-m", MODEL, "--lengths", 3, *args, says=["without filler"])
            return int(re.search(r"has (\d+) tokens", said).group(1))
        self.assertEqual(least("--digits", 36) - least(), 2 * 31)
        self.assertEqual(least("--digits", 5), least())
        self.refused(USAGE, "passkey", "-m", MODEL, "--lengths", 200, "--digits", 37, says=["--digits", "36"])

    def test_lengths_without_memory_are_not_run(self):
        """They change none of the other prompts, and are drawn as what they are."""
        args = ["--depths", "0,0.5", "--trials", 1, "--filler", NOVEL, "--extend", "none", "--extend", "rerope"]
        done = self.good("passkey", "-m", MODEL, "--lengths", "2000m,150,120", *args, "--json", "--picture", self.path("keys.svg"))
        self.assertEqual(json.loads(done.stdout), [r for r in self.rows("--lengths", "2000m,150,120", *args)])
        self.assertEqual([r["length"] for r in json.loads(done.stdout)], [120, 120, 150, 150])
        self.assertEqual(done.stderr.count(b"2097152000 tokens are not run under any plan"), 1)
        with open(self.path("keys.svg"), encoding="utf-8") as f:
            picture = f.read()
        self.assertIn("2000M", picture)
        self.assertIn("not run", picture)
        self.refused(FAILURE, "passkey", "-m", MODEL, "--lengths", "2000m", says=["shorter"], notes=1)

    def test_table(self):
        done = sextant("passkey", "-m", MODEL, "--lengths", 120, "--trials", 1, "--depths", "0.5")
        lines = done.stdout.decode().splitlines()
        self.assertEqual(len(lines), 2)
        self.assertEqual(lines[1].split()[:4], ["120", "none", "1", "1.000"])


if __name__ == "__main__":
    main()
