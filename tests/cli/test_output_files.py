"""Files that commands write: links are followed, devices and pipes left alone, and one name is not two files."""

import os
import stat
import unittest

from sextant_command import MODEL, NOVEL, USAGE, CommandTest, main, sextant

LOGITS = ["logits", "-m", MODEL, "-p", "It is"]
KEYS = ["passkey", "-m", MODEL, "--lengths", 120, "--trials", 1, "--depths", "0.5"]
COMPARED = ["compare", "-m", MODEL, "-f", NOVEL, "--lengths", 100, "--windows", 1, "--trials", 1, "--methods", "none"]
TUNED = ["tune", "-m", MODEL, "--target", 300, "--trials", 1, "--depths", "0.5", "--methods", "none"]
NEEDLES = ["needle", "-m", MODEL, "--task", "passkey", "--lengths", 200, "--depths", 50, "--trials", 1]
# What writes a file, the option that names it, and the file's ending
WRITERS = [(LOGITS, "-o", ".npy"), (COMPARED, "-o", ".csv")]
EVALUATIONS = [(KEYS, "--picture", ".svg"), (TUNED, "-o", ".json"), (NEEDLES, "--prompts", ".jsonl")]


def writers():
    has_evaluations = b"\n  needle " in sextant("help").stdout
    return [*WRITERS, *(EVALUATIONS if has_evaluations else [])]


class OutputFiles(CommandTest):
    def test_links_are_followed(self):
        for command, option, ending in writers():
            target, link = self.path("target" + ending), self.path("link" + ending)
            os.symlink("target" + ending, link)  # relative, and dangling at first
            for again in ([], ["--resume"] if command == TUNED else []):
                self.good(*command, option, link, *again)
                self.assertTrue(os.path.islink(link), command)
                self.assertTrue(os.path.isfile(target) and os.path.getsize(target) > 0, command)
            self.assertEqual(sorted(n for n in os.listdir(self.folder) if n.endswith(ending)), ["link" + ending, "target" + ending])

    def test_links_in_a_circle_are_refused(self):
        for command, option, ending in writers():
            a, b = self.path("a" + ending), self.path("b" + ending)
            os.symlink(a, b)
            os.symlink(b, a)
            self.refused(USAGE, *command, option, a, says=[a, "leads back"])
            self.assertTrue(os.path.islink(a) and os.path.islink(b))

    def test_pipes_and_folders_are_left_alone(self):
        for command, option, ending in writers():
            pipe, folder = self.path("pipe" + ending), self.path("folder" + ending)
            os.mkfifo(pipe)
            os.mkdir(folder)
            self.refused(USAGE, *command, option, pipe, says=[option, pipe, "not a regular file", "give"])
            self.refused(USAGE, *command, option, folder, says=[option, folder, "is a folder", "give"])
            self.assertTrue(stat.S_ISFIFO(os.stat(pipe).st_mode))

    def test_devices_are_left_alone(self):
        device = self.path("null.svg")
        try:
            os.mknod(device, stat.S_IFCHR | 0o666, os.makedev(1, 3))
        except OSError as e:
            raise unittest.SkipTest("no device can be made here: %s" % e)
        for command, option, ending in writers():
            name = self.path("device" + ending)
            os.symlink(device, name)  # behind a link too
            self.refused(USAGE, *command, option, name, says=[name, "not a regular file"])
            self.assertTrue(stat.S_ISCHR(os.stat(device).st_mode))

    def test_where_standard_output_goes(self):
        with open(self.path("out.svg"), "wb") as out:
            for command, option, ending in writers():
                if ending == ".svg":
                    done = sextant(*command, option, self.path("out.svg"), stdout=out)
                    self.assertEqual(done.returncode, USAGE)
                    self.assertIn(b"standard output", done.stderr)

    def test_one_picture_under_two_names(self):
        if len(writers()) == len(WRITERS):
            raise unittest.SkipTest("built without pictures")
        os.symlink("a.svg", self.path("b.svg"))
        perplexity = ["perplexity", "-m", MODEL, "-f", NOVEL, "--lengths", 40, "--windows", 1]
        for first, second in ((["--picture"], ["--picture"]), (["--picture"], ["--by-position"])):
            for other in ("a.svg", "./a.svg", "b.svg"):
                self.refused(USAGE, *perplexity, *first, self.path("a.svg"), *second, self.path(other), says=[os.path.basename(other), "give each its own"])
        self.assertFalse(os.path.exists(self.path("a.svg")))


if __name__ == "__main__":
    main()
