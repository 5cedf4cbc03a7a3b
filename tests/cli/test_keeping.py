"""perplexity, passkey and short with -o: what is measured stays measured, and a run that was stopped ends as any other."""

import contextlib
import json
import os
import resource
import signal
import sqlite3
import subprocess
import time

from sextant_command import FAILURE, INTERRUPTED, MODEL, NOVEL, SEXTANT, USAGE, CommandTest, main, needs_command, sextant

EXTENDED = "self-extend:group=8,window=64"
PLANS = ["--extend", "rerope:window=128", "--extend", EXTENDED, "-t", 1]
COMMANDS = {
    "perplexity": ["perplexity", "-m", MODEL, "-f", NOVEL, "--lengths", "100,300", "--windows", 5, *PLANS],
    "passkey": ["passkey", "-m", MODEL, "--lengths", "100,200", "--depths", "0,0.5,1", "--trials", 4, "--filler", NOVEL, *PLANS],
    "short": ["short", "-m", MODEL, "-f", NOVEL, "--lengths", "40,100", "--windows", 12, *PLANS],
}
PICTURES = {"perplexity": ["perplexity", "by-position"], "passkey": ["passkey"], "short": []}


def setUpModule():
    needs_command("needle")  # they come together


class KeepingTest(CommandTest):
    def each(self):
        return [(name, command, self.path(name)) for name, command in COMMANDS.items()]

    def cells(self, out):
        with contextlib.closing(sqlite3.connect(os.path.join(out, "results.sqlite"))) as db:
            return dict(db.execute("SELECT key, value FROM cell"))

    def update(self, out, statement):
        with contextlib.closing(sqlite3.connect(os.path.join(out, "results.sqlite"))) as db, db:
            return db.execute(statement).rowcount

    def files(self, out):
        """All but the store itself, whose pages need not be the same."""
        content = {}
        for name in sorted(os.listdir(out)):
            if not name.startswith("results.sqlite"):
                with open(os.path.join(out, name), "rb") as f:
                    content[name] = f.read()
        return content


class Folders(KeepingTest):
    def test_the_folder_holds_what_is_printed(self):
        for name, command, out in self.each():
            printed = self.json(*command)
            self.assertEqual(self.json(*command, "-o", out), printed)
            files = self.files(out)
            self.assertEqual(json.loads(files[name + ".json"]), printed)
            drawn = [p + ending for p in PICTURES[name] for ending in (".png", ".svg")]
            self.assertEqual(sorted(files), sorted([name + ".json", *drawn]))
            for picture in PICTURES[name]:
                self.assertIn(b"<svg", files[picture + ".svg"])
                self.assertTrue(files[picture + ".png"].startswith(b"\x89PNG"))
            table = self.good(*command, "-o", self.path(name + "-table")).stdout
            self.assertEqual(table, self.good(*command).stdout)
            self.assertEqual(self.files(self.path(name + "-table")), files)

    def test_a_cell_for_each_measurement(self):
        for name, command, out in self.each():
            self.good(*command, "-o", out)
            n = {"perplexity": 2 * 2 * 5, "passkey": 2 * 2 * 3 * 4, "short": 2 * 2 * 12}[name]
            cells = self.cells(out)
            self.assertEqual(len(cells), n)
            self.assertTrue(all(key.startswith(name + "|") for key in cells))

    def test_prompts_without_depths_have_no_picture(self):
        lines = self.path("keys.jsonl", '{"input": "The pass key is 123.", "target": "123"}\n')
        told = self.good("passkey", "-m", MODEL, "--file", lines, "-o", self.path("out")).stderr
        self.assertIn(b"no picture", told)
        self.assertEqual(list(self.files(self.path("out"))), ["passkey.json"])


