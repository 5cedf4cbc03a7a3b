"""Plans that hide keys, on the command line: a dense prompt under streaming, models whose own window is off, and
conversations that never fill up."""

import json

import numpy as np

from sextant_command import FAILURE, MODEL, CommandTest, main

DENSE = "streaming:sinks=4,recent=60,prefill=dense"
TRAINED = 256


class DensePrompt(CommandTest):
    """The plan that ran names the prompt's length."""

    def prompt(self, n_bytes):
        return self.path("d.txt", self.pages(n_bytes))

    def ask(self, path, *args):
        done = self.good("run", "-m", MODEL, "-f", path, "--json", *args)
        return json.loads(done.stdout), done.stderr.decode()

    def test_the_plan_names_the_prompt(self):
        path = self.prompt(400)
        told, _ = self.ask(path, "-n", 40, "--extend", DENSE)
        self.assertEqual(told["plan"], "%s,prompt=%d" % (DENSE, told["n_prompt"]))
        forced, _ = self.ask(path, "-n", 40, "--extend", told["plan"])
        self.assertEqual((forced["ids"], forced["plan"]), (told["ids"], told["plan"]))
        self.assertIsNone(told["remembers"])

    def test_only_the_prompt_has_a_limit(self):
        """An answer may go on past the window; a prompt that does is warned about, by the same numbers."""
        for n_bytes in (500, 1500):
            told, err = self.ask(self.prompt(n_bytes), "-n", 300 if n_bytes < 1000 else 2, "--extend", DENSE)
            is_long = told["n_prompt"] > TRAINED
            self.assertEqual(is_long, n_bytes > 1000)
            self.assertEqual(told["within_limit"], not is_long)
            self.assertEqual("warning" in err, is_long, err)
            if is_long:
                self.assertIn("a dense prompt of %d tokens leaves the trained window of 256; prefill=stream does not; "
                              "self-extend:" % told["n_prompt"], err)
            else:
                self.assertGreater(told["n_prompt"] + told["n_generated"], TRAINED)

    def test_another_question_of_a_saved_document(self):
        path, session = self.prompt(450), self.path("s.session")
        first, _ = self.ask(path, "-p", "Who?", "-n", 9, "--extend", DENSE, "--session", session)
        again, _ = self.ask(path, "-p", "What, and where?", "-n", 9, "--extend", DENSE, "--session", session)
        fresh, _ = self.ask(path, "-p", "What, and where?", "-n", 9, "--extend", DENSE)
        self.assertGreater(again["n_reused"], 100)
        self.assertEqual((again["ids"], again["plan"]), (fresh["ids"], fresh["plan"]))
        self.assertNotEqual(first["plan"], again["plan"])
        self.refused(FAILURE, "run", "-m", MODEL, "-f", path, "-n", 1, "--session", session, "--extend",
                     "streaming:sinks=4,recent=60", says=["saved under the plan " + again["plan"]])

    def test_a_shorter_question_where_most_is_forgotten(self):
        """The file of a longer text stays of use: a session that forgets costs the same for any context."""
        plan = ["-n", 5, "--extend", "streaming:sinks=4,recent=60", "--session", self.path("s.session")]
        path = self.prompt(4000)
        self.ask(path, "-p", "What, and where, and when did all of this happen?", *plan)
        told, _ = self.ask(path, "-p", "Who?", *plan)
        self.assertGreater(told["n_reused"], 900)
        self.assertEqual(told["ids"], self.ask(path, "-p", "Who?", *plan[:-2])[0]["ids"])


class OwnWindows(CommandTest):
    """A model like Mistral 7B v0.1: a window in every layer."""

    TOKENS = ",".join(str(2 + 7 * i % 1500) for i in range(150))

    def logits(self, model, plan):
        out = self.path("l.npy")
        done = self.good("logits", "-m", model, "--tokens", self.TOKENS, "--extend", plan, "-o", out)
        return np.load(out), done.stderr.decode()

    def test_a_plan_that_changes_nothing_is_told(self):
        model = self.family("mistral", context=64)
        plain, _ = self.logits(model, "none")
        for plan in ("self-extend:group=8,window=16", "rerope:window=32", "streaming:sinks=2,recent=20"):
            same, err = self.logits(model, plan)
            warning = ("sextant: warning: plan %s changes nothing: every layer of this model keeps to its own sliding window "
                       "of 40 tokens; %s+window=off lets all layers see all of the text\n" % (plan, plan))
            self.assertEqual(err.count(warning), 1, err)
            self.assertTrue(np.array_equal(same.view(np.uint32), plain.view(np.uint32)), plan)
            other, err = self.logits(model, plan + "+window=off")
            self.assertNotIn("changes nothing", err)
            self.assertGreater(np.abs(other - plain).max(), 1e-3, plan)

    def test_what_is_not_seen_is_noted(self):
        model = self.family("mistral", context=64)
        for plan in ("none", "auto"):
            _, err = self.logits(model, plan)
            self.assertIn("sees the last 40 tokens only", err)
            self.assertIn("auto+window=off", err)
            self.assertNotIn("warning", err)
        _, err = self.logits(model, "auto+window=off")
        self.assertEqual(err.count("sees the last"), 0)

    def test_layers_beside_others_are_no_reason_to_warn(self):
        _, err = self.logits(self.family("gemma2", context=64), "self-extend:group=8,window=16")
        self.assertEqual(err, "")


class WithoutEnd(CommandTest):
    """What a conversation costs does not depend on how long it gets."""

    LINES = "".join("Line %d of a conversation that goes on and on, past the window and any context.\n" % i
                    for i in range(40)).encode()

    def chat(self, *args):
        done = self.good("run", "-m", MODEL, "-i", "--chat-template", "chatml", "-n", 4, *args, stdin=self.LINES)
        return done.stdout, done.stderr.decode()

    def test_a_conversation_never_fills_up(self):
        out, err = self.chat("--extend", "streaming:recent=100")
        self.assertIn("context without end, of which 105 tokens are remembered", err)
        self.assertNotIn("would have", err)
        self.assertRegex(err, r"reused [1-9]\d*")
        self.assertRegex(err, r"generated 4 in")
        self.assertGreaterEqual(out.count(b"\n"), 40)

    def test_c_says_otherwise(self):
        _, err = self.chat("--extend", "streaming:recent=100", "-c", 300)
        self.assertIn("context of 300 tokens", err)
        self.assertIn("a larger -c lets it grow", err)

    def test_others_keep_their_context(self):
        for args in (["--extend", "self-extend"], ["--extend", DENSE], ["--extend", "streaming", "--reread"]):
            self.assertRegex(self.chat(*args)[1], r"context of \d+ tokens")

    def test_an_answer_is_the_same_whether_it_is_kept_or_not(self):
        """JSON keeps text and ids, a plain answer only passes through."""
        args = ["run", "-m", MODEL, "-p", "It is a truth", "-n", 700, "--extend", "window:window=40"]
        told, done = self.json(*args), self.good(*args)
        self.assertEqual((len(told["ids"]), told["stopped_by"]), (700, "length"))
        self.assertEqual(done.stdout.decode(), told["text"])
        self.assertRegex(done.stderr.decode(), r"generated 700 in")
        self.assertEqual(told["remembers"], 40)


if __name__ == "__main__":
    main()
