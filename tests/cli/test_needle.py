"""needle: its prompts are what was published, its grid is right and cheap, and what is finished stays."""

import csv
import contextlib
import json
import math
import os
import re
import resource
import signal
import sqlite3
import subprocess
import time

from sextant_command import FAILURE, INTERRUPTED, MODEL, NOVEL, SEXTANT, USAGE, CommandTest, main, sextant, shared
from terminal import Terminal

EXTENDED = "self-extend:group=8,window=64"
NOISE = "The grass is green. The sky is blue. The sun is yellow. Here we go. There and back again."


def wilson(good, n, z=1.959963984540054):
    """Wilson (1927), as the textbooks have it."""
    p = good / n
    middle, half = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)


class NeedleTest(CommandTest):
    def needle(self, *args):
        return ["needle", "-m", MODEL, *args]

    def passkey(self, *args):
        return self.needle("--task", "passkey", *args)

    def prompts(self, *args):
        """The prompts as they were asked, from a run of one token's answers where the answers do not matter."""
        out = self.path("prompts.jsonl")
        self.good(*self.needle(*args, "--prompts", out))
        with open(out, encoding="utf-8") as f:
            return [json.loads(line) for line in f]


class Prompts(NeedleTest):
    """The published words, the wanted length, the wanted depth."""

    def count(self, text):
        return len(self.good("tokenize", "-m", MODEL, "-f", self.path("text.txt", text)).stdout.split())

    def test_single_is_rulers(self):
        for p in self.prompts("--task", "single", "--lengths", "900,1200", "--depths", "0:100:20", "--trials", 2):
            text, value = p["input"], p["target"]
            key = re.search(r"One of the special magic numbers for ([a-z]+-[a-z]+) is: %s\." % value, text).group(1)
            needle = "One of the special magic numbers for %s is: %s." % (key, value)
            self.assertRegex(value, r"^[1-9]\d{6}$")
            head = ("A special magic number is hidden within the following text. Make sure to memorize it. I will "
                    "quiz you about the number afterwards.\n")
            tail = ("\nWhat is the special magic number for %s mentioned in the provided text? The special magic "
                    "number for %s mentioned in the provided text is" % (key, key))
            self.assertTrue(text.startswith(head) and text.endswith(tail), text)
            lines = text[len(head):-len(tail)].split("\n")
            self.assertEqual(sorted(set(lines)), sorted([NOISE, needle]))
            self.assertEqual(lines.count(needle), 1)
            at = text.index(needle) / len(text)  # bytes for tokens: near enough for 1 of 5 depths
            self.assertAlmostEqual(at, p["depth"], delta=0.2)
            self.assertLessEqual(p["tokens"] + 128, p["length"])  # RULER counts the answer's tokens
            self.assertGreater(p["tokens"] + 128, p["length"] - 60)

    def test_depths_are_exact_where_any_word_will_do(self):
        for p in self.prompts("--task", "passkey", "--lengths", "400,800", "--depths", "0:100:25", "--trials", 1,
                              "--haystack", NOVEL):
            sentence = "\nThe pass key is %s. Remember it. %s is the pass key.\n" % (p["target"], p["target"])
            question = "\nWhat is the pass key? The pass key is"
            at = p["input"].index(sentence)
            before, fixed, head = (self.count(text) for text in (p["input"][:at], sentence + question, p["input"][:148]))
            expected = max(head, min(p["depth"] * p["length"], p["length"] - 16 - fixed))
            self.assertTrue(p["input"].endswith(question))
            self.assertAlmostEqual(before, expected, delta=8)
            self.assertLessEqual(p["tokens"] + 16, p["length"])
            self.assertGreater(p["tokens"] + 16, p["length"] - 8)

    def test_multi_key_asks_for_one_of_four(self):
        for p in self.prompts("--task", "multi-key", "--lengths", 1000, "--depths", "50", "--trials", 3, "-n", 1):
            found = re.findall(r"One of the special magic numbers for (\S+) is: (\d{7})\.", p["input"])
            self.assertEqual((len(found), len(dict(found)), len(p["targets"])), (4, 4, 1))
            asked = re.search(r"What is the special magic number for (\S+) mentioned", p["input"]).group(1)
            self.assertEqual(dict(found)[asked], p["target"])

    def test_multi_value_asks_for_all_of_one_key(self):
        for p in self.prompts("--task", "multi-value", "--lengths", 1000, "--depths", "20", "--trials", 3, "-n", 1):
            found = re.findall(r"One of the special magic numbers for (\S+) is: (\d{7})\.", p["input"])
            self.assertEqual(len({key for key, _ in found}), 1)
            self.assertEqual([value for _, value in found], p["targets"])
            self.assertIn("What are all the special magic numbers for %s mentioned in the provided text? The special "
                          "magic numbers for %s mentioned in the provided text are" % (found[0][0], found[0][0]),
                          p["input"])

    def test_variable_tracking_is_a_chain(self):
        for p in self.prompts("--task", "variable-tracking", "--lengths", 1600, "--depths", "0", "--trials", 3):
            self.assertLessEqual(p["tokens"], 1600 - 30)  # as many as RULER leaves for the answer
            self.assertGreater(p["tokens"], 1600 - 30 - 60)
            _, example, asked = p["input"].split("Memorize and track the chain(s) of variable assignment hidden in the "
                                                 "following text.\n\n")
            shown = re.findall(r"^VAR (\w{3}) = (?:VAR )?(\w+)$", example, re.M)
            self.assertTrue(example.endswith("are assigned the value %s, they are: %s\n\n" % (
                shown[0][1], " ".join(name for name, _ in shown))), example)
            self.assertEqual([value for _, value in shown[1:]], [name for name, _ in shown[:-1]])
            chain = re.findall(r"^VAR (\w{5}) = (?:VAR )?(\w+)$", asked, re.M)
            self.assertFalse({name for name, _ in chain} & {name for name, _ in shown})
            self.assertEqual([name for name, _ in chain], p["targets"])
            self.assertEqual([value for _, value in chain[1:]], p["targets"][:-1])
            value = chain[0][1]
            self.assertRegex(value, r"^\d{5}$")
            self.assertTrue(p["input"].endswith(
                "\nQuestion: Find all variables that are assigned the value %s in the text above. Answer: According to "
                "the chain(s) of variable assignment in the text above, 5 variables are assigned the value %s, they "
                "are: " % (value, value)), p["input"])

    def test_common_words_are_the_most_common(self):
        for p in self.prompts("--task", "common-words", "--haystack", NOVEL, "--lengths", "1000,5000", "--trials", 2,
                              "-n", 1):
            parts = p["input"].split("Below is a numbered list of words.")
            self.assertEqual(len(parts), 3)  # a worked example comes first
            for part, answer in zip(parts[1:], (re.findall(r"\d+\. (\w+)", parts[1].split("are:")[1]), p["targets"])):
                listed = re.findall(r"(\d+)\. (\w+)", part.split("\nQuestion")[0])
                self.assertEqual([int(i) for i, _ in listed], list(range(1, len(listed) + 1)))
                counts = {}
                for _, word in listed:
                    counts[word] = counts.get(word, 0) + 1
                self.assertEqual(set(sorted(counts, key=counts.get)[-10:]), set(answer))
                self.assertEqual(len(set(answer)), 10)
                common = {counts[w] for w in answer}
                others = {n for w, n in counts.items() if w not in answer}
                self.assertEqual(len(common), 1)
                self.assertEqual(len(others), 1)
                self.assertGreater(min(common), max(others))
            self.assertEqual((min(common), max(others)), (6, 1) if p["length"] < 4096 else (30, 3))

    CHINESE = "从前有一个人住在山里。他每天早上都去河边打水！你知道他为什么要去那么远的地方吗？没有人知道。"
    HOSTILE = {"chinese": CHINESE * 60, "no blanks": "x" * 5000,
               "one long sentence": "and so he went on and on without an end " * 100,
               "curly": "“It was late,” he said, “and nobody came at all!” She did not answer him (he was right). " * 40,
               "wide quotes": "他说：「今天下雨！？」她没有回答。。。" * 100}

    def test_any_text_will_do(self):
        """Prompts are about as long as they must be, and needles where they must be, whatever the text is made of."""
        for name, text in self.HOSTILE.items():
            path = self.path("hay.txt", text)
            for p in self.prompts("--haystack", path, "--lengths", "500,900", "--depths", "0,50,100", "--trials", 1, "-n", 8):
                text = p["input"]
                self.assertNotIn("\ufffd", text, name)
                room = p["length"] - 8
                # One token is one byte at worst, and 400 bytes are the most that a cut goes back.
                self.assertGreater(p["tokens"], room - 401, name)
                self.assertLessEqual(p["tokens"], room)
                if name != "one long sentence":
                    self.assertGreater(p["tokens"], room - 150, name)
                at = text.index("One of the special")
                if p["depth"] == 0.5 and p["length"] == 900:
                    self.assertAlmostEqual(at / len(text), 0.5, delta=0.15, msg=name)
                self.assertTrue(text[at - 1].isspace(), (name, text[:at]))  # also where the text has no blanks
                before, after = text[:at].rstrip(" ")[-1:], text[at:].split(p["target"] + ".")[1].lstrip(" ")[:1]
                if name in ("chinese", "curly", "wide quotes"):
                    self.assertIn(before, "\n。！？」”.)", (name, before))
                    self.assertNotIn(after, "。！？」”.)", (name, after))

    def test_needles_stand_between_sentences(self):
        """Neither after a quote in the middle of one nor at the end of a line that is none."""
        ends = re.compile(r"(?:[.!?][\"'\u201d\u2019)\]]*|\n\s*\n|^)\s*$")
        for p in self.prompts("--task", "multi-key", "--haystack", NOVEL, "--lengths", "900,1500", "--depths", "0:100:20", "--trials", 2, "-n", 1):
            context = p["input"].split("afterwards.\n", 1)[1]
            for found in re.finditer(r"One of the special magic numbers", context):
                before = re.sub(r"One of the special magic numbers for \S+ is: \d+\. *", "", context[:found.start()])
                self.assertRegex(before[-200:], ends)

    def test_line_ends_and_quotes_within_a_sentence_are_no_place(self):
        text = ("It is a truth that by \"reason\" One may\nfind in all Lines. But \"Oh!\"  she\nsaid; in a\n"
                "House they live.\n\nCHAPTER 1\n\nThey left at\nDawn.\nHe said (\"Stay.\") So we did\n")
        places = "It is a|But \"Oh|CHAPTER|They left|He said|So we|$"
        for p in self.prompts("--haystack", self.path("hay.txt", text * 40), "--lengths", "500,600,700,800,900",
                              "--depths", "10:90:10", "--trials", 1, "-n", 1):
            before, behind = re.search(r"afterwards\.\n(.*)One of the special.* is: \d{7}\.(.*)\nWhat is", p["input"],
                                       re.S).groups()
            self.assertRegex(behind.lstrip(), "^(%s)" % places)
            self.assertRegex(before, r"(^|\.|\.\"\)|CHAPTER 1)\s*$")

    def test_chains_in_a_text_end_like_sentences(self):
        for p in self.prompts("--task", "variable-tracking", "--haystack", NOVEL, "--lengths", 1500, "--depths", "0", "--trials", 1):
            self.assertEqual(len(re.findall(r"VAR \w{5} = (?:VAR )?\w{5}\. ", p["input"])), 5)
            self.assertEqual(len(re.findall(r"VAR \w{3} = (?:VAR )?\w+\.\n", p["input"])), 5)  # the worked example too

    def test_own_needle_and_question(self):
        for p in self.prompts("--lengths", 600, "--depths", "50", "--trials", 2, "--haystack", NOVEL, "--needle-text",
                              "The code of the {key} is {value}, always {value}.", "--question",
                              "\n\nWhat is the code of the {key}? It is", "-n", 8):
            key, value = re.search(r"\. The code of the (\S+) is (\d+), always (\d+)\. ", p["input"].replace("\n", " "))\
                .group(1, 2)
            self.assertEqual(value, p["target"])
            self.assertTrue(p["input"].endswith("\n\nWhat is the code of the %s? It is" % key))

    def test_prompts_do_not_depend_on_the_rest_of_the_grid(self):
        few = self.prompts("--lengths", 800, "--depths", "50", "--trials", 1, "-n", 4)
        many = self.prompts("--lengths", "600,800", "--depths", "0,50", "--trials", 2, "-n", 4)
        self.assertIn(few[0], many)
        self.assertNotEqual(few, self.prompts("--lengths", 800, "--depths", "50", "--trials", 1, "--seed", 1, "-n", 4))


