"""report: one page whose figures are those of the commands it names, for any names and after any interruption."""

import contextlib
import json
import math
import os
import re
import shlex
import signal
import sqlite3
import subprocess
import time
import xml.etree.ElementTree as ElementTree

from report_page import Page, rgb_of
from sextant_command import (FAILURE, INTERRUPTED, MODEL, NOVEL, OK, ROOT, SEXTANT, USAGE, WINDOW, CommandTest, main,
                             needs_command, sextant, shared)

CUT = "window:window=64"  # forgets all but the last 64 tokens: a planted failure
PLANS = ["none", "auto", CUT]
LENGTHS = [128, 1024]
SETTINGS = ["--lengths", ",".join(map(str, LENGTHS)), "--windows", 2, "--trials", 1, "--depths", "0,0.25,0.5"]
NEEDLES = ["--task", "passkey", "--needle-depths", "80,0,50", "--needle-trials", 2]
NO_NEEDLES = ["--task", "none"]


def setUpModule():
    needs_command("report")


def wilson(good, n, z=1.959963984540054):
    """Wilson (1927), as the textbooks have it."""
    p = good / n
    middle, half = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)


class ReportTest(CommandTest):
    def report(self, *args, model=MODEL, text=NOVEL):
        return ["report", "-m", model, "-f", text, *(args if args else SETTINGS), "-o", self.path("out")]

    def page_text(self):
        with open(self.path("out/report.html"), encoding="utf-8") as f:
            return f.read()

    def page(self):
        return Page(self.page_text())


