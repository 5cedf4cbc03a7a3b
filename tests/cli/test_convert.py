"""convert: every type gives a model that still predicts; the input is never harmed."""

import os
import shutil
import subprocess
import sys

from sextant_command import MODEL, NOVEL, TINY, USAGE, CommandTest, main, sextant, shared


class Convert(CommandTest):
    """From the sample file to each type and back through `perplexity`."""

    def nll(self, model):
        return self.json("perplexity", "-m", model, "-f", NOVEL, "--lengths", 200, "--windows", 2)[0]["nll"]

    def test_every_type(self):
        base = self.nll(MODEL)
        for kind, tolerance in (("f32", 1e-6), ("f16", 1e-6), ("bf16", 0.02), ("q8_0", 0.02), ("q4_0", 0.5)):
            out = self.path(kind + ".gguf")
            told = self.json("convert", MODEL, out, "--type", kind)
            self.assertEqual((told["type"], told["bytes"], told["output"]), (kind, os.path.getsize(out), out))
            self.assertIn(kind.upper(), self.json("info", out)["types"])
            self.assertAlmostEqual(self.nll(out), base, delta=tolerance)

    def test_folder_to_file(self):
        folder = os.path.dirname(shared("models", "tiny", "config.json"))
        out = self.path("folder.gguf")
        self.good("convert", folder, out, "--type", "f32")
        mine = self.json("run", "-m", out, "-p", "The sky is", "-n", 16)["ids"]
        self.assertEqual(mine, self.json("run", "-m", folder, "-p", "The sky is", "-n", 16)["ids"])

    def test_never_overwrites_its_input(self):
        path = self.path("m.gguf")
        shutil.copy(MODEL, path)
        os.symlink(path, self.path("link.gguf"))
        for target in (path, self.path("./m.gguf"), self.path("link.gguf")):
            done = sextant("convert", path, target)
            self.assertEqual(done.returncode, USAGE)
            self.assertIn(b"choose another output", done.stderr)
        with open(MODEL, "rb") as a, open(path, "rb") as b:
            self.assertEqual(a.read(), b.read())

    def test_replaces_another_file(self):
        out = self.path("old.gguf", b"old")
        self.good("convert", MODEL, out)
        self.assertEqual(sorted(os.listdir(self.folder)), ["old.gguf"])
        self.good("info", out)

    def test_nothing_half_written(self):
        with open(MODEL, "rb") as f:
            bad = self.path("bad.gguf", f.read(2000000))
        done = sextant("convert", bad, self.path("out.gguf"))
        self.assertEqual((done.returncode, done.stdout), (3, b""))
        self.assertEqual(os.listdir(self.folder), ["bad.gguf"])

    def test_unknown_type(self):
        self.refused(USAGE, "convert", MODEL, self.path("x"), "--type", "q8", says=["q8_0"])

    def test_rows_that_do_not_fit_are_told(self):
        odd, out = self.path("odd.gguf"), self.path("out.gguf")
        subprocess.run([sys.executable, "tools/make_random_model.py", "--gguf", odd, "--vocab", MODEL, "--type",
                        "f16", "--d-model", "256", "--ff", "288"], check=True)
        done = self.good("convert", odd, out, "--type", "q3_k_s")
        line = ("blk.0.ffn_down.weight has rows of 288, which are not whole blocks of Q3_K: kept as Q4_0, "
                "and 1 more")
        self.assertIn(line, done.stderr.decode())
        self.assertEqual(self.json("convert", odd, out, "--type", "q3_k_s")["misfits"], 2)
        self.assertNotIn("kept as", self.good("convert", odd, out, "--type", "q5_0").stderr.decode())


if __name__ == "__main__":
    main()
