"""run: prompts, answers, what is told about them, and the saved session."""

import json
import os
import re
import subprocess

from sextant_command import FAILURE, MODEL, REJECTED, SEXTANT, CommandTest, main, sextant

SUMMARY = (r"^sextant: read (\d+) tokens in [\d.]+ s \([\d.]+/s\)(, reused \d+)?; generated (\d+) in [\d.]+ s \([\d.]+/s\); "
           r"memory [\d.]+ MiB, cache [\d.]+ MiB of it; plan (\S+).*; window 256.*; stopped by (\w+)$")
KEY = "\nThe pass key is 48213. Remember it. 48213 is the pass key.\n"
ASK = "What is the pass key? The pass key is"


class Answers(CommandTest):
    """The text on standard output, the summary on standard error, the same of both in JSON."""

    def run_json(self, *args, **options):
        return self.json("run", "-m", MODEL, *args, **options)

    def test_text_and_summary(self):
        done = self.good("run", "-m", MODEL, "-p", "The sky is", "-n", 12)
        lines = done.stderr.decode().splitlines()
        self.assertEqual(len(lines), 1, "no progress where stderr is no terminal")
        match = re.match(SUMMARY, lines[0])
        self.assertEqual((match[1], match[3], match[4], match[5]), ("4", "12", "none", "length"))
        told = self.run_json("-p", "The sky is", "-n", 12)
        self.assertEqual(done.stdout.decode(), told["text"])
        self.assertEqual((told["n_prompt"], told["n_generated"], len(told["ids"])), (4, 12, 12))
        self.assertEqual((told["plan"], told["asked"], told["trained_window"]), ("none", "auto", 256))
        self.assertTrue(told["within_limit"])
        decoded = self.good("tokenize", "-m", MODEL, "--decode", ",".join(map(str, told["ids"]))).stdout
        self.assertEqual(decoded.decode(), told["text"])

    def test_greedy_by_default_is_the_largest_logit(self):
        import numpy as np
        out = self.path("l.npy")
        self.good("logits", "-m", MODEL, "-p", "The sky is", "-o", out)
        self.assertEqual(self.run_json("-p", "The sky is", "-n", 1)["ids"], [int(np.load(out)[0].argmax())])

    def test_document_blank_line_question(self):
        """-f and -p together are one text: the document byte for byte, two newlines, the question."""
        document = "A page,\r\nwith \\n and\ttabs."
        joined = self.path("joined.txt", document + "\n\n" + "And \\t now?")
        both = self.run_json("-f", self.path("d.txt", document), "-p", "And \\t now?", "-n", 6)
        one = self.run_json("-f", joined, "-n", 6)
        self.assertEqual((both["ids"], both["n_prompt"]), (one["ids"], one["n_prompt"]))

    def test_bos(self):
        self.assertEqual(self.run_json("-p", "The", "-n", 1)["n_prompt"],
                         self.run_json("-p", "The", "-n", 1, "--no-bos")["n_prompt"] + 1)

    def test_special_tokens_in_user_text(self):
        plain, special = (self.run_json("-p", "a</s>b", "-n", 1, *args)["n_prompt"] for args in ([], ["--special"]))
        self.assertGreater(plain, special)

    def test_nothing_to_generate(self):
        told = self.run_json("-p", "The sky is", "-n", 0)
        self.assertEqual((told["text"], told["ids"], told["n_read"]), ("", [], 4))

    def test_context_full(self):
        told = self.run_json("-p", "The sky is", "-n", 100, "-c", 10)
        self.assertEqual((told["n_ctx"], told["n_prompt"], told["n_generated"]), (10, 4, 6))

    def test_aliases(self):
        short = self.run_json("-p", "The sky is", "-n", 3, "-c", 50)
        long = self.json("run", "--model", MODEL, "--prompt", "The sky is", "--n-predict", 3, "--ctx-size", 50)
        self.assertEqual((short["ids"], short["n_ctx"]), (long["ids"], long["n_ctx"]))

    def test_sampling_follows_the_seed(self):
        def text(*args):
            return self.run_json("-p", "The sky is", "-n", 24, "--temp", 1.5, "--top-k", 0, "--top-p", 1, "--min-p", 0,
                                 *args)["ids"]
        self.assertEqual(text("--seed", 3), text("--seed", 3))
        self.assertNotEqual(text("--seed", 3), text("--seed", 4))

    def test_top_k_one_is_greedy(self):
        greedy = self.run_json("-p", "The sky is", "-n", 16)["ids"]
        self.assertEqual(self.run_json("-p", "The sky is", "-n", 16, "--temp", 1, "--top-k", 1)["ids"], greedy)


