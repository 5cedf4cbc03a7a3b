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
                           ("self-extend:group=8,window=256", "window"), ("self-extend:group=x", "group")):
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