class Resuming(KeepingTest):
    def interrupt(self, command, out, number):
        process = subprocess.Popen([SEXTANT, *map(str, command), "-o", out], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(lambda: process.poll() is None and process.kill())
        path = os.path.join(out, "results.sqlite")
        while process.poll() is None and not (os.path.exists(path) and os.path.getsize(path) > 12288):
            time.sleep(0.005)  # the store is locked; it grows with the cells
        process.send_signal(number)
        _, told = process.communicate(timeout=120)
        return process.returncode, told

    def check_resumed(self, command, out):
        n_kept = len(self.cells(out))
        resumed = self.json(*command, "-o", out, "--resume")
        self.assertLess(n_kept, len(self.cells(out)))
        self.assertGreater(n_kept, 0)
        whole = out + "-whole"
        self.assertEqual(self.json(*command, "-o", whole, "-t", 2, "--chunk", 100), resumed)
        self.assertEqual(self.files(whole), self.files(out))
        self.assertEqual(self.cells(whole), self.cells(out))

    def test_after_control_c(self):
        for _, command, out in self.each():
            code, told = self.interrupt(command, out, signal.SIGINT)
            self.assertEqual(code, INTERRUPTED, told)
            self.assertIn(b"--resume", told)
            self.check_resumed(command, out)

    def test_after_a_kill(self):
        for name, command, out in self.each():
            self.interrupt(command, out, signal.SIGKILL)
            self.assertFalse(os.path.exists(os.path.join(out, name + ".json")))
            self.check_resumed(command, out)

    def test_after_a_full_disk(self):
        for _, command, out in self.each():
            done = sextant(*command, "-o", out, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (14000, 14000)))
            self.assertEqual(done.returncode, FAILURE, done.stderr)
            self.assertIn(b"--resume", done.stderr)
            self.check_resumed(command, out)

    def test_a_limit_on_file_sizes_is_told_truly(self):
        """A write that is cut short leaves no errno, and the name of no error is Success."""
        for n_bytes in (1024, 4096, 8192):
            out = self.path("limit%d" % n_bytes)
            text = self.refused(FAILURE, *COMMANDS["short"], "-o", out, says=["results.sqlite", "limit on file sizes"],
                                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, n_bytes)))
            self.assertRegex(text, "disk I/O error|File too large")

    def test_the_last_files_can_be_written_again(self):
        command, out = COMMANDS["passkey"], self.path("out")
        self.good(*command, "-o", out)
        table = os.path.join(out, "passkey.json")
        os.remove(table)
        os.mkdir(table)
        done = sextant(*command, "-o", out, "--resume")
        self.assertEqual(done.returncode, USAGE, done.stderr)
        for part in (table + " is a folder", "is kept", "--resume"):
            self.assertIn(part, done.stderr.decode())
        self.assertNotIn(b"make room", done.stderr)
        os.rmdir(table)
        self.good(*command, "-o", out, "--resume")
        self.assertTrue(os.path.isfile(table))

    def test_what_is_kept_is_read_not_measured(self):
        worse = {"perplexity": "$.nll", "passkey": "$.right", "short": "$.nll"}
        for name, command, out in self.each():
            first = self.json(*command, "-o", out)
            key = worse[name]
            value = "1 - json_extract(value, '%s')" % key if name == "passkey" else "2 * json_extract(value, '%s')" % key
            self.assertGreater(self.update(out, "UPDATE cell SET value = json_set(value, '%s', %s)" % (key, value)), 10)
            second = self.json(*command, "-o", out, "--resume")
            if name == "passkey":
                for a, b in zip(first, second):
                    self.assertAlmostEqual(a["accuracy"], 1 - b["accuracy"])
            if name == "perplexity":
                for a, b in zip(first, second):
                    self.assertAlmostEqual(2 * a["nll"], b["nll"])
            if name == "short":
                self.assertFalse(second[0]["harmless"])

    def test_more_lengths_go_on(self):
        for name in ("perplexity", "short"):
            out, command = self.path(name), list(COMMANDS[name])
            at = command.index("--lengths") + 1
            more = list(command)
            command[at] = command[at].split(",")[0]
            self.good(*command, "-o", out)
            before = self.cells(out)
            self.assertEqual(self.json(*more, "-o", out, "--resume"), self.json(*more))
            after = self.cells(out)
            self.assertEqual({k: after[k] for k in before}, before)
            self.assertGreater(len(after), len(before))


class Refusals(KeepingTest):
    def test_results_of_something_else(self):
        page = self.path("page.txt", self.pages(20000))
        others = {"perplexity": [(["--windows", 4], "windows: 5 there, 4 now"), (["-f", page], "text"), (["--no-bos"], "text")],
                  "passkey": [(["--seed", 4], "key prompts"), (["--trials", 3], "key prompts")],
                  "short": [(["--windows", 11], "windows: 12 there, 11 now"), (["-f", page], "text")]}
        for name, command, out in self.each():
            self.good(*command, "-o", out)
            self.refused(USAGE, *command, "-o", out, says=["results.sqlite", "--resume"])
            self.refused(USAGE, *command, "--resume", says=["--resume needs -o"])
            for more, word in [*others[name], (["--kv", "f32"], "kv: f16 there, f32 now"),
                               (["--precision", "f32"], "precision"), (["--extend", "rerope:window=100"], "plans")]:
                self.refused(USAGE, *command, *more, "-o", out, "--resume", says=[word, "another folder"])
        self.refused(USAGE, *COMMANDS["passkey"], "-o", self.path("short"), "--resume", says=["command: short there"])

    def test_damage_is_told(self):
        for name, command, out in self.each():
            self.good(*command, "-o", out)
            for value in ("x", "[]", "{}", '{"nll": "a"}'):
                self.update(out, "UPDATE cell SET value = '%s'" % value)
                self.refused(FAILURE, *command, "-o", out, "--resume", says=[out, name + "|", "damaged", "another folder"])

    def test_a_stream_is_read_in_one_go(self):
        self.refused(USAGE, "perplexity", "-m", MODEL, "-f", NOVEL, "--stream", "-o", self.path("out"), says=["-o", "--stream"])
        self.assertFalse(os.path.exists(self.path("out")))

    def test_a_place_without_a_folder(self):
        for _, command, _ in self.each():
            self.refused(FAILURE, *command, "-o", self.path("a/b"), says=["a/b", "No such file"])


class SideBySide(KeepingTest):
    def test_two_runs(self):
        for name, command, out in self.each():
            self.good(*command, "-o", out)
            self.good(*command, "-o", out + "2", "--kv", "q8_0")
            told = self.json("compare-runs", out, out + "2")
            self.assertEqual(told["facts_that_differ"], {"kv": {"a": "f16", "b": "q8_0"}})
            self.assertEqual((told["only_in_a"], told["only_in_b"]), (0, 0))
            self.assertEqual(len(told["figures"]), {"perplexity": 4, "passkey": 2 * 2 * 3, "short": 4}[name])

    def test_the_same_figures_of_different_commands(self):
        """What a report measures of the same windows and keys lies beside what the commands measured."""
        self.good("report", "-m", MODEL, "-f", NOVEL, "--lengths", "100,300", "--windows", 5, "--trials", 1, "--depths", 0,
                  "--task", "none", "--plans", "rerope:window=128; " + EXTENDED, "-o", self.path("report"))
        self.good(*COMMANDS["perplexity"], "-o", self.path("alone"))
        told = self.json("compare-runs", self.path("report"), self.path("alone"))
        self.assertEqual(len(told["figures"]), 4)
        self.assertTrue(all(f["difference"] == 0 for f in told["figures"]))


if __name__ == "__main__":
    main()