class Grid(NeedleTest):
    """What is found, counted twice."""

    def test_the_window_is_seen_and_the_plan_helps(self):
        run = self.json(*self.passkey("--lengths", "256,1k", "--depths", "0:100:25", "--trials", 2, "--extend", "none",
                                      "--extend", EXTENDED))
        share = {}
        for cell in run["cells"]:
            self.assertEqual((cell["state"], cell["done"]), ("done", 2))
            share.setdefault((cell["plan"], cell["length"]), []).append(cell["found"]["share"])
            self.assertEqual(cell["within_limit"], cell["length"] == 256 or cell["plan"] == EXTENDED)
            for kind in ("found", "exact"):
                low, high = wilson(cell[kind]["n"], 2)
                self.assertAlmostEqual(cell[kind]["low"], max(low, 0), 9)
                self.assertAlmostEqual(cell[kind]["high"], min(high, 1), 9)
        mean = {key: sum(values) / len(values) for key, values in share.items()}
        self.assertEqual((run["n_ctx_train"], run["task"], len(share["none", 256])), (256, "passkey", 5))
        self.assertGreaterEqual(mean["none", 256], 0.9)
        self.assertEqual(mean["none", 1024], 0)
        self.assertGreaterEqual(mean[EXTENDED, 1024], 0.8)

    def test_a_plan_that_cuts_the_window_loses_the_needle(self):
        """A planted failure: the beginning is not seen, so what stands there cannot be found."""
        run = self.json(*self.passkey("--lengths", 800, "--depths", "0,100", "--trials", 3, "--extend",
                                      "window:window=200"))
        self.assertEqual([c["found"]["n"] for c in run["cells"]], [0, 3])

    def test_answers_are_those_of_passkey(self):
        """The same prompts, asked by another command in sessions of their own."""
        out = self.path("prompts.jsonl")
        args = ["--lengths", "256,512", "--depths", "0,30,60,90", "--trials", 2, "--haystack", NOVEL, "--prompts", out]
        run = self.json(*self.passkey(*args))
        rows = {r["length"]: r for r in self.json("passkey", "-m", MODEL, "--file", out)}
        for length in (256, 512):
            cells = [c for c in run["cells"] if c["length"] == length]
            self.assertEqual(len(cells), 4)
            self.assertAlmostEqual(sum(c["exact"]["n"] for c in cells) / 8, rows[length]["accuracy"], 9)

    def test_reuse_changes_nothing_and_costs_less_than_half(self):
        args = ["--lengths", "100,200,300,400,500,600,700,800,900,1000", "--depths", "0:100:10", "--trials", 1]
        args = [*args, "--extend", EXTENDED]
        shared_run, alone = self.json(*self.passkey(*args)), self.json(*self.passkey(*args, "--no-reuse"))
        self.assertEqual(shared_run["cells"], alone["cells"])
        self.assertEqual(len(alone["cells"]), 110)
        self.assertEqual(alone["read_tokens"], alone["prompt_tokens"])
        self.assertEqual(shared_run["prompt_tokens"], alone["prompt_tokens"])
        self.assertLess(shared_run["read_tokens"], 0.5 * alone["read_tokens"])

    def test_reuse_changes_nothing_under_any_kind_of_plan(self):
        """auto chooses by length, dynamic-ntk's frequencies follow it, streaming forgets."""
        plans = ["none", "auto", "dynamic-ntk", "streaming:sinks=4,recent=128", EXTENDED + "+log-n"]
        args = ["--lengths", "200,300,500", "--depths", "0:100:50", "--trials", 1]
        args += [a for p in plans for a in ("--extend", p)]
        for kept in ([], ["--kv", "q8_0", "-t", 2, "--chunk", 64]):
            one, two = self.json(*self.passkey(*args, *kept)), self.json(*self.passkey(*args, "--no-reuse"))
            if kept:
                two = self.json(*self.passkey(*args, "--no-reuse", "--kv", "q8_0", "-t", 1))
            self.assertEqual(one["cells"], two["cells"])
            self.assertLess(one["read_tokens"], two["read_tokens"])

    def test_what_auto_chose_is_told(self):
        run = self.json(*self.passkey("--lengths", "200,1k", "--depths", "50", "--trials", 1, "--extend", "auto"))
        self.assertEqual([c["plan"] for c in run["cells"]], ["auto", "auto"])
        self.assertEqual(run["cells"][0]["ran"], "none")
        self.assertTrue(run["cells"][1]["ran"].startswith("self-extend:"))

    def test_table_csv_and_json_hold_the_same(self):
        out = self.path("out")
        args = ["--lengths", "256,512", "--depths", "0,50,100", "--trials", 2, "--extend", "none", "--extend", EXTENDED]
        done = self.good(*self.passkey(*args, "-o", out))
        with open(os.path.join(out, "needle.csv"), newline="") as f:
            rows = list(csv.DictReader(f))
        with open(os.path.join(out, "needle.json"), encoding="utf-8") as f:
            run = json.load(f)
        self.assertEqual(sorted(os.listdir(out)), ["needle.csv", "needle.json", "needle.png", "needle.svg", "results.sqlite"])
        self.assertEqual(len(rows), 12)
        table = [line.replace("*", "").split() for line in done.stdout.decode().splitlines()]
        table = {line[0]: line[1:] for line in table if line and line[0].isdigit()}  # the last plan's rows
        for row, cell in zip(rows, run["cells"]):
            self.assertEqual((row["plan"], int(row["length"]), float(row["depth"])),
                             (cell["plan"], cell["length"], cell["depth"]))
            self.assertEqual((int(row["found"]), int(row["exact"])), (cell["found"]["n"], cell["exact"]["n"]))
            if row["plan"] == EXTENDED:
                self.assertEqual(table[row["length"]][int(float(row["depth"]) / 50)],
                                 "%.2f" % (int(row["found"]) / 2))
        cells = sqlite3.connect(os.path.join(out, "results.sqlite")).execute("SELECT key, value FROM cell").fetchall()
        self.assertEqual(len(cells), 24)
        found = [json.loads(value) for key, value in cells if key.startswith("needle|none|0000000256|")]
        self.assertEqual(sum(v["right"] for v in found), sum(int(r["found"]) for r in rows[:3]))

    def test_pictures_show_the_grid(self):
        """Every plan, length and depth is a text of the picture, and so is the trained window."""
        svg, png = self.path("grid.svg"), self.path("grid.png")
        self.good(*self.passkey("--lengths", "512,128", "--depths", "0,37,100", "--trials", 1, "--extend", EXTENDED,
                                "--extend", "none", "--picture", svg, "--picture", png))
        with open(svg, encoding="utf-8") as f:
            text = f.read()
        for word in (EXTENDED, "none", "128", "512", "37", "trained window: 256", "passkey", "tiny-f16.gguf"):
            self.assertIn(word, text)
        with open(png, "rb") as f:
            self.assertEqual(f.read(8), b"\x89PNG\r\n\x1a\n")
        self.refused(USAGE, *self.passkey("--lengths", 200, "--picture", self.path("grid.gif")), says=[".svg"])

    def test_depths_that_are_nearly_the_same(self):
        out, args = self.path("out"), ["--lengths", 200, "--depths", "50.001,50.004", "--trials", 1]
        done = self.good(*self.passkey(*args, "-o", out))
        self.assertEqual(done.stdout.decode().splitlines()[2].split()[1:3], ["50.001%", "50.004%"])
        with contextlib.closing(sqlite3.connect(os.path.join(out, "results.sqlite"))) as db:
            self.assertEqual(db.execute("SELECT count(*) FROM cell").fetchone()[0], 2)

    def test_several_values_have_a_score(self):
        """RULER's: the mean share of the values, beside the answers that hold all of them."""
        out = self.path("out")
        args = ["--task", "multi-value", "--lengths", 700, "--depths", "50", "--trials", 2, "-n", 4]
        self.good(*self.needle(*args, "-o", out))
        with contextlib.closing(sqlite3.connect(os.path.join(out, "results.sqlite"))) as db, db:
            db.execute("UPDATE cell SET value = json_set(value, '$.found', 3, '$.right', 0) WHERE key LIKE '%0'")
            db.execute("UPDATE cell SET value = json_set(value, '$.found', 4, '$.right', 1) WHERE key LIKE '%1'")
        lines = self.good(*self.needle(*args, "-o", out, "--resume")).stdout.decode().splitlines()
        self.assertEqual(lines[2].split(), ["length", "50%", "score", "found", "exact"])
        self.assertEqual(lines[3].split()[:4], ["700", "0.88*", "0.875", "0.50"])
        with open(os.path.join(out, "needle.svg"), encoding="utf-8") as f:
            self.assertIn("values found (%)", f.read())
        for found in (5, -1):
            with contextlib.closing(sqlite3.connect(os.path.join(out, "results.sqlite"))) as db, db:
                db.execute("UPDATE cell SET value = json_set(value, '$.found', %d)" % found)
            self.refused(FAILURE, *self.needle(*args, "-o", out, "--resume"), says=["damaged"])

    def test_axes_are_sorted_and_have_no_value_twice(self):
        one = self.json(*self.passkey("--lengths", "300,200,300", "--depths", "100,0,100", "--trials", 1))
        self.assertEqual([(c["length"], c["depth"]) for c in one["cells"]],
                         [(200, 0), (200, 100), (300, 0), (300, 100)])

    def test_lengths_without_memory_are_not_run(self):
        done = self.json(*self.passkey("--lengths", "200,2000m", "--depths", "50", "--trials", 1))
        self.assertEqual([c["state"] for c in done["cells"]], ["done", "not run"])
        self.assertNotIn("found", done["cells"][1])
        table = self.good(*self.passkey("--lengths", "200,2000m", "--depths", "50", "--trials", 1)).stdout.decode()
        self.assertEqual(table.splitlines()[-1].split(), ["2097152000", "-"])


