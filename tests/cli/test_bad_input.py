"""Bad files and impossible wishes: one clear line, the documented exit code, nothing half-written."""

import json
import os
import struct

from sextant_command import FAILURE, MODEL, NOVEL, REJECTED, USAGE, CommandTest, main, sextant


class BadModels(CommandTest):
    """A model that cannot be used is refused by every command with exit code 3, and named."""

    def refuse_everywhere(self, path, *says):
        for args in (["run", "-p", "x", "-m", path], ["info", path], ["logits", "-p", "x", "-o", self.path("o.npy"),
                     "-m", path], ["tokenize", "-p", "x", "-m", path]):
            self.refused(REJECTED, *args, says=[os.path.basename(path), *says])
        self.assertFalse(os.path.exists(self.path("o.npy")))

    def test_missing(self):
        self.refuse_everywhere(self.path("missing.gguf"))

    def test_empty_file_and_wrong_magic(self):
        self.refuse_everywhere(self.path("empty.gguf", b""))
        self.refuse_everywhere(self.path("text.gguf", b"This is not a model at all. " * 100))

    def test_truncated(self):
        with open(MODEL, "rb") as f:
            head = f.read(3000000)
        self.refused(REJECTED, "run", "-m", self.path("short.gguf", head), "-p", "x", says=["short.gguf"])
        self.refuse_everywhere(self.path("shorter.gguf", head[:5000]))

    def test_folder_without_a_model(self):
        self.refuse_everywhere(self.folder)

    def test_unsupported_architecture(self):
        with open(MODEL, "rb") as f:
            data = f.read()
        key = b"general.architecture" + struct.pack("<IQ", 8, 5)
        at = data.index(key) + len(key)
        path = self.path("other.gguf", data[:at] + b"zzzzz" + data[at + 5:])
        self.refused(REJECTED, "run", "-m", path, "-p", "x", says=["other.gguf", "zzzzz"])

    def test_nan_weights(self):
        """Found at the first logits; the tensor is named."""
        with open(MODEL, "rb") as f:
            data = bytearray(f.read())
        middle = len(data) // 2 // 2 * 2
        data[middle:middle + 20000] = struct.pack("<H", 0x7E00) * 10000
        path = self.path("nan.gguf", bytes(data))
        self.refused(REJECTED, "run", "-m", path, "-p", "The sky is", "-n", 1, says=["nan.gguf"])
        out = self.path("nan.npy")
        self.refused(REJECTED, "logits", "-m", path, "-p", "The sky is", "-o", out)
        self.assertFalse(os.path.exists(out))


class BadPrompts(CommandTest):
    """Texts that cannot be used."""

    def test_empty(self):
        empty = self.path("empty.txt", b"")
        self.refused(USAGE, "run", "-m", MODEL, "-p", "", says=["-p"])
        self.refused(USAGE, "run", "-m", MODEL, "-f", empty, says=["empty.txt"])
        self.refused(USAGE, "logits", "-m", MODEL, "-f", empty, "-o", self.path("x.npy"), says=["empty.txt"])
        self.refused(USAGE, "perplexity", "-m", MODEL, "-f", empty, "--lengths", 64, says=["empty.txt"])
        self.refused(USAGE, "run", "-m", MODEL, "-f", "-", says=["empty"])

    def test_unreadable(self):
        self.refused(FAILURE, "run", "-m", MODEL, "-f", self.folder, says=[self.folder])
        self.refused(FAILURE, "perplexity", "-m", MODEL, "-f", self.path("no.txt"), "--lengths", 64, says=["no.txt"])

    def test_longer_than_the_context(self):
        page = self.path("page.txt", self.pages(3000))
        text = self.refused(USAGE, "run", "-m", MODEL, "-f", page, "-c", 100, says=["-c is 100", "tokens"])
        self.assertRegex(text, r"prompt has \d{3,4} tokens")
        self.refused(USAGE, "logits", "-m", MODEL, "-f", page, "-c", 100, "-o", self.path("x.npy"), says=["100"])
        self.refused(USAGE, "perplexity", "-m", MODEL, "-f", NOVEL, "--lengths", 512, "-c", 100, says=["512", "100"])
        self.refused(USAGE, "passkey", "-m", MODEL, "--lengths", 512, "-c", 100, says=["100"])

    def test_longer_than_the_file(self):
        page = self.path("page.txt", self.pages(3000))
        self.refused(USAGE, "perplexity", "-m", MODEL, "-f", page, "--lengths", 64, "--lengths", 9999,
                     says=["page.txt", "9999"])

    def test_token_outside_the_vocabulary(self):
        out = self.path("x.npy")
        self.refused(USAGE, "logits", "-m", MODEL, "--tokens", "1,1536", "-o", out, says=["1536"])
        self.assertFalse(os.path.exists(out))
        self.refused(USAGE, "tokenize", "-m", MODEL, "--decode", "1,1536", says=["1536"])

    def test_more_memory_than_there_is(self):
        text = self.refused(FAILURE, "run", "-m", MODEL, "-p", "x", "-c", 2000000000, says=["2000000000"])
        self.assertRegex(text, r"\d+ (MiB|GiB)|more memory than")


