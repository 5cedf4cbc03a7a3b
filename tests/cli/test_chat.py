"""run -i: turns, commands, Ctrl-C and Ctrl-D, history; on a terminal and through a pipe."""

import os

from sextant_command import MODEL, REJECTED, CommandTest, main, sextant
from terminal import Terminal

PROMPT = rb"(?:[\r\n]|\x1b\[K)> "  # at the beginning of a line
CHAT = ["run", "-m", MODEL, "-i", "--chat-template", "chatml"]


class OnATerminal(CommandTest):
    """A person at a terminal."""

    def chat(self, *args):
        terminal = Terminal(*CHAT, *args, folder=self.folder)
        self.addCleanup(terminal.close)
        terminal.expect(rb"context of \d+ tokens.*trained window is 256")
        terminal.expect(PROMPT)
        return terminal

    def test_a_turn_and_the_end(self):
        terminal = self.chat("-n", 6)
        terminal.type(b"Hello there\r")
        terminal.expect(rb"Hello there\r\n.*" + PROMPT)
        terminal.type(b"\x04")
        terminal.expect(rb"generated \d+ in .* plan \S+")
        self.assertEqual(terminal.finish(), 0)

    def test_commands(self):
        terminal = self.chat("-n", 2)
        terminal.type(b"/help\r")
        terminal.expect(rb"/reset forgets.*" + PROMPT)
        terminal.type(b"/rest\r")
        terminal.expect(rb"did you mean /reset.*" + PROMPT)
        terminal.type(b"/reset\r")
        terminal.expect(rb"forgotten.*" + PROMPT)
        terminal.type(b"/quit\r")
        self.assertEqual(terminal.finish(), 0)

    def test_backslash_continues(self):
        terminal = self.chat("-n", 2)
        terminal.type(b"one \\\r")
        terminal.expect(rb"\n.*\. ")
        terminal.type(b"two\r")
        terminal.expect(rb"two\r\n.*" + PROMPT)

    def test_ctrl_c_stops_the_answer_only(self):
        terminal = self.chat("-n", 200000, "-c", 200000, "--repeat-penalty", "1.3")
        terminal.type(b"The grass is green.\r")
        terminal.expect(rb"green\.\r\n.{30}")
        terminal.type(b"\x03")
        terminal.expect(PROMPT)
        terminal.type(b"/quit\r")
        self.assertEqual(terminal.finish(), 0)

    def test_ctrl_c_at_the_prompt_empties_the_line(self):
        terminal = self.chat("-n", 2)
        terminal.type(b"/nonsense")
        terminal.expect(rb"/nonsense")
        terminal.type(b"\x03")
        terminal.expect(PROMPT)
        terminal.type(b"/quit\r")
        self.assertEqual(terminal.finish(), 0)

    def test_history_is_kept_for_the_user_alone(self):
        terminal = self.chat("-n", 1)
        terminal.type("wörld\r".encode())
        terminal.expect(rb"rld\r\n.*" + PROMPT)
        terminal.type(b"/quit\r")
        self.assertEqual(terminal.finish(), 0)
        path = self.path("sextant/history")
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
        terminal = self.chat("-n", 1)
        terminal.type(b"\x1b[A\x1b[A")
        terminal.expect("wörld".encode())
        terminal.type(b"\x03")
        terminal.expect(PROMPT)
        terminal.type(b"\x04")
        self.assertEqual(terminal.finish(), 0)


class ThroughAPipe(CommandTest):
    """The same loop fed by a script."""

    def chat(self, text, *args):
        done = self.good(*CHAT, *args, stdin=text.encode())
        return done.stdout, done.stderr.decode()

    def test_turns(self):
        out, err = self.chat("Hello\nAnd now?\n", "-n", 4)
        self.assertEqual(out.count(b"\n") >= 2, True)
        self.assertRegex(err, r"reused [1-9]\d*")

    def test_reset_starts_afresh(self):
        """After /reset the answer is what it is at the beginning."""
        once, _ = self.chat("The sky is\n", "-n", 8)
        again, _ = self.chat("Something else entirely\n/reset\nThe sky is\n", "-n", 8)
        self.assertTrue(again.endswith(once), (once, again))

    def test_document_before_the_first_message(self):
        document = self.path("d.txt", "A document.")
        with_document, _ = self.chat("What?\n", "-n", 8, "-f", document)
        joined, _ = self.chat("A document.\\\n\\\nWhat?\n", "-n", 8)
        self.assertEqual(with_document, joined)

    def test_full_context_is_told(self):
        _, err = self.chat("word " * 200 + "\n/reset\n", "-n", 4, "-c", 64)
        self.assertIn("/reset", err)
        self.assertIn("64", err)

    def test_grows_past_the_window(self):
        """auto extends once the conversation leaves the window."""
        lines = "".join("Line %d of a conversation that goes on and on until it has left the window.\n" % i for i in range(14))
        _, err = self.chat(lines, "-n", 4)
        self.assertRegex(err, r"plan self-extend:group=\d+,window=64")
        self.assertNotIn("warning", err)

    def test_model_without_a_template(self):
        done = sextant("run", "-m", MODEL, "-i", stdin=b"x\n")
        self.assertEqual((done.returncode, done.stdout), (REJECTED, b""))
        self.assertIn(b"--chat-template", done.stderr)


if __name__ == "__main__":
    main()