class OnePage(ReportTest):
    """A page of three plans, made once for all tests of this class."""

    made = None

    def setUp(self):
        super().setUp()
        if OnePage.made is None:
            done = self.good(*self.report(*SETTINGS, *NEEDLES, "--plans", "; ".join(PLANS)))
            self.assertEqual(done.stdout.decode(), self.path("out/report.html") + "\n")
            OnePage.made = self.page_text()
        self.text = OnePage.made
        self.made_page = Page(self.text)

    def test_it_needs_nothing_else(self):
        page = self.made_page
        self.assertTrue(self.text.startswith("<!DOCTYPE html>\n<html lang=\"en\">"))
        self.assertFalse(page.tags & {"script", "link", "iframe", "object", "embed", "form", "base"}, page.tags)
        for tag, name, value in page.attributes:
            self.assertFalse(name.startswith("on"), (tag, name))
            if name in ("src", "href"):
                self.assertTrue(value.startswith("#") or value.startswith("data:image/svg+xml,"), value[:80])
            if name == "href":
                self.assertIn(value[1:], page.ids)
        self.assertEqual(len(page.ids), len(set(page.ids)))
        self.assertIn("default-src 'none'", self.text.replace("&#39;", "'"))
        self.assertNotIn("url(", self.text.split("</style>")[0])
        for table in page.tables.values():
            self.assertEqual(len({len(row) for row in table}), 1)

    def test_pictures_are_svg_with_words(self):
        page = self.made_page
        titles = []
        for (alternative, _), svg in zip(page.images, page.pictures()):
            root = ElementTree.fromstring(svg)
            titles.append(root[0].text)
            self.assertGreater(len(alternative), 40)
        self.assertEqual(titles, ["Perplexity against length", "Loss by position in the window: does a longer context still help?",
                                  "Pass keys found, by length and depth", "Needles found, by length and depth (passkey)"])

    def test_perplexity_is_that_of_perplexity(self):
        rows = self.json("perplexity", "-m", MODEL, "-f", NOVEL, "--lengths", "128,1024", "--windows", 2,
                         *[a for p in PLANS for a in ("--extend", p)])
        table = self.made_page.figures("perplexity", "Perplexity over")
        for plan in PLANS:
            mine = [r for r in rows if r.get("asked", r["plan"]) == plan]
            for length, value, row in zip(LENGTHS, table[plan], mine):
                self.assertEqual(row["length"], length)
                self.assertAlmostEqual(value, row["ppl"], delta=1e-10 * row["ppl"])
            notes = [c["note"] for r in self.made_page.table("perplexity") if r[0]["text"] == plan for c in r[1:]]
            for note, row in zip(notes, mine):
                self.assertIn("last quarter %.3f" % row["ppl_last_quarter"], note)
                self.assertEqual("past its limit" in note, not row["within_limit"])

    def test_keys_are_those_of_passkey(self):
        rows = self.json("passkey", "-m", MODEL, "--lengths", "128,1024", "--trials", 1, "--depths", "0,0.25,0.5",
                         "--filler", NOVEL, *[a for p in PLANS for a in ("--extend", p)])
        for line in self.made_page.table("keys"):
            mine = [r for r in rows if r.get("asked", r["plan"]) == line[0]["text"]]
            self.assertEqual(len(mine), len(LENGTHS))
            for cell, row in zip(line[1:], mine):
                self.assertAlmostEqual(cell["value"], row["accuracy"], delta=1e-12)
                n_right = round(3 * row["accuracy"])
                low, high = wilson(n_right, 3)
                self.assertEqual(cell["text"], "%d of 3" % n_right)
                self.assertTrue(cell["note"].startswith("%.0f %% (%.0f–%.0f)" % (100 * row["accuracy"], 100 * low,
                                                                                  100 * high)), cell["note"])

    def test_needles_are_those_of_needle(self):
        found = self.json("needle", "-m", MODEL, "--task", "passkey", "--lengths", "128,1024", "--depths", "0,50,80", "--trials", 2,
                          "--haystack", NOVEL, *[a for p in PLANS for a in ("--extend", p)])
        for line in self.made_page.table("needles"):
            for length, cell in zip(LENGTHS, line[1:]):
                mine = [c for c in found["cells"] if (c["plan"], c["length"]) == (line[0]["text"], length)]
                self.assertEqual(sum(c["done"] for c in mine), 6)
                n_right = sum(c["found"]["n"] for c in mine)
                self.assertEqual(cell["text"], "%d of 6" % n_right)
                low, high = wilson(n_right, 6)
                self.assertTrue(cell["note"].startswith("%.0f %% (%.0f–%.0f)" % (100 * n_right / 6, 100 * low, 100 * high)))
        shares = self.made_page.figures("needles")
        self.assertLess(shares["none"][1], shares["auto"][1])

    def test_loss_by_position_is_that_of_perplexity(self):
        self.good("perplexity", "-m", MODEL, "-f", NOVEL, "--lengths", "128,1024", "--windows", 2, "--by-position",
                  self.path("by-position.svg"), *[a for p in PLANS for a in ("--extend", p)])
        with open(self.path("by-position.svg"), encoding="utf-8") as f:
            drawn = ElementTree.fromstring(f.read())
        shown = ElementTree.fromstring(self.made_page.pictures()[1])
        paths = [[[float(n) for n in re.findall(r"-?[\d.]+", e.get("d", ""))] for e in root.iter()] for root in (shown, drawn)]
        self.assertEqual([len(p) for p in paths[0]], [len(p) for p in paths[1]])
        for a, b in zip(*paths):  # a page's numbers have two digits behind the point
            self.assertTrue(all(abs(x - y) < 0.011 for x, y in zip(a, b)))

    def test_short_texts_are_those_of_short(self):
        plans = self.json("short", "-m", MODEL, "-f", NOVEL, "--windows", 2, "--extend", "auto", "--extend", CUT)
        table = self.made_page.figures("short")
        verdicts = {row[0]["text"]: row[-1]["text"] for row in self.made_page.table("short")}
        for plan in plans:
            self.assertEqual(verdicts[plan["asked"]], plan["verdict"])
            for value, row in zip(table[plan["asked"]], plan["rows"]):
                self.assertAlmostEqual(value, row["cost"], delta=1e-12)

    def test_memory_is_that_of_info(self):
        memory = self.json("info", MODEL, "-c", 1024)["memory"]
        expected = [m["cache_bytes"] for m in memory if m["n_ctx"] == 1024]
        self.assertEqual(self.made_page.figures("cost", "Memory")["none"][1:], expected)
        for speeds in self.made_page.figures("cost", "Speed").values():
            self.assertTrue(all(s > 0 for s in speeds))

    def test_a_planted_failure_is_red(self):
        """In the table and in the map: what cuts the window finds no key past it, nor does none."""
        def is_red(rgb):
            return rgb[0] > 100 and rgb[0] > 2 * rgb[1] and rgb[0] > 2 * rgb[2]
        rows = {row[0]["text"]: row[1:] for row in self.made_page.table("keys")}
        for plan in ("none", CUT):
            self.assertEqual(rows[plan][1]["value"], 0)
            self.assertTrue(is_red(rgb_of(rows[plan][1]["style"])), plan)
        for cell in rows["auto"]:
            self.assertFalse(is_red(rgb_of(cell["style"])))
        fills = [tuple(float(x) * 2.55 for x in m) for m in
                 re.findall(r"fill:rgb\(([\d.]+)%,([\d.]+)%,([\d.]+)%\)", self.made_page.pictures()[2])]
        self.assertGreater(sum(map(is_red, fills)), 3)

    def words(self, command):
        """As a shell reads it, which joins lines at a backslash."""
        return shlex.split(command.replace("\\\n", " "))

    def test_commands_repeat_the_parts(self):
        commands = dict(self.made_page.commands)
        self.assertEqual(set(commands), {"model", "plans", "perplexity", "keys", "needles", "short", "cost", "how"})
        for command in commands.values():
            self.assertEqual(self.words(command)[0], "sextant")
        repeated = self.good(*self.words(commands["short"])[1:]).stdout.decode()
        for row in self.made_page.table("short"):
            self.assertIn("%s: %s" % (row[0]["text"], row[-1]["text"]), repeated)

    def test_the_plans_are_explained(self):
        rows = {row[0]["text"]: [c["text"] for c in row[1:]] for row in self.made_page.table("plans")}
        notes = {row[0]["text"]: row[1]["note"] for row in self.made_page.table("plans")}
        self.assertEqual(list(rows), PLANS)
        self.assertIn("%d tokens" % WINDOW, rows["none"])
        self.assertIn("arXiv 2004.05150", rows[CUT][3])
        self.assertIn("64 tokens at most", rows[CUT])
        self.assertIn("from 1k tokens: self-extend:", notes["auto"])


