"""Wrong command lines: refused with exit code 2 and one line that helps."""

import os

from sextant_command import FAILURE, MODEL, USAGE, CommandTest, main


class UnknownNames(CommandTest):
    """A mistyped name is answered with the nearest valid one."""

    def test_unknown_command(self):
        self.refused(USAGE, "perplexty", says=["perplexty", "'perplexity'"])
        self.refused(USAGE, "tokenise", says=["'tokenize'"])
        self.refused(USAGE, "help", "rnu", says=["'run'"])
        self.refused(USAGE, "zzzzzzzz", says=["sextant help"])

    def test_unknown_option(self):
        self.refused(USAGE, "run", "--extnd", "auto", says=["--extnd", "--extend"])
        self.refused(USAGE, "run", "--promt=x", says=["--promt", "--prompt"])
        self.refused(USAGE, "logits", "--token", "1,2", says=["--token;", "--tokens"])
        self.refused(USAGE, "run", "-Z", says=["-Z", "sextant run --help"])

    def test_option_of_another_command(self):
        self.refused(USAGE, "tokenize", "--temp", "1", says=["--temp", "'tokenize'"])

    def test_options_are_not_abbreviated(self):
        self.refused(USAGE, "run", "--sess", "x", says=["--session"])

    def test_unknown_choice(self):
        self.refused(USAGE, "convert", "a", "b", "--type", "q8", says=["q8_0", "--type"])
        self.refused(USAGE, "run", "-m", MODEL, "-p", "x", "--kv", "f64", says=["--kv", "f16|f32"])

    def test_unknown_plan_and_parameter(self):
        self.refused(USAGE, "run", "-m", MODEL, "-p", "x", "--extend", "selfextend", says=["self-extend"])
        self.refused(USAGE, "run", "-m", MODEL, "-p", "x", "--extend", "self-extend:groop=8", says=["group"])


class Numbers(CommandTest):
    """A number is a whole number, inside its range, and nothing behind it."""

    def test_not_a_number(self):
        for value in ("", "abc", "12x", " 12", "1.5", "0x10", "99999999999999999999"):
            self.refused(USAGE, "run", "-m", MODEL, "-p", "x", "-c", value, says=["--ctx", "whole number"])
        for value in ("", "abc", "0.5x", "nan", "inf", "0x1p2"):
            self.refused(USAGE, "run", "-m", MODEL, "-p", "x", "--temp", value, says=["--temp", "a number"])

    def test_outside_its_range(self):
        for option, value in (("-c", 0), ("-t", 0), ("-t", 100000), ("--chunk", 0), ("--chunk", 65537), ("-n", -1),
                              ("--top-p", 1.5), ("--min-p", -0.1), ("--temp", -1), ("--top-k", -1),
                              ("--repeat-penalty", 0), ("--seed", -1)):
            self.refused(USAGE, "run", "-m", MODEL, "-p", "x", option, value, says=[str(value)])

    def test_lists(self):
        for value in ("", ",", "1,,2", "1,2,", "1;2", "a,b"):
            self.refused(USAGE, "logits", "-m", MODEL, "--tokens", value, "-o", "x.npy", says=["--tokens"])
        self.refused(USAGE, "perplexity", "-m", MODEL, "-f", "x", "--lengths", "1", says=["--lengths", "from 2"])
        self.refused(USAGE, "passkey", "-m", MODEL, "--lengths", "99", "--depths", "2", says=["--depths", "0 to 1"])

    def test_plan_parameters_outside_their_range(self):
        for plan, says in (("self-extend:group=0", "group"), ("self-extend:window=0", "window"),
                           ("self-extend:group=8,window=256", "window"), ("self-extend:group=x", "group"),
                           ("rerope:window=0", "1 and 255"), ("leaky-rerope:k=0.5", "1 and 1000000"),
                           ("streaming:sinks=4,recent=252", "recent=251"), ("streaming:prompt=5", "prefill=dense"),
                           ("dual-chunk:chunk=300", "2 and 256"), ("none+log", "+log-n")):
            self.refused(USAGE, "run", "-m", MODEL, "-p", "x", "--extend", plan, says=[says])


