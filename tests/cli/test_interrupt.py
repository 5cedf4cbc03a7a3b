"""Ctrl-C: the first stops the work cleanly, the second the process; exit code 130 for both."""

import os
import signal
import subprocess
import time

from sextant_command import INTERRUPTED, MODEL, NOVEL, SEXTANT, CommandTest, main, sextant
from terminal import Terminal


class Interrupts(CommandTest):
    """A signal while the command reads, generates or measures."""

    def start(self, *args):
        process = subprocess.Popen([SEXTANT, *map(str, args)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        self.addCleanup(lambda: process.poll() is None and process.kill())
        return process

    def stop(self, process):
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, INTERRUPTED, err)
        return out, err.decode()

    def long_page(self):
        return self.path("long.txt", self.pages(400000))

    def test_while_reading(self):
        """The summary is printed, and with --session what was read is saved and used next time."""
        session, page = self.path("s.session"), self.long_page()
        process = self.start("run", "-m", MODEL, "-f", page, "-n", 4, "--session", session, "--chunk", 64)
        time.sleep(2)
        out, err = self.stop(process)
        self.assertEqual(out, b"")
        self.assertIn("stopped by interrupt", err)
        self.assertEqual(sorted(os.listdir(self.folder)), ["long.txt", "s.session"])
        with open(page, "rb") as f:
            short = self.path("short.txt", f.read(1200))
        told = self.json("run", "-m", MODEL, "-f", short, "-n", 1, "--session", session)
        self.assertGreater(told["n_reused"], 100)

    def test_while_generating(self):
        process = self.start("run", "-m", MODEL, "-p", "The grass is green.", "-n", 200000)
        first = process.stdout.read(40)
        self.assertEqual(len(first), 40)
        out, err = self.stop(process)
        self.assertIn("stopped by interrupt", err)
        (first + out).decode("utf-8")

    def test_perplexity_prints_the_finished_rows(self):
        process = self.start("perplexity", "-m", MODEL, "-f", NOVEL, "--lengths", "64,60000", "--windows", 1)
        lines = [process.stdout.readline(), process.stdout.readline()]
        self.assertEqual(lines[1].split()[0], b"64")
        self.assertEqual(self.stop(process)[0], b"")

    def test_logits_leaves_nothing(self):
        process = self.start("logits", "-m", MODEL, "-f", self.long_page(), "-o", self.path("x.npy"))
        time.sleep(1)
        self.stop(process)
        self.assertEqual(os.listdir(self.folder), ["long.txt"])


class OnATerminal(CommandTest):
    """Progress is shown, and Ctrl-C is the key."""

    def terminal(self, *args):
        terminal = Terminal(*args, folder=self.folder)
        self.addCleanup(terminal.close)
        return terminal

    def test_progress_and_key(self):
        terminal = self.terminal("run", "-m", MODEL, "-f", self.path("l.txt", self.pages(400000)), "-n", 4)
        terminal.expect(rb"reading \d+ of \d+ tokens  \d+%  [\d.]+/s  ETA \d+:\d\d")
        terminal.type(b"\x03")
        terminal.expect(rb"stopped by interrupt")
        self.assertEqual(terminal.finish(), INTERRUPTED)

    def test_no_progress_in_a_file(self):
        done = sextant("run", "-m", MODEL, "-f", self.path("p.txt", self.pages(3000)), "-n", 1)
        self.assertNotIn(b"ETA", done.stderr)
        self.assertNotIn(b"\r", done.stderr)


if __name__ == "__main__":
    main()