class Grid(ReportTest):
    def test_many_lengths_stand_in_several_tables(self):
        lengths = [128, 160, 200, 256, 300, 400, 512, 600, 1024]
        self.good(*self.report("--lengths", ",".join(map(str, lengths)), "--windows", 1, "--trials", 1, "--depths", 0, *NO_NEEDLES,
                               "--plans", "none; streaming:prefill=dense"))
        page = self.page()
        for section, start in (("perplexity", "Perplexity over"), ("keys", "Keys found"), ("cost", "Speed"), ("cost", "Memory")):
            parts = [(caption, rows) for (where, caption), rows in page.tables.items() if where == section and caption.startswith(start)]
            self.assertEqual([caption.split(": ")[-1] for caption, _ in parts], ["128 to 256 tokens", "300 to 1k tokens"])
            heads = [cell["text"] for _, rows in parts for cell in rows[0] if cell["text"] != "Plan"]
            self.assertEqual(heads, ["%s tokens" % {1024: "1k"}.get(n, n) for n in lengths])
            self.assertTrue(all(len(rows) == 3 for _, rows in parts))
        # A dense prompt ends with the text: that is no choice of its own at each length.
        note = page.table("plans")[1][1]["note"]
        self.assertEqual(note.count("tokens:"), 1, note)
        self.assertNotIn("prompt=", note)

    def test_prompts_are_counted_once(self):
        """The picture and the settings speak of the same prompts, however many plans answer them."""
        self.good(*self.report("--lengths", "128,256", "--windows", 1, "--trials", 2, "--depths", "0,0.5", *NO_NEEDLES))
        drawn = next(svg for svg in self.page().pictures() if "Pass keys found" in svg)
        self.assertIn(", 8 prompts for each plan", drawn)
        settings = {row[0]["text"]: row[1]["text"] for row in self.page().table("how")}
        self.assertTrue(settings["Pass keys"].startswith("8 prompts for each plan"), settings)


