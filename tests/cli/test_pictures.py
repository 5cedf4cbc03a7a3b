"""--picture and --by-position: the pictures hold the figures that the commands print, and appear whole or not at all."""

import math
import os
import re
import signal
import struct
import subprocess
import xml.etree.ElementTree as ElementTree

import numpy as np

from sextant_command import FAILURE, INTERRUPTED, MODEL, NOVEL, SEXTANT, USAGE, CommandTest, main, sextant

EXTENDED = "self-extend:group=8,window=64"
SVG = "{http://www.w3.org/2000/svg}"
FIRST_LINE = (0, 0.447, 0.698)  # the colour of the first plan's line


def has_pictures():
    return b"--picture" in sextant("help", "passkey").stdout


class Picture:
    """An SVG: its texts in the order in which they were drawn, and its lines."""

    def __init__(self, path):
        self.root = ElementTree.parse(path).getroot()
        self.title = self.root.find(SVG + "title").text
        self.texts = self.root.find(SVG + "desc").text.splitlines()
        self.width, self.height = (float(self.root.get(side).removesuffix("px")) for side in ("width", "height"))

    def line(self, rgb):
        """The longest open path that is drawn in this colour, as points."""
        wanted = "stroke:rgb(%s)" % ",".join("%g%%" % (100 * c) for c in rgb)
        longest = []
        for path in self.root.iter(SVG + "path"):
            style = path.get("style", "")
            moves = re.findall(r"([A-Z]) ([\d.]+) ([\d.]+)", path.get("d"))
            if wanted in style and "Z" not in path.get("d") and "C" not in path.get("d") and len(moves) > len(longest):
                longest = moves
        return np.array([[float(x), float(y)] for _, x, y in longest])

    def after(self, text):
        return self.texts[self.texts.index(text) + 1:]


def png_size(path):
    with open(path, "rb") as f:
        head = f.read(24)
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    return struct.unpack(">II", head[16:24])


class PictureTest(CommandTest):
    def setUp(self):
        super().setUp()
        if not has_pictures():
            self.skipTest("built without SXT_WITH_EVAL")

    def assert_places(self, places, values, turned=False):
        """Places on the page are the values, but for unit and origin; `turned`: they grow the other way."""
        self.assertEqual(len(places), len(values))
        slope, origin = np.polyfit(values, places, 1)
        self.assertLess(np.abs(slope * np.asarray(values) + origin - places).max(), 0.05)
        self.assertTrue(slope < 0 if turned else slope > 0)


class PassKeys(PictureTest):
    KEYS = ["--lengths", "128,512,1024", "--depths", "0,0.5,1", "--trials", 2, "--seed", 3]

    def test_cells_are_the_accuracies(self):
        svg, png = self.path("keys.svg"), self.path("keys.PNG")
        plans = ["none", EXTENDED]
        rows = self.json("passkey", "-m", MODEL, *self.KEYS, *[a for p in plans for a in ("--extend", p)],
                         "--picture", svg, "--picture", png)
        picture = Picture(svg)
        self.assertEqual(picture.title, "Pass keys found, by length and depth")
        self.assertEqual(sorted(os.listdir(self.folder)), ["keys.PNG", "keys.svg"])
        self.assertEqual(png_size(png), (2 * picture.width, 2 * picture.height))
        for plan in plans:
            mine = [r for r in rows if r["plan"] == plan]
            expected = ["%d" % round(100 * r["by_depth"][d]) for d in ("0.0", "0.5", "1.0") for r in mine]
            told = picture.after(plan)
            self.assertEqual(told[:9], expected)
            self.assertEqual(told[9:12], ["128", "512", "1k"])
        self.assertNotEqual(len({r["accuracy"] for r in rows}), 1)  # something failed, something did not
        self.assertIn("trained window: 256", picture.texts)
        self.assertIn("past the plan's limit", picture.texts)
        self.assertNotIn("not run", picture.texts)

    def test_depths_are_those_asked_for(self):
        svg = self.path("keys.svg")
        self.good("passkey", "-m", MODEL, "--lengths", 100, "--depths", "0.25,0.125", "--trials", 1, "--picture", svg)
        texts = Picture(svg).texts
        self.assertIn("25", texts)
        self.assertIn("12.5", texts)

    def test_prompts_without_depths_are_refused(self):
        lines = self.path("keys.jsonl", '{"input": "The pass key is 123.", "target": "123"}\n')
        self.refused(USAGE, "passkey", "-m", MODEL, "--file", lines, "--picture", self.path("x.svg"),
                     says=["--picture", "depth", "keys.jsonl"])
        self.assertEqual(os.listdir(self.folder), ["keys.jsonl"])

    def test_the_same_bytes_for_any_threads_and_chunk(self):
        seen = set()
        for threads, chunk in ((1, 512), (2, 512), (2, 37)):
            svg = self.path("keys.svg")
            self.good("passkey", "-m", MODEL, "--lengths", "100,300", "--trials", 1, "-t", threads, "--chunk", chunk,
                      "--picture", svg)
            with open(svg, "rb") as f:
                seen.add(f.read())
        self.assertEqual(len(seen), 1)