class Keeping(NeedleTest):
    """What is finished stays finished."""

    GRID = ["--lengths", "300,600,1200", "--depths", "0:100:10", "--trials", "3", "--extend", EXTENDED]

    def start(self, out, *args):
        process = subprocess.Popen([SEXTANT, *map(str, self.passkey(*self.GRID, "-o", out, *args))],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(lambda: process.poll() is None and process.kill())
        return process

    def wait_for_cells(self, out, process):
        """The store is locked while it is written; its size tells that cells are there."""
        path = os.path.join(out, "results.sqlite")
        while process.poll() is None and not (os.path.exists(path) and os.path.getsize(path) > 16384):
            time.sleep(0.01)

    def files(self, out):
        content = []
        for name in ("needle.csv", "needle.json"):
            with open(os.path.join(out, name), "rb") as f:
                content.append(f.read())
        return content

    def whole(self):
        out = self.path("whole")
        self.good(*self.passkey(*self.GRID, "-o", out))
        return self.files(out)

    def test_interrupted_and_resumed_is_the_same(self):
        out = self.path("out")
        process = self.start(out)
        self.wait_for_cells(out, process)
        process.send_signal(signal.SIGINT)
        text, told = process.communicate(timeout=60)
        self.assertEqual(process.returncode, INTERRUPTED, told)
        self.assertIn(b"--resume", told)
        self.assertIn(b" . ", text)
        with open(os.path.join(out, "needle.json"), encoding="utf-8") as f:
            states = {c["state"] for c in json.load(f)["cells"]}
        self.assertIn("unfinished", states)
        kept = sqlite3.connect(os.path.join(out, "results.sqlite")).execute("SELECT count(*) FROM cell").fetchone()[0]
        resumed = self.json(*self.passkey(*self.GRID, "-o", out, "--resume"))
        self.assertEqual({c["state"] for c in resumed["cells"]}, {"done"})
        self.assertGreater(kept, 0)
        self.assertLess(resumed["prompt_tokens"], 99 * 1200)
        self.assertEqual(self.files(out), self.whole())
        again = self.json(*self.passkey(*self.GRID, "-o", out, "--resume"))
        self.assertEqual((again["prompt_tokens"], again["cells"]), (0, resumed["cells"]))

    def test_killed_and_resumed_is_the_same(self):
        out = self.path("out")
        process = self.start(out)
        self.wait_for_cells(out, process)
        process.kill()
        process.communicate()
        self.assertEqual(os.path.exists(os.path.join(out, "needle.csv")), False)
        self.good(*self.passkey(*self.GRID, "-o", out, "--resume"))
        self.assertEqual(self.files(out), self.whole())

    def test_full_disk_keeps_finished_cells(self):
        out = self.path("out")
        done = sextant(*self.passkey(*self.GRID, "-o", out),
                       preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (24000, 24000)))
        self.assertEqual(done.returncode, FAILURE, done.stderr)
        self.assertEqual(done.stderr.count(b"\n"), 1, done.stderr)
        for word in (b"results.sqlite", b"is kept", b"--resume"):
            self.assertIn(word, done.stderr)
        kept = sqlite3.connect(os.path.join(out, "results.sqlite")).execute("SELECT count(*) FROM cell").fetchone()[0]
        self.assertGreater(kept, 5)
        self.good(*self.passkey(*self.GRID, "-o", out, "--resume"))
        self.assertEqual(self.files(out), self.whole())

    def test_more_of_the_same_goes_on(self):
        out = self.path("out")
        self.good(*self.passkey("--lengths", 300, "--depths", "50", "--trials", 1, "-o", out))
        first = self.json(*self.passkey("--lengths", 300, "--depths", "50", "--trials", 1))
        more = self.json(*self.passkey("--lengths", "300,400", "--depths", "50", "--trials", 2, "-o", out, "--resume"))
        self.assertEqual([c["done"] for c in more["cells"]], [2, 2])
        self.assertLess(more["prompt_tokens"], 300 + 2 * 400)
        self.assertGreaterEqual(more["cells"][0]["found"]["n"], first["cells"][0]["found"]["n"])

    def test_threads_give_the_same_cells(self):
        one = self.json(*self.passkey("--lengths", "600", "--depths", "0:100:50", "-t", 1, "--extend", EXTENDED))
        two = self.json(*self.passkey("--lengths", "600", "--depths", "0:100:50", "-t", 2, "--extend", EXTENDED))
        self.assertEqual(one["cells"], two["cells"])

    def test_progress_on_a_terminal(self):
        terminal = Terminal(*self.passkey(*self.GRID), folder=self.folder)
        self.addCleanup(terminal.close)
        terminal.expect(rb"asking \d+ of \d+ tokens  \d+%  [\d.]+/s  ETA \d+:\d\d")
        terminal.type(b"\x03")
        self.assertEqual(terminal.finish(), INTERRUPTED)


