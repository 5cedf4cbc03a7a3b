"""bench: the rows and their keys, what is refused, and the ceilings. Nothing here depends on how fast anything is."""

import json
import math
import os
import re
import signal
import subprocess

from sextant_command import INTERRUPTED, MODEL, SEXTANT, USAGE, WINDOW, CommandTest, main
from terminal import Terminal, open_terminal

KEYS = ["depth", "plan", "kv", "prompt_tokens", "prompt_tokens_per_s", "decode_tokens", "decode_tokens_per_s",
        "peak_rss_bytes"]
EXTENDED = "self-extend:group=8,window=64"
CEILINGS = ["f32_ops_per_s", "int16_ops_per_s", "int8_ops_per_s", "exps_per_s", "read_bytes_per_s"]
QUICK = ["bench", "-m", MODEL, "-p", 8, "-n", 2, "-r", 1]


class Rows(CommandTest):
    """One row for each depth, plan and type of cache, in this order."""

    def test_keys_and_types(self):
        rows = self.json(*QUICK, "--depths", "5")
        self.assertEqual(len(rows), 1)
        row = rows[0]
        self.assertEqual(list(row)[:len(KEYS)], KEYS)
        self.assertEqual((row["depth"], row["prompt_tokens"], row["decode_tokens"]), (5, 8, 2))
        for key in ("depth", "prompt_tokens", "decode_tokens", "peak_rss_bytes", "repeats", "threads"):
            self.assertIs(type(row[key]), int, key)
        for key in ("prompt_tokens_per_s", "decode_tokens_per_s"):
            self.assertIs(type(row[key]), float, key)
            self.assertTrue(math.isfinite(row[key]) and row[key] > 0, row)
        self.assertGreater(row["peak_rss_bytes"], 1 << 20)
        self.assertNotIn("ceilings", row)

    def test_every_combination(self):
        rows = self.json(*QUICK, "--depths", "300,0", "--extend", "none", "--extend", EXTENDED, "--kv", "f16", "--kv",
                         "f32", "--extend", "auto")
        plans = ["none", EXTENDED, "self-extend"]
        got = [(r["depth"], r["kv"]) for r in rows]
        self.assertEqual(got, [(d, kv) for d in (300, 0) for _ in plans for kv in ("f16", "f32")])
        self.assertEqual([r["plan"] for r in rows[:4]], ["none"] * 2 + [EXTENDED] * 2)
        self.assertTrue(rows[4]["plan"].startswith("self-extend:"))
        self.assertEqual(rows[10]["plan"], "none")
        self.assertEqual([r.get("asked") for r in rows[::2]], [None, None, "auto"] * 2)
        self.assertEqual([r["within_limit"] for r in rows], [False] * 2 + [True] * 10)

    def test_medians_and_spreads(self):
        for row in self.json(*QUICK[:-1], 4, "--depths", "0"):
            self.assertEqual(row["repeats"], 4)
            for kind in ("prompt", "decode"):
                middle, least, most = (row[kind + "_tokens_per_s" + end] for end in ("", "_min", "_max"))
                self.assertTrue(0 < least <= middle <= most, row)

    def test_one_kind_alone(self):
        row = self.json("bench", "-m", MODEL, "-p", 0, "-n", 3, "-r", 1, "-d", "0")[0]
        self.assertIsNone(row["prompt_tokens_per_s"])
        self.assertGreater(row["decode_tokens_per_s"], 0)
        row = self.json("bench", "-m", MODEL, "-p", 3, "-n", 0, "-r", 1, "-d", "7")[0]
        self.assertIsNone(row["decode_tokens_per_s"])
        self.assertGreater(row["prompt_tokens_per_s"], 0)

    def test_table(self):
        done = self.good(*QUICK, "--depths", "0,%d" % (2 * WINDOW), "--extend", "none")
        lines = done.stdout.decode().splitlines()
        self.assertEqual(len(lines), 3)
        self.assertEqual(lines[0].split()[:3], ["depth", "plan", "kv"])
        self.assertEqual([line.split()[0] for line in lines[1:]], ["0", str(2 * WINDOW)])
        self.assertNotIn("limit", lines[1])
        self.assertIn("none (past its limit)", lines[2])
        self.assertIn(b"warning", done.stderr)

    def test_defaults_are_those_of_the_manual(self):
        text = self.good("help", "bench").stdout.decode()
        for words in ("default 512", "default 32", "default 0,2048,8192", "default 3"):
            self.assertIn(words, " ".join(text.split()))