class WordsOfLlamaCpp(CommandTest):
    """Its flags for rope scaling and group attention name a plan; what means nothing is refused with the plan to write."""

    def plan(self, *words):
        return self.json("run", "-m", MODEL, "-p", "x", "-n", 1, *words)["plan"]

    def test_plans(self):
        scale = ["--rope-scale", 4]
        for words, plan in (
                (scale, "linear:factor=4"),
                (["--rope-scaling", "linear", *scale], "linear:factor=4"),
                (["--rope-freq-scale", 0.125], "linear:factor=8"),
                (["--rope-freq-base", 1e6], "linear:factor=1,base=1000000"),
                (["--rope-freq-base", 500000, *scale], "linear:factor=4,base=500000"),
                (["--rope-scaling", "none"], "linear:factor=1"),
                (["--rope-scaling", "none", "--rope-freq-base", 2e4], "linear:factor=1,base=20000"),
                (["--rope-scaling", "yarn", *scale], "yarn:factor=4,original=256"),
                (["--rope-scaling", "yarn", "--rope-freq-scale", 0.5, "--yarn-orig-ctx", 128, "--yarn-beta-fast", 16,
                  "--yarn-beta-slow", 2, "--yarn-ext-factor", 1, "--rope-freq-base", 3e4],
                 "yarn:factor=2,original=128,beta_fast=16,beta_slow=2,base=30000"),
                (["--rope-scaling", "yarn", *scale, "--yarn-orig-ctx", 0, "--yarn-ext-factor", -1],
                 "yarn:factor=4,original=256"),
                (["--grp-attn-n", 4, "--grp-attn-w", 64], "self-extend:group=4,window=64"),
                (["-gan", 8, "-gaw", 32], "self-extend:group=8,window=32"),
                (["-gan", 1, "-gaw", 32], "none")):
            self.assertEqual(self.plan(*words), plan, words)

    def test_attention_factor_multiplies(self):
        """There it multiplies YaRN's own 0.1 ln 4 + 1, here it is the whole."""
        plan = self.plan("--rope-scaling", "yarn", "--rope-scale", 4, "--yarn-attn-factor", 1.5)
        self.assertTrue(plan.startswith("yarn:factor=4,original=256,attention_factor=1.7079441541"), plan)

    def test_other_commands(self):
        out = self.path("x.npy")
        self.good("logits", "-m", MODEL, "-p", "x", "-o", out, "-gan", 2, "-gaw", 64)
        self.assertIn("linear:factor=2", self.good("info", "-m", MODEL, "--rope-scale", 2).stdout.decode())
        self.refused(USAGE, "convert", MODEL, out, "--rope-scale", 2, says=["--rope-scale", "'convert'"])

    def test_words_that_do_not_go_together(self):
        yarn = ["--rope-scaling", "yarn"]
        for words, says in (
                (yarn, ["needs --rope-scale F", "--extend yarn:factor=F"]),
                (["--rope-scaling", "linear"], ["needs --rope-scale F", "--extend linear:factor=F"]),
                (["--rope-scaling", "none", "--rope-scale", 2], ["contradict", "--extend linear:factor=2"]),
                (["--rope-scale", 4, "--rope-freq-scale", 0.25], ["say the same", "--extend linear:factor=4"]),
                ([*yarn, "--rope-scale", 4, "--rope-freq-scale", 0.25], ["say the same", "--extend yarn:factor=4"]),
                (["--yarn-beta-fast", 8], ["--yarn-beta-fast means nothing without", "--extend yarn:factor=F"]),
                (["--rope-scale", 4, "--yarn-orig-ctx", 128], ["--yarn-orig-ctx means nothing without"]),
                ([*yarn, "--rope-scale", 4, "--yarn-ext-factor", 0], ["is not YaRN", "--extend linear:factor=4"]),
                (["-gaw", 64], ["means nothing without --grp-attn-n", "--extend self-extend:group=G,window=64"]),
                (["-gan", 4, "--rope-scale", 2], ["--grp-attn-n and --rope-scale", "--extend self-extend"]),
                (["-gan", 4, "-gaw", 64, "--extend", "none"],
                 ["both choose the plan", "--extend self-extend:group=4,window=64 alone"]),
                (["--rope-scaling", "longrope"], ["--rope-scaling", "none|linear|yarn"]),
                (["--rope-scale", 0], ["--rope-scale", "from 0.01"]),
                (["--rope-freq-scale", "nan"], ["--rope-freq-scale"]),
                (["-gan", 0], ["--grp-attn-n", "from 1"]),
                (["-gan"], ["--grp-attn-n", "needs a value"]),
                (["-gan", 4], ["window=512 is out of range", "between 1 and 255"])):
            self.refused(USAGE, "run", "-m", MODEL, "-p", "x", *words, says=says)

    def test_plans_of_frequencies(self):
        for plan, says in (("yarn:factor=0", "between 0.01 and 1000000"), ("yarn:factor=nan", "not a number"),
                           ("linear:scale=4", "factor"), ("llama3:high=1", "must be above low=1"),
                           ("longrope", "brings no lists"), ("ntk:factor=0.5", "between 1 and")):
            self.refused(USAGE, "run", "-m", MODEL, "-p", "x", "--extend", plan, says=[says])


