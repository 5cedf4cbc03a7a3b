"""SEXTANT_KERNEL: every level of this CPU can be asked for; one that is not there is named in one warning."""

import os

from sextant_command import MODEL, CommandTest, main, sextant


class Levels(CommandTest):
    def at(self, level, *args):
        done = sextant(*args, env={**os.environ, "SEXTANT_KERNEL": level})
        self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def levels(self):
        return self.json("version")["kernels"]

    def test_best_level_first_scalar_last(self):
        levels = self.levels()
        self.assertEqual(levels[-1], "scalar")
        self.assertEqual(len(levels), len(set(levels)))
        version = self.at("", "version").stdout.decode()
        self.assertIn("kernel: %s (of %s)" % (levels[0], ", ".join(levels)), version)

    def test_level_that_is_there(self):
        for level in self.levels():
            done = self.at(level, "version")
            self.assertIn(b"kernel: %s (of" % level.encode(), done.stdout)
            self.assertEqual(done.stderr, b"")

    def test_level_that_is_not_there(self):
        best = self.levels()[0].encode()
        for level in ("avx9000", "AVX2", " scalar", "scalar,avx2"):
            done = self.at(level, "tokenize", "-m", MODEL, "-p", "It is")
            self.assertEqual(done.stderr.count(b"\n"), 1)
            for part in (b"warning", level.encode(), b"using " + best, b"scalar"):
                self.assertIn(part, done.stderr)

    def test_empty_is_unset(self):
        self.assertEqual(self.at("", "tokenize", "-m", MODEL, "-p", "It is").stderr, b"")


if __name__ == "__main__":
    main()