class Refused(CommandTest):
    """Everything that can be refused is refused before anything is measured."""

    def test_bad_values(self):
        for args, says in ((["-p", "-1"], "--prompt-tokens"), (["-n", "x"], "--decode-tokens"),
                           (["--depths", "1,"], "--depths"), (["--depths", "0.5"], "--depths"),
                           (["-r", "0"], "--repeats"), (["--kv", "f64"], "f16|"), (["-t", "0"], "--threads"),
                           (["--extend", "nun"], "none"), (["-p", "0", "-n", "0"], "nothing to measure"),
                           (["-c", "20", "--depths", "300"], "-c is 20"), (["--precision", "f64"], "fast|f32"),
                           (["stray"], "stray")):
            self.refused(USAGE, "bench", "-m", MODEL, *args, says=[says])
        self.refused(USAGE, "bench", says=["-m"])

    def test_memory_that_is_not_there(self):
        done = subprocess.run([SEXTANT, "bench", "-m", MODEL, "--depths", "0,2000000000", "-r", "1"],
                              stdin=subprocess.DEVNULL, capture_output=True)
        errors = [line for line in done.stderr.splitlines() if b"error" in line]
        self.assertEqual((done.returncode, done.stdout, len(errors)), (1, b"", 1), done.stderr)
        self.assertIn(b"depth 2000000000", errors[0])