class Missing(CommandTest):
    """What a command needs and did not get is named."""

    def test_missing_values_and_sources(self):
        self.refused(USAGE, "run", "-m", says=["-m", "FILE"])
        self.refused(USAGE, "run", "--model", says=["--model", "FILE"])
        self.refused(USAGE, "run", "-m", MODEL, says=["-p", "-f"])
        self.refused(USAGE, "run", "-p", "x", says=["-m"])
        self.refused(USAGE, "info", says=["-m"])
        self.refused(USAGE, "tokenize", "-m", MODEL, says=["-p", "--decode"])
        self.refused(USAGE, "tokenize", "-m", MODEL, "-p", "x", "--decode", "1", says=["one of"])
        self.refused(USAGE, "convert", MODEL, says=["OUT.gguf"])
        self.refused(USAGE, "logits", "-m", MODEL, "-p", "x", says=["-o"])
        self.refused(USAGE, "logits", "-m", MODEL, "-o", "x.npy", says=["--tokens"])
        self.refused(USAGE, "perplexity", "-m", MODEL, "--lengths", "64", says=["-f"])
        self.refused(USAGE, "perplexity", "-m", MODEL, "-f", "x", says=["--lengths"])
        self.refused(USAGE, "passkey", "-m", MODEL, says=["--file", "--lengths"])

    def test_both_ends_of_a_range_are_told(self):
        for lengths in ("2g", "2147483648", "1"):
            self.refused(USAGE, "perplexity", "-m", MODEL, "-f", "x", "--lengths", lengths, says=[lengths, "from 2 to 2147483647"])

    def test_too_much(self):
        self.refused(USAGE, "run", "-m", MODEL, "-p", "x", "stray", says=["stray"])
        self.refused(USAGE, "run", "--chat=yes", says=["--chat", "no value"])
        self.refused(USAGE, "run", "-m", MODEL, "-p", "x", "--extend", "none", "--extend", "auto", says=["once"])
        self.refused(USAGE, "run", "-m", MODEL, "-i", "--json", says=["--json", "-i"])
        self.refused(USAGE, "run", "-m", MODEL, "-p", "x", "--system", "y", says=["--chat"])

    def test_help_is_refused_nothing(self):
        self.good("run", "--help")
        self.assertFalse(os.path.exists("x.npy"))
        self.refused(FAILURE, "run", "-m", MODEL, "-f", self.path("missing.txt"), says=["missing.txt", "-f"])


if __name__ == "__main__":
    main()