class Oracle(ReportTest):
    """Figures that were worked out in double precision, by another program."""

    # Keys of models/passkey.jsonl that the model's float64 NumPy forward finds, of 60 each at 128 to 2048 tokens.
    FOUND = {"none": [60, 60, 56, 0, 0], "self-extend:group=8,window=64": [60, 60, 59, 59, 51],
             "self-extend:group=16,window=64": [60, 60, 60, 59, 53]}

    def sample(self):
        with open(os.path.join(ROOT, "docs", "sample_report", "report.html"), encoding="utf-8") as f:
            return Page(f.read())

    def test_the_sample_reports_perplexities_are_right(self):
        with open(shared("models", "tiny", "perplexity.json")) as f:
            expected = {(r["plan"], r["length"]): r["ppl"] for r in json.load(f)}
        table = self.sample().figures("perplexity", "Perplexity over")
        for plan in self.FOUND:
            for length, value in zip((256, 512, 1024, 2048), table[plan][1:]):
                self.assertAlmostEqual(value / expected[plan, length], 1, delta=1e-3)
        eight, sixteen = (table["self-extend:group=%d,window=64" % g] for g in (8, 16))
        self.assertEqual(table["auto"][:4], [*table["none"][:2], eight[2], sixteen[3]])  # what auto runs there

    def test_the_sample_reports_keys_are_right(self):
        rows = {row[0]["text"]: [cell["text"] for cell in row[1:]] for row in self.sample().table("keys")}
        for plan, found in self.FOUND.items():
            self.assertEqual(rows[plan], ["%d of 60" % n for n in found])

    def test_the_sample_reports_planted_failure_is_red(self):
        page = self.sample()
        for section in ("keys", "needles"):
            row = next(row for row in page.table(section) if row[0]["text"] == CUT)
            for cell in row[3:]:
                r, g, b = rgb_of(cell["style"])
                self.assertTrue(r > 100 and r > 2 * g and r > 2 * b, cell)

    def test_prompts_of_a_file(self):
        lines = shared("models", "tiny", "passkey.jsonl")
        self.good(*self.report("--lengths", "128,256", "--windows", 1, "--plans", "none", "--keys", lines, *NO_NEEDLES))
        with open(lines, encoding="utf-8") as f:
            n = sum(json.loads(line)["length"] == 128 for line in f)
        cells = self.page().table("keys")[0]
        self.assertEqual([c["text"] for c in cells[1:]], ["%d of %d" % (n, n)] * 2)  # the oracle finds them all


class Names(ReportTest):
    def test_hostile_names_stay_text(self):
        hostile = b"a<script>alert(1)</script>\"'&amp;]]>\xff\x1b[31m.gguf"
        folder = os.fsencode(self.folder)
        model, text = os.path.join(folder, hostile.replace(b"/", b"_")), os.path.join(folder, b"t<b>'\".txt")
        os.symlink(os.fsencode(MODEL), model)
        os.symlink(os.fsencode(NOVEL), text)
        done = subprocess.run([SEXTANT, "report", "-m", model, "-f", text, "--lengths", "128", "--windows", "1",
                               "--trials", "1", "--depths", "0", *NO_NEEDLES, "-o", os.fsencode(self.path("out"))],
                              capture_output=True, timeout=300)
        self.assertEqual(done.returncode, OK, done.stderr)
        page = self.page()
        self.assertNotIn("script", page.tags)
        self.assertNotIn("b", page.tags)
        self.assertTrue(any("a<script>alert(1)<_script>\"'&amp;]]>\ufffd [31m.gguf" in t for _, t in page.texts))
        for svg in page.pictures():
            ElementTree.fromstring(svg)
        command = dict(page.commands)["model"]
        typed = subprocess.run(["bash", "-c", "printf %s " + command.split(" -m ")[1]], capture_output=True).stdout
        self.assertEqual(typed, model)