class Ceilings(CommandTest):
    """They are positive, and every speed gets its bound and its share of it."""

    def check(self, ceilings):
        for key in CEILINGS:
            self.assertTrue(math.isfinite(ceilings[key]) and ceilings[key] > 0, (key, ceilings))
        self.assertTrue(ceilings["bf16_ops_per_s"] is None or ceilings["bf16_ops_per_s"] > 0)

    def test_without_a_model(self):
        ceilings = self.json("bench", "--ceilings", "-t", 1)
        self.check(ceilings)
        self.assertEqual((ceilings["threads"], ceilings["kernel"]), (1, self.json("version")["kernel"]))
        text = self.good("bench", "--ceilings").stdout.decode()
        self.assertRegex(text, r"^ceilings: \w+, \d+ threads: f32 [\d.]+, int16 [\d.]+, int8 [\d.]+, bf16 ")

    def test_shares(self):
        row = self.json(*QUICK, "--ceilings", "--depths", "10")[0]
        self.check(row["ceilings"])
        for kind in ("prompt", "decode"):
            share = row[kind + "_tokens_per_s"] / row[kind + "_bound_tokens_per_s"]
            self.assertAlmostEqual(row[kind + "_share_of_bound"], share, places=9)
        self.assertIn(b"of bound", self.good(*QUICK, "--ceilings", "--depths", "10").stdout.splitlines()[0])

    def check_bounds(self, model, depth, *args):
        """Written down again from docs/PERFORMANCE.md: 2 operations for each weight and token (the output once),
        4 * head_dim for each score, an exponential for each; weights and cache through memory for each token."""
        info = self.json("info", model, "--tensors")
        n, n_decode = 8, 2
        row = self.json("bench", "-m", model, "-p", n, "-n", n_decode, "-r", 1, "--ceilings", "--depths", depth, *args)[0]
        top = row["ceilings"]
        is_fast = row["precision"] == "fast"
        floats = max(top["f32_ops_per_s"], top["int16_ops_per_s"]) if is_fast else top["f32_ops_per_s"]
        blocks = max(floats, top["int8_ops_per_s"]) if is_fast else floats
        window = info["sliding_window"] or math.inf

        def keys(first, count):
            return sum(min(first + i, window) for i in range(count))

        matrices = {t["name"]: t for t in info["tensors"] if len(t["shape"]) == 2}
        if "output.weight" in matrices:
            del matrices["token_embd.weight"]
        seconds = 0
        for name, tensor in matrices.items():
            is_head = name in ("output.weight", "token_embd.weight")
            elements = math.prod(tensor["shape"]) * (1 if is_head else n)
            seconds += 2 * elements / (floats if tensor["type"] in ("F16", "BF16", "F32") else blocks)
        scores = info["n_layers"] * info["n_heads"] * keys(depth + 1, n)
        seconds += 4 * info["head_dim"] * scores / floats + scores / top["exps_per_s"]
        self.assertAlmostEqual(row["prompt_bound_tokens_per_s"] * seconds / n, 1, places=6)
        kv_bytes = 2 * 2 * info["n_layers"] * info["n_kv_heads"] * info["head_dim"]
        weight_bytes = sum(tensor["bytes"] for tensor in matrices.values())
        seconds = (n_decode * weight_bytes + keys(depth + 2, n_decode) * kv_bytes) / top["read_bytes_per_s"]
        # The cache is counted as it is stored, which may be in whole blocks of keys.
        self.assertAlmostEqual(row["decode_bound_tokens_per_s"] * seconds / n_decode, 1, delta=0.1)

    def test_bounds_follow_their_formulas(self):
        self.check_bounds(MODEL, 10)
        self.check_bounds(MODEL, 10, "--precision", "f32")

    def test_bounds_of_blocks_and_windows(self):
        """Before the window is full, while it fills, and behind it."""
        shape = {"model_type": "mistral", "vocab_size": 1536, "hidden_size": 64, "intermediate_size": 96,
                 "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "rms_norm_eps": 1e-5,
                 "max_position_embeddings": 128, "sliding_window": 12, "tie_word_embeddings": False}
        config, model = self.path("config.json", json.dumps(shape)), self.path("m.gguf")
        self.good("convert", "--random", config, "--vocab", MODEL, model, "--type", "q8_0")
        for depth in (0, 8, 40):
            self.check_bounds(model, depth)


class Interrupted(CommandTest):
    """Ctrl-C: the rows that are finished are printed."""

    LONG = ["bench", "-m", MODEL, "-p", 256, "-n", 2, "-r", 1000, "--depths", "0,50"]

    def test_prints_what_is_finished(self):
        terminal, inner = open_terminal()
        self.addCleanup(os.close, terminal)
        process = subprocess.Popen([SEXTANT, *map(str, self.LONG), "--json"], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=inner)
        os.close(inner)
        self.addCleanup(lambda: process.poll() is None and process.kill())
        seen = b""
        while not re.search(rb"measuring \d{4,} of ", seen):  # three rows of 258 tokens, and more
            seen += os.read(terminal, 65536)
        process.send_signal(signal.SIGINT)
        rows = json.loads(process.communicate(timeout=60)[0])
        self.assertEqual(process.returncode, INTERRUPTED)
        self.assertEqual([row["depth"] for row in rows], [0, 50])
        for row in rows:
            self.assertTrue(1 <= row["repeats"] < 1000, row)
            self.assertGreater(row["decode_tokens_per_s"], 0)

    def test_progress_and_key(self):
        terminal = Terminal(*self.LONG, folder=self.folder)
        self.addCleanup(terminal.close)
        terminal.expect(rb"measuring \d+ of \d+ tokens  \d+%")
        terminal.type(b"\x03")
        self.assertEqual(terminal.finish(), INTERRUPTED)


if __name__ == "__main__":
    main()
