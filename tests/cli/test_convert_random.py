"""convert --random: the shape, the numbers and the tokenizer are those asked for, the same for any number of threads."""

import hashlib
import json
import os

import numpy as np

from sextant_command import MODEL, REJECTED, USAGE, CommandTest, main, shared

N_VOCAB = 1536  # of the sample model, whose tokenizer is taken
SHAPE = {"model_type": "llama", "vocab_size": N_VOCAB, "hidden_size": 64, "intermediate_size": 96,
         "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 128,
         "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "hidden_act": "silu", "tie_word_embeddings": False}
LAYER = [(64, 64), (32, 64), (32, 64), (64, 64), (96, 64), (96, 64), (64, 96)]


class Random(CommandTest):
    def config(self, name="config.json", **changes):
        return self.path(name, json.dumps({**SHAPE, **changes}))

    def make(self, out, *args, config=None):
        return self.good("convert", "--random", config or self.config(), "--vocab", MODEL, self.path(out), *args)

    def data(self, name, size):
        """The last bytes of a file: its tensors, when their size is known to be a multiple of 32."""
        with open(self.path(name), "rb") as f:
            f.seek(-size, os.SEEK_END)
            return f.read()

    def test_info_and_run(self):
        self.make("m.gguf", "--type", "q8_0")
        info = self.json("info", self.path("m.gguf"))
        for key, value in (("n_layers", 2), ("d_model", 64), ("n_heads", 4), ("n_kv_heads", 2), ("head_dim", 16),
                           ("n_ff", 96), ("n_vocab", N_VOCAB), ("trained_window", 128), ("tied_output", False)):
            self.assertEqual(info[key], value, key)
        told = self.json("run", "-m", self.path("m.gguf"), "-p", "It is a truth", "-n", 5)
        self.assertEqual(len(told["ids"]), 5)
        words = ["tokenize", "-p", "It is a truth", "-m"]
        self.assertEqual(self.json(*words, self.path("m.gguf")), self.json(*words, MODEL))

    def test_numbers(self):
        """Matrices have mean 0 and a deviation of 1 / sqrt(d_model), no two rows alike; norms are ones."""
        self.make("m.gguf", "--type", "f32")
        n_layer = sum(r * c for r, c in LAYER)
        n = 2 * N_VOCAB * 64 + 64 + 2 * (n_layer + 128)
        values = np.frombuffer(self.data("m.gguf", 4 * n), np.float32)
        embed, norm = values[:N_VOCAB * 64].reshape(N_VOCAB, 64), values[N_VOCAB * 64:][:64]
        np.testing.assert_array_equal(norm, np.ones(64, np.float32))
        self.assertAlmostEqual(embed.mean(), 0, delta=0.002)
        self.assertAlmostEqual(embed.std(), 1 / 8, delta=0.001)
        self.assertAlmostEqual(((embed * 8) ** 4).mean(), 3, delta=0.25)
        self.assertEqual(len(np.unique(embed, axis=0)), N_VOCAB)
        self.assertEqual((values == 1).sum(), 64 * 5)

    def test_blocks(self):
        """Of a block type no two rows are alike either, and the values have the same deviation."""
        self.make("m.gguf", "--type", "q8_0")
        self.good("convert", self.path("m.gguf"), self.path("f.gguf"), "--type", "f32")
        n = 2 * N_VOCAB * 64 + 64 + 2 * (sum(r * c for r, c in LAYER) + 128)
        embed = np.frombuffer(self.data("f.gguf", 4 * n), np.float32)[:N_VOCAB * 64].reshape(N_VOCAB, 64)
        self.assertEqual(len(np.unique(embed, axis=0)), N_VOCAB)
        self.assertAlmostEqual(embed.std(), 1 / 8, delta=0.001)

    def test_same_bytes_for_any_number_of_threads(self):
        for kind in ("f16", "q8_0", "q4_0", "q4_k_m"):
            wide = self.config("wide.json", hidden_size=256, num_attention_heads=4, head_dim=32, intermediate_size=512)
            files = []
            for threads in (1, 3, 8):
                self.make("m.gguf", "--type", kind, "-t", threads, "--seed", 5, config=wide)
                with open(self.path("m.gguf"), "rb") as f:
                    files.append(f.read())
            self.assertTrue(files[0] == files[1] == files[2], kind)
            self.make("m.gguf", "--type", kind, "--seed", 6, config=wide)
            with open(self.path("m.gguf"), "rb") as f:
                self.assertNotEqual(f.read(), files[0])

    def test_fixed_numbers(self):
        """A seed means these weights, for ever and on every machine."""
        self.make("m.gguf", "--type", "f16", "--seed", 7)
        n = 2 * 2 * N_VOCAB * 64 + 4 * 64 + 2 * (2 * sum(r * c for r, c in LAYER) + 4 * 128)
        self.assertEqual(hashlib.sha256(self.data("m.gguf", n)).hexdigest()[:16], "4297d0ef330cbbe6")

    def test_padded_and_refused_vocabularies(self):
        self.make("more.gguf", config=self.config(vocab_size=N_VOCAB + 10))
        self.assertEqual(self.json("info", self.path("more.gguf"))["n_vocab"], N_VOCAB + 10)
        self.refused(REJECTED, "convert", "--random", self.config("less.json", vocab_size=N_VOCAB - 1), "--vocab", MODEL,
                     self.path("out.gguf"), says=["less.json", "vocab_size is 1535", "the tokenizer's 1536 tokens"])
        self.assertFalse(os.path.exists(self.path("out.gguf")))

    def test_llama3_scaling_tied_and_biases(self):
        scaling = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
                   "original_max_position_embeddings": 64}
        config = self.config(rope_scaling=scaling, tie_word_embeddings=True, attention_bias=True)
        self.make("m.gguf", config=config)
        info = self.json("info", self.path("m.gguf"), "--tensors")
        names = {t["name"] for t in info["tensors"]}
        self.assertTrue({"rope_freqs.weight", "blk.1.attn_q.bias", "blk.1.attn_output.bias"} <= names)
        self.assertNotIn("output.weight", names)
        self.assertTrue(info["tied_output"])
        self.good("run", "-m", self.path("m.gguf"), "-p", "It", "-n", 2)

    def test_longrope_and_dynamic(self):
        """What config.json asks for is in the file, is told, and is what the plan takes its numbers from."""
        lists = {"long_factor": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0], "short_factor": [1.0] * 8}
        config = self.config(rope_scaling={"type": "su", **lists}, original_max_position_embeddings=32)
        self.make("long.gguf", config=config)
        info = self.json("info", self.path("long.gguf"), "--tensors")
        self.assertEqual(info["rope_scaling"], "longrope:factor=4,original_context=32,attention_factor=1.18321598")
        names = {t["name"] for t in info["tensors"]}
        self.assertTrue({"rope_factors_long.weight", "rope_factors_short.weight"} <= names)
        told = self.json("run", "-m", self.path("long.gguf"), "-p", "It", "-n", 40, "--extend", "longrope")
        self.assertEqual((told["plan"], told["limit"]), ("longrope", 128))
        config = self.config(rope_scaling={"type": "dynamic", "factor": 2.0})
        self.make("dynamic.gguf", config=config)
        self.assertEqual(self.json("info", self.path("dynamic.gguf"))["rope_scaling"],
                         "dynamic:factor=2,original_context=128")
        told = self.json("run", "-m", self.path("dynamic.gguf"), "-p", "It", "-n", 200)
        self.assertEqual((told["plan"], told["within_limit"]), ("none", True))
        self.assertIn("scaling follows the length", told["reason"])
        told = self.json("run", "-m", self.path("dynamic.gguf"), "-p", "It", "-n", 4, "--extend", "dynamic-ntk")
        self.assertEqual(told["plan"], "dynamic-ntk:factor=2")

    def test_bad_rope_scaling(self):
        """One line that names the file, the field and what it needs."""
        yarn = '{"type": "yarn", "factor": %s}'
        for block, says in (('{"type": "dynamic"}', ["rope_scaling.factor is missing"]),
                            (yarn % "NaN", ["bad.json", "NaN"]), (yarn % "-4", ["factor is -4; needed 1 to 1e+06"]),
                            (yarn % "0.5", ["factor is 0.5; needed 1 to 1e+06"]), (yarn % "1e999", ["bad.json"]),
                            (yarn % "null", ["rope_scaling.factor is missing"]),
                            ('{"type": "dynamic", "factor": 2, "alpha": 9}', ["rope_scaling.alpha is not supported"]),
                            ('{"factor": 4.0}', ["rope_type is missing"]),
                            ('{"type": "llama3", "factor": 8, "low_freq_factor": 4, "high_freq_factor": 4}',
                             ["high_freq_factor is 4; needed more"]),
                            ('{"type": "longrope", "long_factor": [1, 2], "short_factor": [1, 2]}',
                             ["long_factor has 2 numbers; needed 8"]),
                            ('{"type": "longrope", "long_factor": [1,1,1,1,1,1,1,-1], "short_factor": []}',
                             ["long_factor[7] is -1"]),
                            ('{"type": "ntk-by-parts", "factor": 4}', ["supported: none (default), linear, dynamic"])):
            text = json.dumps({**SHAPE, "rope_scaling": 0}).replace('"rope_scaling": 0', '"rope_scaling": ' + block)
            self.refused(REJECTED, "convert", "--random", self.path("bad.json", text), "--vocab", MODEL,
                         self.path("out.gguf"), says=["bad.json", *says])

    def test_real_vocabulary(self):
        vocab = shared("data", "vocab", "llama-spm.gguf")
        self.good("convert", "--random", self.config(vocab_size=32000), "--vocab", vocab, self.path("m.gguf"))
        ids = self.json("tokenize", "-m", self.path("m.gguf"), "-p", "Hello world")["ids"]
        self.assertEqual(ids, self.json("tokenize", "-m", vocab, "-p", "Hello world")["ids"])

    def test_mixes_of_rows_that_do_not_fit(self):
        """Rows of 64 are no blocks of 256 and rows of 512 are: most block types meet in one file."""
        config = self.config("odd.json", intermediate_size=512)
        for kind, types in (("q3_k_m", {"Q4_0", "Q5_0", "Q5_1", "Q8_0", "Q4_K"}), ("q2_k", {"Q4_0", "Q8_0", "Q3_K"})):
            self.make("m.gguf", "--type", kind, config=config)
            tensors = self.json("info", self.path("m.gguf"), "--tensors")["tensors"]
            self.assertEqual({t["type"] for t in tensors} - {"F32"}, types)

    def test_inputs_are_not_overwritten(self):
        config = self.config("config.json")
        with open(config, "rb") as f:
            before = f.read()
        for output in (config, self.path("link.json")):
            if output != config:
                os.link(config, output)
            for source in (config, self.folder):
                self.refused(USAGE, "convert", "--random", source, "--vocab", MODEL, output, says=["choose another output"])
        with open(config, "rb") as f:
            self.assertEqual(f.read(), before)

    def test_refused(self):
        config, out = self.config(), self.path("out.gguf")
        self.refused(USAGE, "convert", "--random", config, out, says=["--vocab"])
        self.refused(USAGE, "convert", "--vocab", MODEL, MODEL, out, says=["--random"])
        self.refused(USAGE, "convert", "--random", config, "--vocab", MODEL, says=["OUT.gguf"])
        self.refused(USAGE, "convert", "--random", config, "--vocab", MODEL, config, says=["choose another output"])
        self.refused(REJECTED, "convert", "--random", self.path("none"), "--vocab", MODEL, out, says=["none"])
        bad = self.path("bad.json", "{")
        self.refused(REJECTED, "convert", "--random", bad, "--vocab", MODEL, out, says=["bad.json"])
        other = self.config("other.json", model_type="mamba")
        self.refused(REJECTED, "convert", "--random", other, "--vocab", MODEL, out, says=["mamba"])
        self.assertFalse(os.path.exists(out))


if __name__ == "__main__":
    main()