class Resuming(ReportTest):
    def comparable(self, page):
        """All but what time and threads decide: speed, date, and room to work in."""
        page = re.sub(r"all: [\d.]+", "", page)
        page = re.sub(r'(<caption>Speed.*?)</table>', "", page, flags=re.S)
        return re.sub(r'<th scope="row">Date</th>.*', "", page)

    def test_an_interrupted_run_ends_as_any_other(self):
        settings = ["--lengths", "128,256,1k,2k", "--windows", 8, "--trials", 4, *NEEDLES]
        process = subprocess.Popen([SEXTANT, *map(str, self.report(*settings))], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        self.addCleanup(lambda: process.poll() is None and process.kill())
        store = self.path("out/results.sqlite")
        deadline = time.time() + 60
        while time.time() < deadline and not (os.path.exists(store) and os.path.getsize(store) > 5 * 4096):
            time.sleep(0.01)  # the store is locked; it grows with the cells
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, INTERRUPTED, err)
        self.assertIn(b"--resume", err)
        page = self.page()
        self.assertTrue(any("incomplete" in t for _, t in page.texts))
        self.assertIn("not measured yet", self.page_text())
        n_kept = self.cells(store)
        self.refused(USAGE, *self.report(*settings), says=["--resume"])
        self.good(*self.report(*settings), "--resume")
        self.assertGreater(self.cells(store), n_kept)
        resumed = self.page_text()
        self.assertNotIn("incomplete", resumed)
        os.rename(self.path("out"), self.path("first"))
        self.good(*self.report(*settings), "-t", 1, "--chunk", 100)
        self.assertEqual(self.comparable(self.page_text()), self.comparable(resumed))
        compared = self.json("compare-runs", self.path("first"), self.path("out"))
        self.assertEqual(compared["facts_that_differ"], {})
        figures = [f for f in compared["figures"] if not f["figure"].startswith("speed")]
        self.assertGreater(len(figures), 20)
        self.assertTrue(all(f["difference"] == 0 for f in figures))

    def cells(self, store):
        with contextlib.closing(sqlite3.connect(store)) as db:
            return db.execute("SELECT COUNT(*) FROM cell").fetchone()[0]


class Refusals(ReportTest):
    def test_what_is_missing(self):
        self.refused(USAGE, "report", "-m", MODEL, "-o", self.path("out"), says=["-f FILE"])
        self.refused(USAGE, "report", "-m", MODEL, "-f", NOVEL, says=["-o FOLDER"])
        self.assertEqual(os.listdir(self.folder), [])

    def test_plans_that_are_none(self):
        for plans, said in (("none; nonsense", "nonsense"), ("none; none", "twice"), (" ; ", "no plan"),
                            ("window:window=100000", "window"), ("; ".join("window:window=%d" % i for i in range(1, 18)),
                                                                "more than 16")):
            self.refused(USAGE, *self.report(*SETTINGS, "--plans", plans), says=[said])
        self.assertEqual(os.listdir(self.folder), [])

    def test_lengths_that_do_not_fit(self):
        page = self.path("page.txt", self.pages(900))
        self.refused(USAGE, *self.report("--lengths", "64k", text=page), says=["page.txt", "lengths"])
        self.refused(USAGE, *self.report("--lengths", "16"), says=["too short"])
        self.refused(USAGE, *self.report("--lengths", ",".join(map(str, range(100, 161)))), says=["61", "60"])

    def test_a_folder_of_something_else(self):
        settings = ["--lengths", "128", "--windows", 1, "--trials", 1, "--depths", 0, *NO_NEEDLES]
        self.good(*self.report(*settings))
        for more, word in ((["--windows", 2], "windows"), (["--plans", "none"], "plans"), (NEEDLES, "task"),
                           (["--depths", "0.5"], "key prompts")):
            self.refused(USAGE, *self.report(*settings, *more), "--resume", says=[word, "another folder"])
        settings[-2:] = NEEDLES
        self.good(*self.report(*settings)[:-1], self.path("needles"))
        for more, word in ((["--task", "none"], "task"), (["--seed", 3], "key prompts"), (["--task", "single"], "task")):
            self.refused(USAGE, *self.report(*settings, *more)[:-1], self.path("needles"), "--resume", says=[word, "another folder"])

    def test_lengths_too_short_for_a_needle_are_left_out(self):
        """A task whose question alone is longer than the first length, and which the others have room for."""
        self.good(*self.report("--lengths", "128,512", "--windows", 1, "--trials", 1, "--depths", 0, "--plans", "auto", "--needle-depths", 50))
        cells = self.page().table("needles")[0]
        self.assertEqual([c["text"] for c in cells[1:]], ["not run: too short", "0 of 1"])
        self.assertNotIn("incomplete", self.page_text())

    def test_keys_of_other_lengths(self):
        keys = self.path("keys.jsonl", '{"input": "The pass key is 123.", "target": "123", "length": 77}\n')
        self.refused(USAGE, *self.report(*SETTINGS, "--keys", keys), says=["keys.jsonl", "lengths"])

    def test_a_place_without_a_folder(self):
        done = sextant("report", "-m", MODEL, "-f", NOVEL, *SETTINGS, "-o", self.path("missing/out"))
        self.assertEqual(done.returncode, FAILURE, done.stderr)
        self.assertIn(b"missing/out", done.stderr)


if __name__ == "__main__":
    main()
