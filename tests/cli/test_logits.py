"""logits: the array's form, and its numbers against logits computed in float64 by NumPy."""

import json
import os
import stat

import numpy as np

from sextant_command import MODEL, TINY, USAGE, CommandTest, main, sextant, shared


class Form(CommandTest):
    """A NumPy array of float32, whatever the prompt came from; whole or not there."""

    def logits(self, *args):
        path = self.path("out.npy")
        self.good("logits", "-m", MODEL, *args, "-o", path)
        array = np.load(path)
        self.assertEqual((array.dtype, array.ndim, array.shape[1]), (np.dtype("<f4"), 2, 1536))
        self.assertEqual(os.listdir(self.folder).count("out.npy"), 1)
        return array

    def test_all_and_last(self):
        every = self.logits("-p", "The sky is blue", "--all")
        ids = self.json("tokenize", "-m", MODEL, "-p", "The sky is blue")["ids"]
        self.assertEqual(every.shape, (len(ids), 1536))
        np.testing.assert_array_equal(self.logits("-p", "The sky is blue"), every[-1:])

    def test_tokens_are_verbatim(self):
        ids = self.json("tokenize", "-m", MODEL, "-p", "The sky is")["ids"]
        text = ",".join(map(str, ids))
        np.testing.assert_array_equal(self.logits("--tokens", text, "--all"), self.logits("-p", "The sky is", "--all"))
        bare = self.logits("--tokens", ",".join(map(str, ids[1:])), "--all")
        np.testing.assert_array_equal(bare, self.logits("-p", "The sky is", "--all", "--no-bos"))
        self.assertEqual(bare.shape[0], len(ids) - 1)

    def test_file_equals_text(self):
        path = self.path("t.txt", "A page of text.\n")
        np.testing.assert_array_equal(self.logits("-f", path), self.logits("-p", "A page of text.\n"))

    def test_threads_and_chunks_do_not_change_a_bit(self):
        page = self.path("page.txt", self.pages(1500))
        base = self.logits("-f", page, "--all", "--extend", "self-extend:group=4,window=64")
        self.assertGreater(base.shape[0], 300)
        for args in (["-t", 2], ["-t", 3], ["--chunk", 1], ["--chunk", 64]):
            again = self.logits("-f", page, "--all", "--extend", "self-extend:group=4,window=64", *args)
            self.assertEqual(base.tobytes(), again.tobytes(), args)

    def test_json_tells_what_was_written(self):
        path = self.path("out.npy")
        told = self.json("logits", "-m", MODEL, "-p", "The sky is", "--all", "-o", path)
        self.assertEqual(told["shape"], list(np.load(path).shape))
        self.assertEqual((told["plan"], told["within_limit"], told["limit"]), ("none", True, 256))

    def test_past_the_limit_runs_with_one_warning(self):
        page = self.path("page.txt", self.pages(1500))
        done = sextant("logits", "-m", MODEL, "-f", page, "-o", self.path("out.npy"), "--json")
        self.assertEqual(done.returncode, 0)
        self.assertEqual(done.stderr.count(b"warning"), 1)
        self.assertIn(b"256", done.stderr)
        self.assertFalse(json.loads(done.stdout)["within_limit"])

    def test_refused_leaves_an_old_file_alone(self):
        path = self.path("out.npy", b"old")
        self.refused(USAGE, "logits", "-m", MODEL, "--tokens", "99999", "-o", path)
        with open(path, "rb") as f:
            self.assertEqual(f.read(), b"old")
        self.assertEqual(os.listdir(self.folder), ["out.npy"])

    def test_replaces_nothing_but_an_array(self):
        """A slip such as `-o model.gguf` costs nothing."""
        with open(MODEL, "rb") as f:
            whole = f.read()
        model, text, pipe = self.path("m.gguf", whole), self.path("t.txt", "The sky is blue"), self.path("pipe")
        os.mkfifo(pipe)
        for target in (model, text, pipe):
            self.refused(USAGE, "logits", "-m", model, "-f", text, "-o", target, says=[os.path.basename(target)])
        with open(model, "rb") as f:
            self.assertEqual(f.read(), whole)
        self.assertTrue(stat.S_ISFIFO(os.stat(pipe).st_mode))
        self.assertEqual(sorted(os.listdir(self.folder)), ["m.gguf", "pipe", "t.txt"])
        self.assertEqual(self.logits("-p", "The sky").shape, (1, 1536))
        self.assertEqual(self.logits("-p", "The sky", "--all").shape[1], 1536)


LONGEST = int(os.environ.get("SEXTANT_LONGEST_REFERENCE", "1000000"))  # in tokens: an emulated CPU is slow


class Reference(CommandTest):
    """The reference logits of the sample model, plain and SelfExtend: within 1e-4 of the largest logit for the
    folder, within 1e-3 for the f16 file. One array is far outside the model's window, where it is chaotic: there
    the rounding of the weights to f16 alone moves the float64 oracle by 1.6e-3."""

    CHAOTIC = {"ref/passkey_4L_vanilla.npy": 2e-3}

    def compare(self, model, tolerances, *args):
        with open(shared("models", "tiny", "ref", "ref.json")) as f:
            cases = [case for case in json.load(f) if len(case["prompt_ids"]) <= LONGEST]
        self.assertGreater(len(cases), 5)
        for case in cases:
            method = case["method"]
            plan = "none"
            if method["kind"] != "vanilla":
                plan = "self-extend:group=%d,window=%d" % (method["G"], method["W"])
            out = self.path("out.npy")
            self.good("logits", "-m", model, "--tokens", ",".join(map(str, case["prompt_ids"])), "--all", "-o", out,
                      "--extend", plan, *args)
            first, end = case["positions"]
            expected, got = np.load(os.path.join(TINY, case["file"])), np.load(out)[first:end]
            self.assertEqual(got.shape, expected.shape)
            fault = np.abs(got - expected).max() / np.abs(expected).max()
            self.assertLess(fault, tolerances.get(case["file"], tolerances["each"]), case["file"])

    def test_folder(self):
        self.compare(os.path.dirname(shared("models", "tiny", "config.json")), {"each": 1e-4}, "--kv", "f32", "--precision", "f32")

    def test_f16_file(self):
        self.compare(MODEL, dict(self.CHAOTIC, each=1e-3), "--kv", "f32", "--precision", "f32")


if __name__ == "__main__":
    main()
