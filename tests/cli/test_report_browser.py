"""report, seen in a browser: Chromium draws the page, and failures are red in it. The screenshots stay in the build
folder (report-screenshot*.png)."""

import os
import re
import shutil
import subprocess
import unittest

import numpy as np

import png
from report_page import Page
from sextant_command import MODEL, NOVEL, ROOT, CommandTest, main, needs_command

CUT = "window:window=64"
BROWSER = next((path for path in map(shutil.which, ("chromium", "chromium-browser", "google-chrome")) if path), None)
KEPT = os.environ.get("SEXTANT_BUILD_DIR", os.path.join(ROOT, "build"))


def setUpModule():
    needs_command("report")
    if BROWSER is None:
        raise unittest.SkipTest("no chromium (Debian: apt-get install chromium)")


class BrowserTest(CommandTest):
    def browse(self, page, *options):
        done = subprocess.run([BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                               "--user-data-dir=" + self.path("profile"), *options, "file://" + page],
                              capture_output=True, timeout=240)
        self.assertEqual(done.returncode, 0, done.stderr[-500:])


class Screen(BrowserTest):
    def screenshot(self, page, name, height, scale=1):
        out = os.path.join(KEPT, name)
        self.browse(page, "--hide-scrollbars", "--force-device-scale-factor=%d" % scale, "--window-size=1200,%d" % height,
                    "--screenshot=" + out)
        return png.read(out)

    def reds(self, pixels):
        """Pixels of the dark red that a heat map's worst has: #8d1515 or near."""
        r, g, b = (pixels[:, :, i].astype(int) for i in range(3))
        return ((r > 110) & (r < 170) & (g < 45) & (b < 45)).sum()

    def report(self, name, *plans):
        self.good("report", "-m", MODEL, "-f", NOVEL, "--lengths", "128,512,1k", "--windows", 2, "--trials", 1,
                  "--depths", "0,0.25,0.5,0.75", "--task", "passkey", "--needle-depths", "0,50", "--plans", "; ".join(plans), "-o", self.path(name))
        return self.path(name + "/report.html")

    def test_failures_are_red_and_fill_their_cells(self):
        good = self.screenshot(self.report("good", "self-extend:group=16,window=64"), "report-screenshot-good.png", 4600)
        bad = self.screenshot(self.report("bad", "none", "auto", CUT), "report-screenshot.png", 4600)
        self.assertEqual(bad.shape, (4600, 1200, 3))
        self.assertGreater(len(np.unique(bad.reshape(-1, 3), axis=0)), 200)
        self.assertEqual(tuple(bad[-1, -1]), (255, 255, 255))  # the page ends above: nothing was cut off
        self.assertTrue((bad[:, :10] == 255).all() and (bad[:, -10:] == 255).all())  # and nothing beside it
        # At least 8 cells of 56 x 24 in the map and 3 in tables; the colour bar alone has far less.
        self.assertGreater(self.reds(bad), 8 * 50 * 20)
        self.assertLess(self.reds(good), 8 * 50 * 20 / 4)

    def test_at_twice_the_scale(self):
        page = self.report("fine", "none", "auto")
        once, twice = (self.screenshot(page, "report-screenshot-%dx.png" % scale, 900, scale) for scale in (1, 2))
        self.assertEqual(twice.shape, (1800, 2400, 3))
        self.assertAlmostEqual(self.reds(twice) / self.reds(once) / 4, 1, delta=0.15)


@unittest.skipIf(shutil.which("pdftotext") is None, "no pdftotext (Debian: apt-get install poppler-utils)")
class Paper(BrowserTest):
    """The printed page has all that the page has: no column is cut off, no caption is left alone."""

    LENGTHS = ["96", "128", "192", "256", "384", "512", "600", "700", "800", "900", "1000", "1100"]
    PLANS = ["none", "auto", "yarn:factor=8,beta_fast=32,beta_slow=1,attention_factor=1.2", "window:window=64",
             "streaming:sinks=4,recent=200,prefill=dense", "self-extend:group=4,window=64,shift=float+log-n"]

    def printed(self, page, size):
        """The words of each sheet, in order: (text, left, right, width of the sheet)."""
        with open(page, encoding="utf-8") as f:
            text = f.read()
        sized, pdf = self.path(size + ".html"), os.path.join(KEPT, "report-%s.pdf" % size)
        with open(sized, "w", encoding="utf-8") as f:
            f.write(text.replace("</style>", "@page{size:%s}</style>" % size))
        self.browse(sized, "--no-pdf-header-footer", "--print-to-pdf=" + pdf)
        found = subprocess.run(["pdftotext", "-bbox", pdf, "-"], capture_output=True, timeout=60, check=True)
        sheets = re.findall(r'<page width="([\d.]+)"(.*?)</page>', found.stdout.decode(), re.S)
        word = r'<word xMin="([-\d.]+)" yMin="[-\d.]+" xMax="([-\d.]+)" yMax="[-\d.]+">(.*?)</word>'
        return [[(text, float(left), float(right), float(width)) for left, right, text in re.findall(word, sheet)]
                for width, sheet in sheets]

    def check(self, page, size):
        sheets = self.printed(page, size)
        for words in sheets:
            for text, left, right, width in words:
                self.assertTrue(left > 20 and right < width - 20, (size, text, left, right))
        texts = [word[0] for words in sheets for word in words]
        with open(page, encoding="utf-8") as f:
            made = Page(f.read())
        for (section, caption), rows in made.tables.items():
            for row in rows:
                for cell in row[1:]:
                    for text in (cell["text"].split() if cell["value"] is not None or row is rows[0] else []):
                        self.assertTrue(text in texts, (size, section, caption, text))
        self.check_captions(sheets, [caption for _, caption in made.tables])

    def check_captions(self, sheets, captions):
        """No sheet ends with a caption."""
        ends = ["".join(word[0] for word in words) for words in sheets]
        for caption in captions:
            self.assertFalse(any(end.endswith("".join(caption.split())) for end in ends), caption)

    def test_no_column_is_cut_off(self):
        for n_lengths, n_plans in ((3, 6), (7, 3), (12, 6)):
            out = self.path("report-%d-%d" % (n_lengths, n_plans))
            self.good("report", "-m", MODEL, "-f", NOVEL, "--lengths", ",".join(self.LENGTHS[:n_lengths]), "--windows", 1,
                      "--trials", 1, "--depths", "0,0.5", "--task", "none", "--plans", "; ".join(self.PLANS[-n_plans:]), "-o", out)
            for size in ("A4", "Letter"):
                self.check(out + "/report.html", size)


if __name__ == "__main__":
    main()