class BadPassKeys(CommandTest):
    """A pass-key file with a fault names its line."""

    def refuse_line(self, line, *says):
        good = json.dumps({"input": "The pass key is 12345. ", "target": "12345"})
        path = self.path("keys.jsonl", good + "\n\n" + line + "\n")
        faults = [["passkey", "-m", MODEL, "--file", path]]
        if b"\n  report " in sextant("help").stdout:
            faults.append(["report", "-m", MODEL, "-f", NOVEL, "--lengths", 64, "-o", self.path("out"), "--keys", path])
        for command in faults:
            self.refused(FAILURE, *command, says=["%s %s" % tuple(command[-2:]), "line 3", "; ", *says])

    def test_faults(self):
        self.refuse_line("{not json")
        self.refuse_line("[1, 2]")
        self.refuse_line(json.dumps({"target": "1"}), "`input`")
        self.refuse_line(json.dumps({"input": "x"}), "`target`")
        self.refuse_line(json.dumps({"input": "x", "target": ""}), "`target`")
        self.refuse_line(json.dumps({"input": "x", "target": "1", "question": 3}), "`question`")
        self.refuse_line(json.dumps({"input": "x", "target": "1", "depth": 3}), "`depth`")
        self.refuse_line(json.dumps({"input": "x", "target": "1", "length": 0}), "`length`")
        self.refuse_line(json.dumps({"input": "x", "target": "1", "style": 0}), "`style`")

    def test_empty_file(self):
        self.refused(FAILURE, "passkey", "-m", MODEL, "--file", self.path("none.jsonl", b"\n"), says=["none.jsonl"])

    def test_made_prompt_too_short(self):
        self.refused(USAGE, "passkey", "-m", MODEL, "--lengths", 10, says=["10"])


class BadOutputs(CommandTest):
    """A result that cannot be delivered is a failure, and leaves nothing behind."""

    def test_output_folder_missing(self):
        self.refused(FAILURE, "logits", "-m", MODEL, "-p", "x", "-o", self.path("no/where.npy"), says=["where.npy"])

    def test_session_without_a_place(self):
        """Told before the document is read, and a pipe is not waited for."""
        pipe = self.path("pipe")
        os.mkfifo(pipe)
        for path, says in ((self.path("no/where"), "give a place"), (pipe, "regular file"), (self.folder, "regular file")):
            text = self.refused(FAILURE, "run", "-m", MODEL, "-p", "x", "--session", path, says=[says])
            self.assertNotIn("remove", text)
        self.refused(FAILURE, "run", "-m", MODEL, "-p", "x", "--session", MODEL, says=["another name"])

    def test_no_table_without_a_row(self):
        with open(MODEL, "rb") as f:
            weights = bytearray(f.read())
        weights[-4000000:-3999990] = b"\x00\x7e" * 5  # f16 NaN
        broken = self.path("nan.gguf", bytes(weights))
        self.refused(REJECTED, "perplexity", "-m", broken, "-f", NOVEL, "--lengths", 64, "--windows", 1, says=["NaN"])

    def test_convert_paths(self):
        pipe = self.path("pipe")
        os.mkfifo(pipe)
        self.refused(REJECTED, "convert", self.path("none.gguf"), self.path("x.gguf"), says=["none.gguf", "; give"])
        self.refused(USAGE, "convert", MODEL, pipe, says=["regular file"])
        self.assertEqual(os.listdir(self.folder), ["pipe"])

    def test_missing_model_names_a_remedy(self):
        self.refused(REJECTED, "info", self.path("none.gguf"), says=["none.gguf", "; give a GGUF file"])

    def test_full_disk(self):
        if not os.path.exists("/dev/full"):
            self.skipTest("no /dev/full here")
        for args in (["info", MODEL], ["run", "-m", MODEL, "-p", "The sky is", "-n", 8], ["help", "--man"]):
            with open("/dev/full", "wb") as full:
                done = sextant(*args, stdout=full)
            self.assertEqual(done.returncode, FAILURE)
            self.assertIn(b"standard output", done.stderr)

    def test_reader_gone(self):
        """`sextant ... | head -1` ends quietly."""
        reader, writer = os.pipe()
        os.close(reader)
        done = sextant("help", "--man", stdout=writer)
        os.close(writer)
        self.assertEqual((done.returncode, done.stderr), (FAILURE, b""))

    def test_control_bytes_in_names(self):
        name = self.path("bad\x1b[31m\nname")
        text = self.refused(FAILURE, "run", "-m", MODEL, "-f", name)
        self.assertIn("bad<0x1B>[31m<0x0A>name", text)
        self.assertNotIn("\x1b", self.refused(REJECTED, "info", name))


if __name__ == "__main__":
    main()
