"""A command on a pseudo-terminal, as a person sits before it."""

import os
import pty
import re
import select
import signal
import subprocess
import termios
import time
import unittest

from sextant_command import SEXTANT


def open_terminal():
    """(outer, inner) ends of a new pseudo-terminal; skips the test where the system has none to give."""
    try:
        return pty.openpty()
    except OSError as error:
        raise unittest.SkipTest("no pseudo-terminal: %s" % error)


class Terminal:
    def __init__(self, *args, folder, stdin=True):
        self.outer, inner = open_terminal()
        environment = dict(os.environ, TERM="xterm", XDG_STATE_HOME=folder, LC_ALL="C.UTF-8")

        def take_terminal():
            os.setsid()
            import fcntl
            fcntl.ioctl(0 if stdin else 2, termios.TIOCSCTTY, 0)

        self.process = subprocess.Popen([SEXTANT, *map(str, args)], stdin=inner if stdin else subprocess.DEVNULL,
                                        stdout=inner, stderr=inner, env=environment, preexec_fn=take_terminal)
        os.close(inner)
        self.seen = b""

    def read(self, seconds=0.1):
        """Adds what has come to `seen`; False at the end."""
        if not select.select([self.outer], [], [], seconds)[0]:
            return True
        try:
            block = os.read(self.outer, 65536)
        except OSError:
            return False
        self.seen += block
        return bool(block)

    def expect(self, pattern, seconds=60):
        """Waits for `pattern` in what came since the last one, and returns what came up to its end."""
        deadline = time.monotonic() + seconds
        while True:
            match = re.search(pattern, self.seen, re.S)
            if match:
                before, self.seen = self.seen[:match.end()], self.seen[match.end():]
                return before
            if time.monotonic() > deadline or not self.read():
                raise AssertionError("never saw %r in %r" % (pattern, self.seen[-2000:]))

    def type(self, text):
        os.write(self.outer, text)

    def finish(self, seconds=60):
        """Waits for the end; returns the exit code."""
        deadline = time.monotonic() + seconds
        while self.read() and time.monotonic() < deadline:
            pass
        return self.process.wait(timeout=max(1, deadline - time.monotonic()))

    def close(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        os.close(self.outer)