class Faults(NeedleTest):
    """One line that says what to do, before anything is read."""

    def test_folders_of_others_are_refused(self):
        out, grid = self.path("out"), ["--lengths", 300, "--depths", "50", "--trials", 1]
        self.good(*self.passkey(*grid, "-o", out))
        self.refused(USAGE, *self.passkey(*grid, "-o", out), says=["results.sqlite", "holds results", "--resume"])
        for args, words in ((["--extend", "auto"], ["plans: none there, auto now"]),
                            (["--seed", 7], ["seed: 0 there, 7 now"]), (["--kv", "f32"], ["kv: f16 there, f32 now"]),
                            (["--haystack", NOVEL], ["haystack"]), (["-n", 5], ["answer tokens: 16 there, 5 now"])):
            self.refused(USAGE, *self.passkey(*grid, "-o", out, "--resume", *args), says=[*words, "another folder"])
        other = self.path("other.gguf")
        self.good("convert", MODEL, other, "--type", "q8_0")
        self.refused(USAGE, "needle", "-m", other, "--task", "passkey", *grid, "-o", out, "--resume",
                     says=["model: llama", "another folder"])
        with open(os.path.join(out, "results.sqlite"), "r+b") as f:
            f.seek(100)
            f.write(b"\x55" * 9000)
        self.refused(FAILURE, *self.passkey(*grid, "-o", out, "--resume"), says=["is damaged", "delete it"])

    def test_what_cannot_be_done_is_refused(self):
        grid, empty = ["--lengths", 300], self.path("empty.txt", b"")
        for args, words in (
                (["--lengths", 64], ["--lengths 64 is too short", "needle", "longer"]),
                ([], ["--lengths"]),
                ([*grid, "--extend", "selfextend"], ["self-extend"]),
                ([*grid, "--extend", "none", "--extend", "none"], ["none is given twice"]),
                ([*grid, "--haystack", empty], ["empty.txt is empty"]), ([*grid, "-c", 200], ["-c is 200"]),
                ([*grid, "--needle-text", "The code is {value}."], ["--needle-text needs --question"]),
                ([*grid, "--needle-text", "The code.", "--question", "Which?"], ["no {value}"]),
                ([*grid, "--needle-text", "{value}", "--question", "Is it {value}?"], ["tells the answer"]),
                ([*grid, "--depths", "0:110:10"], ["--depths", "START:END:STEP"]),
                ([*grid, "--depths", "50:0:10"], ["--depths"]), (["--lengths", "4q"], ["--lengths", "4k"])):
            self.refused(USAGE, *self.passkey("-o", self.path("none"), *args), says=words)
            self.assertFalse(os.path.exists(self.path("none")))
        self.refused(USAGE, *self.passkey(*grid, "--resume"), says=["--resume needs -o"])
        self.refused(USAGE, *self.needle("--task", "common-words", *grid), says=["--haystack"])
        self.refused(USAGE, *self.needle("--task", "common-words", "--haystack", NOVEL, *grid, "--depths", 50), says=["--depths"])
        self.refused(USAGE, *self.needle("--task", "multi-key", "--lengths", 300), says=["too short"])
        self.refused(FAILURE, *self.passkey(*grid, "--haystack", self.path("absent")), says=["absent"])
        self.refused(FAILURE, *self.passkey(*grid, "-o", self.path("a/b")), says=["a/b", "No such file"])


if __name__ == "__main__":
    main()