class ReaderGone(CommandTest):
    """`sextant run ... | head -c 5` ends soon and quietly."""

    def test_generation_ends(self):
        process = subprocess.Popen([SEXTANT, "run", "-m", MODEL, "-p", "The grass is green.", "-n", "200000"],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertEqual(len(process.stdout.read(5)), 5)
        process.stdout.close()
        err = process.stderr.read()
        process.stderr.close()
        self.assertEqual((process.wait(timeout=60), err), (FAILURE, b""))


class Chat(CommandTest):
    """--chat puts the prompt into a template; a model without one needs a name."""

    def test_without_a_template(self):
        self.refused(REJECTED, "run", "-m", MODEL, "-p", "Hi", "--chat", says=["--chat-template", "chatml"])

    def test_named_template(self):
        plain = self.json("run", "-m", MODEL, "-p", "Hi", "-n", 1)["n_prompt"]
        chat = self.json("run", "-m", MODEL, "-p", "Hi", "-n", 1, "--chat", "--chat-template", "chatml")["n_prompt"]
        system = self.json("run", "-m", MODEL, "-p", "Hi", "-n", 1, "--chat", "--chat-template", "chatml", "--system",
                           "Be brief.")["n_prompt"]
        self.assertTrue(plain < chat < system)


class PastTheWindow(CommandTest):
    """A document four times longer than the window: plain loses the key and says why, auto finds it."""

    def setUp(self):
        super().setUp()
        pages = self.pages(3100)
        self.document = self.path("d.txt", pages[:1500] + KEY.encode() + pages[1500:])

    def ask(self, *args):
        return sextant("run", "-m", MODEL, "-f", self.document, "-p", ASK, "-n", 8, *args)

    def test_auto_answers(self):
        done = self.ask()
        self.assertTrue(done.stdout.strip().startswith(b"48213"), done.stdout)
        self.assertNotIn(b"warning", done.stderr)
        self.assertRegex(done.stderr.decode(), r"plan self-extend:group=\d+,window=64 \(.*256.*\)")

    def test_plain_fails_and_names_the_window(self):
        done = self.ask("--extend", "none")
        self.assertEqual(done.returncode, 0)
        self.assertFalse(done.stdout.strip().startswith(b"48213"))
        self.assertEqual(done.stderr.count(b"warning"), 1)
        self.assertIn(b"limit of 256", done.stderr)
        self.assertIn(b"self-extend:", done.stderr)
        told = json.loads(self.ask("--extend", "none", "--json").stdout)
        self.assertEqual((told["within_limit"], told["limit"], told["asked"]), (False, 256, "none"))


class Session(CommandTest):
    """What was read is saved and reused; a file that does not fit is refused and stays as it is."""

    def setUp(self):
        super().setUp()
        self.session = self.path("s.session")
        self.document = self.path("d.txt", KEY.encode() + self.pages(2500))

    def ask(self, question, *args):
        return self.json("run", "-m", MODEL, "-f", self.document, "-p", question, "-n", 8, *args)

    def bytes(self):
        with open(self.session, "rb") as f:
            return f.read()

    def test_second_question_reuses_the_document(self):
        first = self.ask(ASK, "--session", self.session)
        self.assertEqual(first["n_reused"], 0)
        self.assertTrue(first["text"].strip().startswith("48213"))
        again = self.ask(ASK, "--session", self.session)
        self.assertEqual(again["n_read"] + again["n_reused"], first["n_prompt"])
        self.assertLessEqual(again["n_read"], 1)
        self.assertEqual(again["ids"], first["ids"])
        other = self.ask("And?", "--session", self.session)
        self.assertGreater(other["n_reused"], other["n_prompt"] - 10)
        self.assertLess(other["n_read"], 10)

    def test_same_bits_with_and_without(self):
        plan = ["--extend", "self-extend:group=16,window=64"]
        self.ask("What now, then? Is it so?", "--session", self.session, *plan)
        self.assertEqual(self.ask(ASK, "--session", self.session, *plan)["ids"], self.ask(ASK, *plan)["ids"])

    def test_nothing_but_the_session_is_left(self):
        self.ask(ASK, "--session", self.session)
        self.assertEqual(sorted(os.listdir(self.folder)), ["d.txt", "s.session"])

    def refuse(self, *args, says):
        before = self.bytes()
        self.refused(FAILURE, "run", "-m", MODEL, "-f", self.document, "-p", ASK, "-n", 1, "--session", self.session,
                     *args, says=["s.session", *says])
        self.assertEqual(self.bytes(), before)

    def test_of_another_cache_type_or_model(self):
        self.ask(ASK, "--session", self.session)
        self.refuse("--kv", "f32", says=["F16", "F32"])
        other = self.path("other.gguf")
        self.good("convert", MODEL, other, "--type", "q8_0")
        self.refuse("-m", other, says=["another model"])

    def test_damaged(self):
        self.ask(ASK, "--session", self.session)
        whole = self.bytes()
        for damaged in (b"", b"not a session", whole[:-1], whole[:100], whole + b"x",
                        whole[:len(whole) // 2] + bytes([whole[len(whole) // 2] ^ 1]) + whole[len(whole) // 2 + 1:]):
            self.path("s.session", damaged)
            self.refuse(says=["remove" if damaged.startswith(b"SXTS") else "another name"])

    def test_cannot_be_written(self):
        done = sextant("run", "-m", MODEL, "-p", "Hello", "-n", 1, "--session", self.path("no/where"))
        self.assertEqual(done.returncode, FAILURE)
        self.assertIn(b"where", done.stderr)


if __name__ == "__main__":
    main()
