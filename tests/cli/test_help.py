"""Help, manual page and completions: what they list is what the commands accept."""

import re
import shlex
import shutil
import subprocess
import unittest

from sextant_command import OK, USAGE, CommandTest, main, sextant

COMMANDS = ["run", "info", "tokenize", "convert", "logits", "perplexity", "passkey", "compare",
            "methods", "bench", "needle", "report", "compare-runs", "help", "version"]
MODEL_OPTIONS = ["-m", "-t", "-c", "--kv", "--chunk", "--extend", "--json"]


class Help(CommandTest):
    """Every command explains itself on standard output, with examples."""

    def test_overview_lists_every_command(self):
        for how in (["help"], ["--help"], ["-h"]):
            text = self.good(*how).stdout.decode()
            for command in COMMANDS:
                self.assertRegex(text, r"(?m)^  %s " % command)
            self.assertIn("Examples:", text)

    def test_every_command_has_help_with_examples(self):
        for command in COMMANDS:
            text = self.good(command, "--help").stdout.decode()
            self.assertEqual(text, self.good("help", command).stdout.decode())
            self.assertIn("Usage: sextant %s" % command, text)
            self.assertRegex(text.split("Examples:")[1], r"sextant %s" % command)
            self.assertLess(max(map(len, text.splitlines())), 140)

    def test_model_commands_share_their_options(self):
        for command in ["run", "logits", "perplexity", "passkey", "bench", "info", "tokenize"]:
            text = self.good("help", command).stdout.decode()
            for option in MODEL_OPTIONS:
                self.assertRegex(text, r"(?m)^ .*%s\b" % option, command)

    def test_without_a_command_the_overview_goes_to_stderr(self):
        done = sextant()
        self.assertEqual((done.returncode, done.stdout), (USAGE, b""))
        self.assertIn(b"Usage:", done.stderr)

    def test_version_names_version_and_kernel(self):
        text = self.good("--version").stdout.decode()
        self.assertRegex(text, r"^sextant \d+\.\d+\.\d+\nkernel: \w+ \(of [\w, ]*scalar\)\nline editor: \w+\n$")
        self.assertEqual(text, self.good("version").stdout.decode())
        self.assertEqual(set(self.json("version")), {"version", "kernel", "kernels", "line_editor"})

    def test_examples_parse(self):
        """An example never fails for its options: what is refused is refused for a file that is not here."""
        for command in COMMANDS:
            examples = self.good("help", command).stdout.decode().split("Examples:")[1]
            for line in examples.strip().splitlines():
                done = sextant(*shlex.split(line.split("|")[0])[1:], cwd=self.folder)
                self.assertNotEqual(done.returncode, USAGE, (line, done.stderr))


class ManualPage(CommandTest):
    """The manual page holds every command, option, plan and exit code."""

    def test_manual_page_is_complete(self):
        page = self.good("help", "--man").stdout.decode()
        self.assertTrue(page.startswith(".TH SEXTANT 1 "))
        for command in COMMANDS:
            self.assertIn('.SH "SEXTANT %s"' % command, page)
            for option in re.findall(r"(?m)^ +(?:-\w, )?--([\w-]+)", self.good("help", command).stdout.decode()):
                self.assertIn("\\-\\-" + option.replace("-", "\\-"), page)
        for section in ["NAME", "SYNOPSIS", "PLANS", "EXIT STATUS", "ENVIRONMENT"]:
            self.assertIn("\n.SH " + section, page)
        for code in (0, 1, 2, 3, 130):
            self.assertIn("\n.TP\n%d\n" % code, page)

    @unittest.skipUnless(shutil.which("man"), "no man here")
    def test_manual_page_formats_without_warnings(self):
        page = self.good("help", "--man").stdout
        done = subprocess.run(["man", "--warnings", "-l", "-"], input=page, capture_output=True,
                              env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "MANWIDTH": "80"})
        if done.returncode != 0 and b"groff" in done.stderr:
            self.skipTest("no groff here")
        self.assertEqual((done.returncode, done.stderr), (0, b""))


class Completions(CommandTest):
    """Completions parse in their shell and offer every command."""

    def test_each_shell_has_every_command(self):
        for shell in ("bash", "zsh", "fish"):
            text = self.good("help", "--completions", shell).stdout.decode()
            for command in COMMANDS:
                self.assertRegex(text, r"\b%s\b" % command)
            self.assertIn("chat-template", text)

    def complete(self, script, *words):
        """What bash offers for the last of `words`."""
        code = '. "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _sextant; printf "%s\\n" "${COMPREPLY[@]}"'
        done = subprocess.run(["bash", "-c", code, "bash", script, "sextant", *words], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout.split()

    @unittest.skipUnless(shutil.which("bash"), "no bash here")
    def test_bash_completes_commands_options_and_values(self):
        script = self.path("complete.bash", self.good("help", "--completions", "bash").stdout)
        self.assertEqual(self.complete(script, "perp"), ["perplexity"])
        self.assertEqual(self.complete(script, "run", "--sess"), ["--session"])
        self.assertEqual(self.complete(script, "logits", "--sess"), [])
        self.assertEqual(self.complete(script, "bench", "--kv", "f3"), ["f32"])
        self.assertEqual(self.complete(script, "bench", "--prompt"), ["--prompt-tokens"])
        self.assertEqual(self.complete(script, "run", "--extend", "au"), ["auto"])
        self.assertEqual(self.complete(script, "convert", "--type", "q8"), ["q8_0"])

    @unittest.skipUnless(shutil.which("zsh"), "no zsh here")
    def test_zsh_accepts_its_completions(self):
        script = self.path("_sextant", self.good("help", "--completions", "zsh").stdout)
        self.assertEqual(subprocess.run(["zsh", "-n", script]).returncode, OK)

    @unittest.skipUnless(shutil.which("fish"), "no fish here")
    def test_fish_accepts_its_completions(self):
        script = self.path("sextant.fish", self.good("help", "--completions", "fish").stdout)
        self.assertEqual(subprocess.run(["fish", "-n", script]).returncode, OK)


if __name__ == "__main__":
    main()
