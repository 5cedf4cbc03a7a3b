"""tokenize: ids and pieces, BOS, special tokens, decoding back to the same bytes."""

import json
import os
import subprocess

from sextant_command import MODEL, SEXTANT, CommandTest, main, sextant
from terminal import open_terminal

TEXTS = ["Hello world", "  two  spaces ", "wörld — 日本語 🙂", "tab\tand\nline\r\n", "12345 don't", "\\n stays"]


class Tokenize(CommandTest):
    """Text to ids and back, through every door."""

    def ids(self, *args, **options):
        return [int(i) for i in self.good("tokenize", "-m", MODEL, *args, **options).stdout.split()]

    def test_plain_output_and_json_agree(self):
        for text in TEXTS:
            document = self.json("tokenize", "-m", MODEL, "-p", text)
            self.assertEqual(list(document), ["ids", "pieces"])
            self.assertEqual(len(document["ids"]), len(document["pieces"]))
            self.assertEqual(self.ids("-p", text), document["ids"])
            self.assertEqual(document["ids"][0], 0)
            self.assertEqual(document["pieces"][0], "<s>")

    def test_no_bos(self):
        for text in TEXTS:
            self.assertEqual(self.ids("-p", text, "--no-bos"), self.ids("-p", text)[1:])

    def test_text_comes_from_anywhere(self):
        text = "A page.\nWith \\n in it."
        path = self.path("page.txt", text)
        self.assertEqual(self.ids("-f", path), self.ids("-p", text))
        self.assertEqual(self.ids("-f", "-", stdin=text.encode()), self.ids("-p", text))

    def test_file_is_used_byte_for_byte(self):
        """NUL, CR, a byte order mark and bytes that are not UTF-8 all come back."""
        data = b"\xef\xbb\xbfA\x00B\r\n\xff\xfe\x80 end \xc3"
        ids = self.ids("-f", self.path("raw.bin", data), "--no-bos")
        back = self.good("tokenize", "-m", MODEL, "--decode", ",".join(map(str, ids))).stdout
        self.assertEqual(back, data)

    def test_decode_gives_the_same_bytes(self):
        for text in TEXTS:
            ids = ",".join(map(str, self.ids("-p", text, "--no-bos")))
            self.assertEqual(self.good("tokenize", "-m", MODEL, "--decode", ids).stdout.decode(), text)
            self.assertEqual(self.json("tokenize", "-m", MODEL, "--decode", ids)["text"], text)

    def test_special_tokens_only_on_request(self):
        plain = self.ids("-p", "<s>x", "--no-bos")
        self.assertNotIn(0, plain)
        self.assertEqual(self.ids("-p", "<s>x", "--no-bos", "--no-special"), plain)
        self.assertEqual(self.ids("-p", "<s>x", "--no-bos", "--special")[0], 0)
        self.assertEqual(self.good("tokenize", "-m", MODEL, "--decode", "0").stdout, b"")
        self.assertEqual(self.good("tokenize", "-m", MODEL, "--decode", "0", "--special").stdout, b"<s>")

    def test_pieces_that_are_not_utf8(self):
        pieces = self.json("tokenize", "-m", MODEL, "-f", self.path("raw", b"\xff\xc3\x28"), "--no-bos")["pieces"]
        self.assertEqual("".join(pieces), "<0xFF><0xC3>(")

    def test_control_characters_are_valid_json(self):
        pieces = self.json("tokenize", "-m", MODEL, "-f", self.path("raw", b"\x00\x1b[0m\x7f"), "--no-bos")["pieces"]
        self.assertEqual("".join(pieces), "\x00\x1b[0m\x7f")

    def test_empty_text_is_bos_alone(self):
        self.assertEqual(self.ids("-p", ""), [0])
        self.assertEqual(self.ids("-p", "", "--no-bos"), [])


class Terminal(CommandTest):
    """What reaches a terminal cannot command it."""

    def on_terminal(self, *args):
        outer, inner = open_terminal()
        process = subprocess.Popen([SEXTANT, *map(str, args)], stdin=subprocess.DEVNULL, stdout=inner,
                                   stderr=subprocess.PIPE)
        os.close(inner)
        output = b""
        while True:
            try:
                block = os.read(outer, 4096)
            except OSError:
                break
            if not block:
                break
            output += block
        os.close(outer)
        process.communicate(timeout=60)
        return output

    def test_control_bytes_become_visible(self):
        data = b"red \x1b[31m bell\x07 \xc2\x9b2J \x7f\x00 \xff ok\ttab"
        ids = self.json("tokenize", "-m", MODEL, "-f", self.path("raw", data), "--no-bos")["ids"]
        shown = self.on_terminal("tokenize", "-m", MODEL, "--decode", ",".join(map(str, ids)))
        self.assertEqual(shown.rstrip(b"\r\n"), b"red <0x1B>[31m bell<0x07> <0xC2><0x9B>2J <0x7F><0x00> <0xFF> ok\ttab")

    def test_json_on_a_terminal(self):
        path = self.path("raw", b"a\x7f\xc2\x9b\x1b")
        shown = self.on_terminal("tokenize", "-m", MODEL, "-f", path, "--json")
        json.loads(shown)
        for byte in b"\x7f\x9b\x1b":
            self.assertNotIn(byte, shown)

    def test_a_pipe_gets_the_bytes(self):
        data = b"\x1b[31m\x07"
        ids = self.json("tokenize", "-m", MODEL, "-f", self.path("raw", data), "--no-bos")["ids"]
        self.assertEqual(sextant("tokenize", "-m", MODEL, "--decode", ",".join(map(str, ids))).stdout, data)


if __name__ == "__main__":
    main()