class Perplexity(PictureTest):
    def test_points_are_the_rows(self):
        svg = self.path("ppl.svg")
        rows = self.json("perplexity", "-m", MODEL, "-f", NOVEL, "--lengths", "500,64,300,128", "--windows", 2,
                         "--extend", "none", "--extend", EXTENDED, "--picture", svg)
        picture = Picture(svg)
        mine = sorted((r["length"], r["ppl"]) for r in rows if r["plan"] == "none")
        line = picture.line(FIRST_LINE)
        self.assert_places(line[:, 0], np.log([n for n, _ in mine]))
        self.assert_places(line[:, 1], np.log([ppl for _, ppl in mine]), turned=True)
        for text in ("Perplexity against length", "none", EXTENDED, "trained window: 256", "64", "128", "256", "512",
                     "past the plan's limit", "tiny-f16.gguf, text PrideAndPrejudice.txt, 2 windows"):
            self.assertIn(text, picture.texts)

    def test_along_a_stream(self):
        svg = self.path("stream.svg")
        rows = self.json("perplexity", "-m", MODEL, "-f", NOVEL, "--stream", "--lengths", 1200, "--windows", 6,
                         "--picture", svg)
        line = Picture(svg).line(FIRST_LINE)
        self.assert_places(line[:, 0], [(r["first"] + r["end"]) / 2 for r in rows])
        self.assert_places(line[:, 1], np.log([r["ppl"] for r in rows]), turned=True)

    def test_loss_by_position(self):
        """The buckets 1-15, then two to a doubling, averaged over the windows: worked out from `logits`."""
        page, svg, length, windows = self.path("page.txt", self.pages(900)), self.path("positions.svg"), 70, 2
        self.good("perplexity", "-m", MODEL, "-f", page, "--lengths", "20,%d" % length, "--windows", windows,
                  "--by-position", svg)
        ids = self.json("tokenize", "-m", MODEL, "-f", page, "--no-bos")["ids"]
        loss = np.zeros(length)
        for k in range(windows):
            start = k * (len(ids) - (length - 1)) // (windows - 1)
            window, out = [0] + ids[start:start + length - 1], self.path("w.npy")
            self.good("logits", "-m", MODEL, "--tokens", ",".join(map(str, window)), "--all", "-o", out)
            logits = np.load(out).astype(np.float64)
            for target in range(1, length):
                row = logits[target - 1]
                loss[target] += (row.max() + math.log(np.exp(row - row.max()).sum()) - row[window[target]]) / windows
        edges = [1, 16, 23, 32, 45, 64, length]
        line = Picture(svg).line(FIRST_LINE)
        buckets = list(zip(edges, edges[1:]))
        self.assert_places(line[:, 0], np.log([math.sqrt(a * (b - 1)) for a, b in buckets]))
        self.assert_places(line[:, 1], [loss[a:b].mean() for a, b in buckets], turned=True)

    def test_ctrl_c_draws_what_is_done(self):
        svg = self.path("ppl.svg")
        process = subprocess.Popen([SEXTANT, "perplexity", "-m", MODEL, "-f", NOVEL, "--lengths", "64,60000",
                                    "--windows", "1", "--picture", svg], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(lambda: process.poll() is None and process.kill())
        process.stdout.readline()
        self.assertEqual(process.stdout.readline().split()[0], b"64")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, INTERRUPTED)
        self.assertIn("64", Picture(svg).texts)
        self.assertEqual(os.listdir(self.folder), ["ppl.svg"])

    def test_hostile_names(self):
        name = os.path.join(os.fsencode(self.folder), b"<&\"']]>\xff\xc0\x1b[31m.txt")
        with open(name, "wb") as f:
            f.write(self.pages(900))
        svg = self.path("hostile.svg")
        done = subprocess.run([SEXTANT, "perplexity", "-m", MODEL, "-f", name, "--lengths", "32", "--windows", "1",
                               "--picture", svg], capture_output=True, timeout=300)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(any("<&\"']]>\ufffd\ufffd [31m.txt" in text for text in Picture(svg).texts))


class Refusals(PictureTest):
    """Before any work: not even the model is looked for."""

    def test_a_name_without_a_format(self):
        for name in ("x.pdf", "x", "x.svg.gz", ".png"):
            self.refused(USAGE, "passkey", "-m", "/nowhere.gguf", "--lengths", 64, "--picture", name,
                         says=["--picture", name, ".svg or .png"])
            self.refused(USAGE, "perplexity", "-m", "/nowhere.gguf", "-f", NOVEL, "--lengths", 64, "--by-position",
                         name, says=["--by-position", name, ".svg or .png"])

    def test_a_place_that_cannot_be_written(self):
        self.refused(FAILURE, "perplexity", "-m", "/nowhere.gguf", "-f", NOVEL, "--lengths", 64, "--picture",
                     self.path("missing/x.svg"), says=["missing/x.svg", "No such file"])

    def test_positions_of_a_stream(self):
        self.refused(USAGE, "perplexity", "-m", MODEL, "-f", NOVEL, "--stream", "--by-position", self.path("x.svg"),
                     says=["--by-position", "--stream"])

    def test_a_run_that_fails_leaves_the_old_picture(self):
        old = self.path("x.svg", "old")
        self.refused(USAGE, "perplexity", "-m", MODEL, "-f", NOVEL, "--lengths", 64, "-c", 10, "--picture", old)
        with open(old) as f:
            self.assertEqual(f.read(), "old")
        self.assertEqual(os.listdir(self.folder), ["x.svg"])
        self.good("perplexity", "-m", MODEL, "-f", NOVEL, "--lengths", 64, "--windows", 1, "--picture", old)
        self.assertEqual(Picture(old).title, "Perplexity against length")


if __name__ == "__main__":
    main()
