"""The command under test, and where its test data lies."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
SEXTANT = os.environ.get("SEXTANT_BIN", os.path.join(ROOT, "build", "sextant"))
SHARED = os.environ.get("SEXTANT_SHARED", os.path.join(ROOT, "..", "shared"))
MODEL = os.path.join(ROOT, "models", "tiny-f16.gguf")
NOVEL = os.path.join(ROOT, "models", "PrideAndPrejudice.txt")
TINY = os.path.join(SHARED, "models", "tiny")
WINDOW = 256  # the sample model's trained window

OK, FAILURE, USAGE, REJECTED, INTERRUPTED = 0, 1, 2, 3, 130


def shared(*names):
    """A path in the larger test data; the test is skipped, by name, where it is missing."""
    path = os.path.join(SHARED, *names)
    if not os.path.exists(path):
        raise unittest.SkipTest("no %s in the test data" % os.path.join(*names))
    return path


def sextant(*args, stdin=b"", **options):
    """Runs the command; stdout and stderr are bytes."""
    return subprocess.run([SEXTANT, *map(str, args)], input=stdin, stdout=options.pop("stdout", subprocess.PIPE),
                          stderr=subprocess.PIPE, timeout=300, **options)


def needs_command(name):
    """Skips where the command was left out of the build."""
    if ("\n  %s " % name).encode() not in sextant("help").stdout:
        raise unittest.SkipTest("built without the command %s" % name)


class CommandTest(unittest.TestCase):
    """A scratch folder for each test, and the promises that every command keeps."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="sextant-test-")
        self.addCleanup(shutil.rmtree, self.folder)

    def path(self, name, content=None):
        path = os.path.join(self.folder, name)
        if content is not None:
            with open(path, "wb") as f:
                f.write(content if isinstance(content, bytes) else content.encode())
        return path

    def good(self, *args, **options):
        done = sextant(*args, **options)
        self.assertEqual(done.returncode, OK, done.stderr)
        return done

    def json(self, *args, **options):
        """One JSON document, valid UTF-8, and nothing else on standard output."""
        return json.loads(self.good(*args, "--json", **options).stdout.decode("utf-8"))

    def refused(self, code, *args, says=(), notes=0, **options):
        """Refused with this exit code and one line, after so many notes, that says all of `says`; nothing on standard output."""
        done = sextant(*args, **options)
        told = done.stderr.decode("utf-8").splitlines(keepends=True)
        self.assertTrue(all(line.startswith("sextant: note: ") for line in told[:notes]), told)
        text = "".join(told[notes:])
        self.assertEqual(done.returncode, code, text)
        self.assertEqual(done.stdout, b"")
        self.assertEqual(text.count("\n"), 1, text)
        self.assertTrue(text.startswith("sextant: error: "), text)
        for part in says:
            self.assertIn(part, text)
        return text

    def family(self, name, context=None):
        """A small random model of a family, as a GGUF file; `context`: another trained window."""
        sys.path.insert(0, os.path.join(ROOT, "tools"))
        from random_families import FAMILIES
        model, path = FAMILIES[name](), self.path(name + ".gguf")
        if context is not None:
            model.set_context(context)
        model.write_gguf(path, MODEL)
        return path

    def pages(self, n_bytes, start=100000):
        """Some pages of the novel, cut at a word."""
        with open(NOVEL, "rb") as f:
            text = f.read()[start:start + n_bytes]
        return text[:text.rindex(b" ")]


def main():
    """unittest.main(), with the exit code 77 when every test was skipped."""
    program = unittest.main(exit=False, verbosity=2)
    result = program.result
    if not result.wasSuccessful():
        sys.exit(1)
    sys.exit(77 if result.testsRun > 0 and len(result.skipped) == result.testsRun else 0)
