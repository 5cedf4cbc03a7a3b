"""info: what it says of the sample model, in words and in JSON."""

from sextant_command import MODEL, USAGE, CommandTest, main, shared


class Info(CommandTest):
    """The description agrees with the file and with itself."""

    def test_json(self):
        about = self.json("info", MODEL)
        expected = {"architecture": "llama", "trained_window": 256, "n_layers": 4, "d_model": 256, "n_heads": 8,
                    "n_kv_heads": 4, "head_dim": 32, "n_ff": 768, "n_vocab": 1536, "n_params": 3541248,
                    "n_tensors": 38, "tied_output": True, "bos_id": 0, "add_bos": True, "sliding_window": 0, "n_sliding": 0}
        self.assertEqual({k: about[k] for k in expected}, expected)
        self.assertEqual(sum(about["types"].values()), about["n_tensors"])
        self.assertEqual([m["n_ctx"] for m in about["memory"]], [4096, 16384, 65536])
        for row in about["memory"]:
            self.assertEqual(row["cache_bytes"], row["n_ctx"] * 4 * 2 * 4 * 32 * 2)
            parts = sum(row[k] for k in ("weights_bytes", "private_bytes", "cache_bytes", "scratch_bytes"))
            self.assertEqual(row["total_bytes"], parts)

    def test_longest_context_is_the_formula(self):
        """G * (L - W + W / G), and L for plain."""
        rows = {r["plan"]: r["tokens"] for r in self.json("info", MODEL)["longest_context"]}
        self.assertEqual(rows["none"], 256)
        self.assertIsNone(rows["auto"])
        for group in (2, 4, 8, 16, 32):
            self.assertEqual(rows["self-extend:group=%d,window=64" % group], group * (256 - 64 + 64 // group))

    def test_options_add_rows(self):
        about = self.json("info", "-m", MODEL, "-c", 1000, "--kv", "f32", "--extend", "self-extend:group=3,window=32")
        self.assertEqual(about["memory"][-1]["n_ctx"], 1000)
        self.assertEqual(about["memory"][0]["cache_bytes"], 4096 * 4 * 2 * 4 * 32 * 4)
        self.assertEqual(about["longest_context"][-1]["plan"], "self-extend:group=3,window=32")

    def test_text(self):
        text = self.good("info", MODEL).stdout.decode()
        for part in ("llama", "256 tokens", "3.541 million", "F16", "16384", "65536", "self-extend:group=8,window=64"):
            self.assertIn(part, text)

    def test_tensors(self):
        rows = self.json("info", MODEL, "--tensors")["tensors"]
        self.assertEqual(len(rows), 38)
        first = {r["name"]: r for r in rows}["token_embd.weight"]
        self.assertEqual((first["shape"], first["type"], first["bytes"]), ([1536, 256], "F16", 1536 * 256 * 2))
        self.assertIn("token_embd.weight", self.good("info", MODEL, "--tensors").stdout.decode())

    def test_one_model(self):
        self.refused(USAGE, "info", MODEL, "-m", MODEL, says=["one model"])

    def test_a_wrong_plan_is_refused_before_anything_is_printed(self):
        self.refused(USAGE, "info", MODEL, "--extend", "self-extend:group=0", says=["group"])

    def test_vocabulary_alone(self):
        done = self.good("info", shared("data", "vocab", "gpt-2.gguf"))
        self.assertIn(b"byte-level-bpe", done.stdout)
        self.assertIn(b"tokenizer alone", done.stderr)


if __name__ == "__main__":
    main()
