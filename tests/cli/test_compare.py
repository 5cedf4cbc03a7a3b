"""bench/compare and bench/first_token, beside a peer that only says what it was told to say."""

import json
import os
import subprocess
import sys

from sextant_command import MODEL, ROOT, SEXTANT, CommandTest, main

# Says 10 ms for each prompt token ("flat": a second for any prompt) and 0.1 s for each generated one, and notes its
# arguments.
PEER = """#!%s
import json, sys
words, kind = sys.argv[2:], sys.argv[1]
if "--help" in words:
    print("  -d, --n-depth <n>" if kind == "new" else "  -gp <pp,tg>")
    sys.exit(0)
open(%%r, "a").write(" ".join(words) + "\\n")
value = {a: b for a, b in zip(words, words[1:])}
def test(n_prompt, n_gen, ns):
    return {"n_prompt": n_prompt, "n_gen": n_gen, "samples_ns": [int(ns)]}
tests = [test(int(p), 0, 1e9 if kind == "flat" else 1e7 * int(p)) for p in value["-p"].split(",")]
if int(value["-n"]) > 0:
    tests.append(test(0, int(value["-n"]), 1e8 * int(value["-n"])))
if "-gp" in value:
    p, n = map(int, value["-gp"].split(","))
    tests.append(test(p, n, 2e8 * n))
print("a line of noise")
print(json.dumps(tests))
""" % sys.executable


class Compare(CommandTest):
    def compare_process(self, kind, *args, flags=""):
        self.log = self.path("log")
        peer = self.path("peer.py", PEER % self.log)
        command = [sys.executable, os.path.join(ROOT, "bench", "compare"), "-m", MODEL, "--sextant", SEXTANT, "--peer",
                   "%s %s %s %s" % (sys.executable, peer, kind, flags), "-p", "16", "-n", "2", "-t", "1", *args]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
        with open(self.log) as f:
            self.lines = f.read().splitlines()
        return done

    def compare(self, *args, **options):
        done = self.compare_process(*args, **options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_llama_cpp(self):
        rows = json.loads(self.compare("new", "--depths", "0,20", "-r", "2", "--json", "--peer-model", "/there.gguf"))
        self.assertEqual([r["depth"] for r in rows], [0, 20])
        for row in rows:
            self.assertAlmostEqual(row["peer_read_tokens_per_s"], 100)
            self.assertAlmostEqual(row["peer_decode_tokens_per_s"], 10)
            for kind in ("read", "decode"):
                least, most = (row["sextant_%s_tokens_per_s_%s" % (kind, end)] for end in ("min", "max"))
                self.assertTrue(0 < least <= row["sextant_%s_tokens_per_s" % kind] <= most)
            self.assertAlmostEqual(row["read_ratio"], row["sextant_read_tokens_per_s"] / 100)
            self.assertGreater(row["peer_peak_rss_bytes"], 1 << 20)
        self.assertEqual(len(self.lines), 4)
        self.assertEqual([line.split("-d ")[1] for line in self.lines], ["0", "20"] * 2)
        for words in ("-m /there.gguf", "-t 1", "-fa 1", "-ctk f16 -ctv f16", "-r 1"):
            self.assertIn(words, self.lines[0])

    def test_ik_llama_cpp(self):
        """Reading at a depth is the difference of two prompts."""
        args = ["--depths", "0,40", "-r", "1", "--json", "--peer-kv", "q8_0"]
        rows = json.loads(self.compare("old", *args, flags="-rtr 1"))
        self.assertAlmostEqual(rows[1]["peer_read_tokens_per_s"], 100)
        self.assertAlmostEqual(rows[0]["peer_decode_tokens_per_s"], 10)
        self.assertAlmostEqual(rows[1]["peer_decode_tokens_per_s"], 5)
        self.assertIn("-p 40,56 -n 0 -gp 40,2", self.lines[1])
        self.assertIn("-ctk q8_0 -ctv q8_0", self.lines[1])
        self.assertIn("-rtr 1", self.lines[1])

    def test_difference_that_is_lost_in_noise(self):
        """Tried again, then said; never printed as a number that JSON does not have."""
        done = self.compare_process("flat", "--depths", "40", "-r", "1", "--json")
        self.assertEqual((done.returncode, done.stdout, len(self.lines)), (1, "", 3))
        self.assertIn("larger -p", done.stderr)

    def test_depths_count_once(self):
        self.assertEqual(len(json.loads(self.compare("new", "--depths", "7,7", "-r", "1", "--json"))), 1)

    def test_table(self):
        lines = self.compare("new", "--depths", "7", "-r", "1").splitlines()
        self.assertEqual(len(lines), 5)
        self.assertEqual(lines[2].split()[:3], ["7", "read", "16"])
        self.assertEqual(lines[3].split()[:3], ["7", "decode", "2"])
        self.assertIn("100.00 (100.0..100.0)", lines[2])

    def test_first_token(self):
        ours = "%s run -m %s -p Hello --no-bos -n 1" % (SEXTANT, MODEL)
        done = subprocess.run([sys.executable, os.path.join(ROOT, "bench", "first_token"), ours, "echo x", "-r", "2",
                               "--json"], capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, 0, done.stderr)
        told = json.loads(done.stdout)
        self.assertEqual([row["command"] for row in told["commands"]], [ours, "echo x"])
        for row in told["commands"]:
            self.assertTrue(0 < row["seconds_min"] <= row["seconds"] <= row["seconds_max"])
        self.assertGreater(told["ratio"], 0)


if __name__ == "__main__":
    main()
