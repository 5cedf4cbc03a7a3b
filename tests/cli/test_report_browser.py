"""report, seen in a browser: Chromium draws the page, and failures are red in it. The screenshots stay in the build
folder (report-screenshot*.png)."""

import os
import shutil
import subprocess
import unittest

import numpy as np

import png
from sextant_command import MODEL, NOVEL, ROOT, CommandTest, main, needs_command

CUT = "window:window=64"
BROWSER = next((path for path in map(shutil.which, ("chromium", "chromium-browser", "google-chrome")) if path), None)
KEPT = os.environ.get("SEXTANT_BUILD_DIR", os.path.join(ROOT, "build"))


def setUpModule():
    needs_command("report")
    if BROWSER is None:
        raise unittest.SkipTest("no chromium (Debian: apt-get install chromium)")


class Browser(CommandTest):
    def screenshot(self, page, name, height, scale=1):
        out = os.path.join(KEPT, name)
        done = subprocess.run([BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
                               "--user-data-dir=" + self.path("profile"), "--force-device-scale-factor=%d" % scale,
                               "--window-size=1200,%d" % height, "--screenshot=" + out, "file://" + page],
                              capture_output=True, timeout=240)
        self.assertEqual(done.returncode, 0, done.stderr[-500:])
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


if __name__ == "__main__":
    main()
