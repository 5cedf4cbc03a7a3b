"""--preset: commands run the plan that tune chose, for the model that it was chosen for alone."""

import json
import re

from sextant_command import FAILURE, MODEL, NOVEL, USAGE, CommandTest, main

PLAN = "self-extend:group=8,window=64"


class PresetTest(CommandTest):
    def made(self):
        """The fewest fields; the fingerprint is what the command says that the model has."""
        preset = {"sextant_preset": 1, "plan": PLAN, "target": 300, "model_fingerprint": "0" * 16}
        text = self.refused(USAGE, "run", "-m", MODEL, "-p", "The", "--preset",
                            self.path("wrong.json", json.dumps(preset)), says=["fingerprint"])
        preset["model_fingerprint"] = re.search(r" has ([0-9a-f]{16})\)", text).group(1)
        return preset

    def preset(self, name="edited.json", **changes):
        preset = self.made()
        preset.update(changes)
        return self.path(name, json.dumps({k: v for k, v in preset.items() if v is not None}))


class Reading(PresetTest):
    def commands(self, out):
        """(arguments, where the plan stands in the document)"""
        return ((["run", "-p", "The sky is", "-n", 2], lambda d: d["plan"]),
                (["logits", "-p", "The sky is", "-o", out], lambda d: d["plan"]),
                (["perplexity", "-f", NOVEL, "--lengths", 300, "--windows", 1], lambda d: d[0]["plan"]),
                (["passkey", "--lengths", 300, "--depths", "0.5", "--trials", 1], lambda d: d[0]["plan"]),
                (["bench", "-p", 8, "-n", 0, "-d", 0, "-r", 1], lambda d: d[0]["plan"]))

    def test_every_command_that_takes_it(self):
        preset = self.preset()
        for args, plan in self.commands(self.path("out.npy")):
            told = self.json(args[0], "-m", MODEL, *args[1:], "--preset", preset)
            self.assertEqual(plan(told), PLAN, args[0])

    def test_extend_goes_before_it(self):
        preset = self.preset()
        for words in (["--extend", "rerope:window=100"], ["-gan", 4, "-gaw", 32]):
            for args, plan in self.commands(self.path("out.npy"))[:3]:
                told = self.json(args[0], "-m", MODEL, *args[1:], "--preset", preset, *words)
                self.assertIn(plan(told), ("rerope:window=100", "self-extend:group=4,window=32"))

    def test_it_gives_the_answer_of_its_plan(self):
        page = self.path("page.txt", self.pages(1500))
        with_plan = self.json("run", "-m", MODEL, "-f", page, "-n", 8, "--extend", PLAN)
        with_preset = self.json("run", "-m", MODEL, "-f", page, "-n", 8, "--preset", self.preset())
        self.assertEqual(with_preset["ids"], with_plan["ids"])


class Faults(PresetTest):
    def refuse(self, preset, *says, code=USAGE, model=MODEL):
        for command in (["run", "-p", "The", "-n", 1], ["perplexity", "-f", NOVEL, "--lengths", 64]):
            self.refused(code, command[0], "-m", model, *command[1:], "--preset", preset, says=[preset, *says])

    def test_another_model(self):
        other = self.path("other.gguf")
        self.good("convert", MODEL, other, "--type", "q8_0")
        self.refuse(self.preset(), "another model", "--extend", model=other)

    def test_damaged(self):
        with open(self.preset(), "rb") as file:
            whole = file.read()
        for i, (content, says) in enumerate([(whole[:-10], "not JSON"), (b"", "not JSON"), (b"\0" * 64, "not JSON"),
                                             (b"[1]", "sextant_preset"), (b"{}", "sextant_preset"),
                                             (b"GGUF" + whole, "not JSON"), (b"[" * 100000, "not JSON")]):
            self.refuse(self.path("damaged%d.json" % i, content), says, "sextant tune")

    def test_fields(self):
        for change, says in (({"sextant_preset": 2}, "version 2"), ({"sextant_preset": "1"}, "sextant_preset"),
                             ({"plan": None}, "`plan`"), ({"plan": ""}, "`plan`"), ({"plan": 7}, "`plan`"),
                             ({"plan": "none\0x"}, "`plan`"), ({"plan": "x" * 10000}, "`plan`"),
                             ({"plan": "selfextend"}, "self-extend"), ({"plan": "self-extend:group=0"}, "group"),
                             ({"model_fingerprint": None}, "`model_fingerprint`"),
                             ({"model_fingerprint": "f" * 100}, "`model_fingerprint`"),
                             ({"model_fingerprint": "0" * 16}, "another model"),
                             ({"target": None}, "`target`"), ({"target": -1}, "`target`"),
                             ({"target": 1.5}, "`target`")):
            self.refuse(self.preset(**change), says)
        self.refuse(self.preset(plan="self-extend:group=0"), "out of range", "sextant tune", "--extend PLAN")

    def test_no_such_file(self):
        self.refuse(self.path("none.json"), "No such file", code=FAILURE)
        self.refuse("/dev/zero", "/dev/zero has more than 1048576 bytes")  # without an end
        self.refused(USAGE, "run", "-m", MODEL, "-p", "The", "--preset", "", says=["--preset"])


if __name__ == "__main__":
    main()
