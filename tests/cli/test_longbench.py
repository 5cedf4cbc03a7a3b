"""longbench: scores against an independent implementation, prompts as published, and what is kept."""

import csv
import json
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import time
import unittest

from longbench_samples import CHINESE_MAKERS, MAKERS, samples
from sextant_command import (FAILURE, INTERRUPTED, MODEL, NOVEL, ROOT, SEXTANT, USAGE, WINDOW, CommandTest, main,
                             sextant, shared)

sys.path.insert(0, os.path.join(ROOT, "tests", "oracle"))
import longbench_metrics  # noqa: E402

LEVAL = ["tpo", "quality", "coursera", "gsm100", "codeU", "sci_fi", "topic_retrieval_longchat"]
QUESTION = {"hotpotqa": "Read this.\n{context}\n{{Question}}: {input}\nAnswer:", "samsum": "{context}{input}",
            "trec": "{context}\n{input}", "narrativeqa": "{context}{input}"}
STORIES = ["The grass is green. The sky is blue. The sun is yellow. Here we go. There and back again. ",
           "Mr. Gray sold his boat in May and went inland with two dogs and a clock that no longer struck. "]


def needs_jieba():
    if longbench_metrics.jieba is None:
        raise unittest.SkipTest("no Python package jieba (Debian: python3-jieba)")


class LongBenchTest(CommandTest):
    """A folder as a user would have it after the downloads."""

    def setUp(self):
        super().setUp()
        self.data = self.path("download")
        for name in ("data", "config", "LEval-data/Closed-ended-tasks", "lines/testcases"):
            os.makedirs(os.path.join(self.data, name))
        self.configure(dict.fromkeys([*MAKERS, *CHINESE_MAKERS, *QUESTION], 6))

    def put(self, name, content):
        with open(os.path.join(self.data, name), "w", encoding="utf-8") as f:
            f.write(content)

    def configure(self, lengths, prompts=None):
        self.put("config/dataset2maxlen.json", json.dumps(lengths))
        self.put("config/dataset2prompt.json", json.dumps(
            prompts or {**dict.fromkeys([*MAKERS, *CHINESE_MAKERS], "{context}\n{input}"), **QUESTION}))

    def rows(self, task, *rows):
        folder = "data"
        if task in LEVAL:
            folder = "LEval-data/Closed-ended-tasks"
        if "lines" in task:
            folder = "lines/testcases"
        self.put("%s/%s.jsonl" % (folder, task), "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows))

    def row(self, task, i, **fields):
        usual = {"input": "Who?", "context": STORIES[i % 2], "answers": ["a cat"], "length": 17, "dataset": task,
                 "language": "en", "all_classes": None, "_id": "%s-%d" % (task, i)}
        return {**usual, **fields}

    def score(self, *args, **options):
        return self.json("longbench", "-m", MODEL, "--data", self.data, *args, **options)

    def answers(self, out, plan, task):
        with open(os.path.join(out, plan, task + ".jsonl"), encoding="utf-8") as f:
            return [json.loads(line) for line in f]

    def one(self, task, *args, model=MODEL, **fields):
        """The one answer to a row with these fields."""
        out = self.path("out-%d" % len(os.listdir(self.folder)))
        self.rows(task, self.row(task, 0, **fields))
        self.good("longbench", "-m", model, "--data", self.data, "--tasks", task, "-o", out, *args)
        plan, = (name for name in os.listdir(out) if os.path.isdir(os.path.join(out, name)))
        return self.answers(out, plan, task)[0]

    def cells(self, out):
        """What the store holds, in the order of its keys: {key: object}."""
        with sqlite3.connect(os.path.join(out, "results.sqlite")) as store:
            rows = store.execute("SELECT key, value FROM cell ORDER BY key").fetchall()
        store.close()
        return {key: json.loads(value) for key, value in rows}

    def put_cells(self, out, cells):
        with sqlite3.connect(os.path.join(out, "results.sqlite")) as store:
            store.executemany("INSERT OR REPLACE INTO cell VALUES(?, ?)",
                              [(key, v if isinstance(v, str) else json.dumps(v)) for key, v in cells.items()])
        store.close()

    def told(self, *args, model=MODEL):
        return self.json("run", "-m", model, "--extend", "none", *args)


class Measures(LongBenchTest):
    """Scores of given answers: the answers are put where a run keeps them, and nothing is left to be asked."""

    def write_rows(self, task, items):
        if task in LEVAL:
            self.rows(task, *({"input": "text", "instructions": ["Which?"], "outputs": right} for _, right, _ in items))
        elif "lines" in task:
            self.rows(task, *({"prompt": "text", "expected_number": int(right[0])} for _, right, _ in items))
        else:
            self.rows(task, *(self.row(task, i, answers=right, all_classes=names, length=i * 45, context="", input="x")
                              for i, (_, right, names) in enumerate(items)))

    def write_answers(self, out, task, items):
        """Every row asks the same, so that what is kept with the first answer fits them all."""
        kept = self.cells(out)["longbench|none|%s|00000001" % task]
        self.put_cells(out, {"longbench|none|%s|%08d" % (task, i): {**kept, "answer": said, "tokens": 1}
                             for i, (said, _, _) in enumerate(items, 1)})

    def test_every_task(self):
        self.check_tasks(MAKERS)

    def test_chinese_words(self):
        """Also where answers have line feeds, NUL and marks of every kind in them."""
        needs_jieba()
        self.check_tasks(CHINESE_MAKERS)

    def check_tasks(self, tasks):
        made = {task: samples(task, 300) for task in tasks}
        out = self.path("out")
        for task, items in made.items():
            self.write_rows(task, items)
        self.score("-o", out, "--limit", 1)
        for task, items in made.items():
            self.write_answers(out, task, items)
        rows = self.score("-o", out, "--resume")["tasks"]
        kept = self.cells(out)
        self.assertEqual({r["task"] for r in rows}, set(made))
        for row in rows:
            expected = [longbench_metrics.score(row["task"], said, rights, names or ())
                        for said, rights, names in made[row["task"]]]
            self.assertEqual((row["questions"], row["answered"]), (300, 300))
            self.assertGreater(len(set(expected)), 1, row["task"])
            self.assertAlmostEqual(row["score"], 100 * sum(expected) / 300, places=9, msg=row["task"])
            for i, score in enumerate(expected, 1):
                cell = kept["longbench|none|%s|%08d" % (row["task"], i)]
                self.assertAlmostEqual(cell["score"], score, places=12)
                exact = row["measure"] in ("exact match", "last number") and row["task"] != "sci_fi" and score in (0, 1)
                self.assertEqual(cell.get("right"), (score if row["task"] != "coursera" else None) if exact else None)
            if row["suite"] == "LongBench":
                parts = expected[:89], expected[89:178], expected[178:]  # 45 words more each: 89 * 45 is past 4000
                for name, part in zip(("0-4k", "4-8k", "8k+"), parts):
                    self.assertAlmostEqual(row["by_length"][name], 100 * sum(part) / len(part), places=9)

    def test_chinese_by_hand(self):
        """jieba's own words: 我 来到 北京 清华大学; 小明 硕士 毕业 于 中国科学院 计算所. The published marks have no 《."""
        needs_jieba()
        said = {"multifieldqa_zh": ("我来到北京清华大学", ["我，在《清华大学》。"], 4 / 8),  # 我 清华大学, of 4 and of 我 在 《 清华大学
                "dureader": ("小明硕士毕业于中国科学院计算所", ["中国科学院计算所的小明"], 2 * (1 / 3) * (1 / 2) / (1 / 3 + 1 / 2 + 1e-8)),
                "vcsum": ("我来到.\r\n.北京", ["北京 . 来到"], None)}
        for task, (_, rights, _) in said.items():
            self.rows(task, self.row(task, 0, answers=rights, context="", input="x"))
        out = self.path("out")
        self.score("-o", out)
        for task, (answer, _, _) in said.items():
            self.write_answers(out, task, [(answer, None, None)])
        told = self.score("-o", out, "--resume")
        rows = {r["task"]: r for r in told["tasks"]}
        self.assertAlmostEqual(rows["multifieldqa_zh"]["score"], 50, places=9)
        self.assertAlmostEqual(rows["dureader"]["score"], 100 * said["dureader"][2], places=9)
        # 来到 北京, over 我 来到 北京 with the empty word between the full stops, and over 北京 来到
        self.assertAlmostEqual(rows["vcsum"]["score"], 100 * 2 * (2 / 4 * 2 / 2) / (2 / 4 + 2 / 2 + 1e-8), places=9)
        self.assertEqual([rows[t]["measure"] for t in said], ["Chinese F1", "Chinese ROUGE-L", "Chinese ROUGE-L"])
        self.assertEqual(told["averages"], [])

    def test_without_jieba(self):
        """Named tasks are refused before anything is asked, others left out with a note."""
        self.rows("vcsum", self.row("vcsum", 0))
        self.rows("hotpotqa", self.row("hotpotqa", 0))
        args = ["longbench", "-m", MODEL, "--data", self.data, "--python"]
        for python in ("/bin/false", "/bin/cat", self.path("none")):
            self.refused(USAGE, *args, python, "--tasks", "hotpotqa,vcsum", says=["vcsum", "python3-jieba", "--python"])
            done = self.good(*args, python)
            self.assertEqual(done.stderr.count(b"\n"), 1, done.stderr)
            self.assertIn(b"vcsum is left out", done.stderr)
            self.assertIn(b"python3-jieba", done.stderr)
            self.assertNotIn(b"vcsum", done.stdout)
        self.assertEqual(self.good(*args, self.path("none"), "--tasks", "hotpotqa").stderr, b"")

    def segmenter(self, lines):
        """A program in jieba's place that knows its example, and then says `lines`."""
        path = self.path("segmenter", "#!/bin/sh\nread x\necho '我 来到 北京 清华大学'\n%s\n" % lines)
        os.chmod(path, 0o755)
        return path

    def test_segmenter_that_fails(self):
        self.rows("vcsum", *(self.row("vcsum", i, answers=["甲"]) for i in range(2)))
        out = self.path("out")
        args = ["longbench", "-m", MODEL, "--data", self.data, "-o", out, "--resume", "--python"]
        for lines in ("", "read x; echo y", "read x; printf half"):
            self.refused(FAILURE, *args, self.segmenter(lines), says=["jieba has ended or gave another text back", "--resume"])
        needs_jieba()
        self.good(*args[:-1])
        self.assertEqual(len(self.answers(out, "none", "vcsum")), 2)

    def test_ctrl_c_is_not_for_the_segmenter(self):
        """A terminal sends it to the whole group of processes."""
        needs_jieba()
        self.configure({"vcsum": 40})
        self.rows("vcsum", *(self.row("vcsum", i, context=self.pages(1500, 50000 + 700 * i).decode()) for i in range(60)))
        process = subprocess.Popen([SEXTANT, "longbench", "-m", MODEL, "--data", self.data, "-o", self.path("out")],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
        self.addCleanup(lambda: process.poll() is None and process.kill())
        store = os.path.join(self.path("out"), "results.sqlite")
        while not (os.path.exists(store) and os.path.getsize(store) > 16384):
            self.assertIsNone(process.poll())
            time.sleep(0.005)
        os.killpg(process.pid, signal.SIGINT)
        told, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, INTERRUPTED, err)
        self.assertIn(b"vcsum", told)
        self.assertEqual(err.count(b"\n"), 1, err)

    def test_averages(self):
        """Tasks count the same in a group, and groups in the average; Chinese tasks and LongBench-E stand apart."""
        good, bad = "a cat", "dog"
        said = {"hotpotqa": [good], "hotpotqa_e": [good], "narrativeqa": [good, bad, bad], "trec": [good], "triviaqa": [bad],
                "lsht": [good], "passage_retrieval_zh": [good]}
        for task, answers in said.items():
            rights = ["段落3"] if task == "passage_retrieval_zh" else [good]
            self.rows(task, *(self.row(task, i, answers=rights, all_classes=[good, bad], context="", input="x")
                              for i in range(len(answers))))
        out = self.path("out")
        self.score("-o", out, "--limit", 1, "--tasks", "longbench,longbench-e")
        for task, answers in said.items():
            self.write_answers(out, task, [(a, None, None) for a in answers])
        both = self.score("-o", out, "--resume", "--tasks", "all,longbench-e")["averages"]
        self.assertEqual([(a["suite"], a["tasks"]) for a in both], [("LongBench", 4), ("LongBench-E", 1)])
        self.assertAlmostEqual(both[0]["score"], (100 + 100 / 3 + 100 + 0) / 4)
        self.assertAlmostEqual(both[0]["groups"]["few-shot learning"], 50)
        self.assertAlmostEqual(both[0]["mean_of_groups"], (100 + 100 / 3 + 50) / 3)
        self.assertEqual(both[1]["score"], 100)
        done = self.good("longbench", "-m", MODEL, "--data", self.data, "-o", out, "--resume")
        lines = [line.split() for line in done.stdout.decode().splitlines()]
        self.assertIn(["LongBench", "mean", "of", "groups", "3", "61.11"], lines)
        self.assertIn(["narrativeqa", "F1", "3", "33.33", "33.33", "-", "-", "1", "0"], lines)


class Prompts(LongBenchTest):
    """What the model is asked, seen from its answers."""

    def test_template(self):
        """Braces, fields and the answer's length come from the downloaded files."""
        self.configure({"hotpotqa": 9})
        said = self.one("hotpotqa", context=STORIES[0], input="Is {it} green?")
        prompt = "Read this.\n%s\n{Question}: Is {it} green?\nAnswer:" % STORIES[0]
        told = self.told("-p", prompt, "-n", 9)
        self.assertEqual((said["pred"], said["n_tokens"], said["cut"]), (told["text"], told["n_prompt"], 0))

    def cut(self, text, most):
        ids = self.json("tokenize", "-m", MODEL, "-p", text)["ids"]
        halves = ids[:most // 2], ids[-(most // 2):]
        return b"".join(self.good("tokenize", "-m", MODEL, "--decode", ",".join(map(str, h))).stdout.rstrip(b"\n")
                        for h in halves).decode()

    def test_middle_is_cut(self):
        text = self.pages(6000).decode().rstrip()
        said = self.one("narrativeqa", "--max-tokens", 101, context=text, input="")
        told = self.told("-p", self.cut(text, 101), "-n", 6)
        self.assertEqual((said["pred"], said["n_tokens"], said["cut"]), (told["text"], told["n_prompt"], 1))

    def test_usual_length(self):
        """Without a plan the prompt and its answer stay inside the trained window."""
        said = self.one("narrativeqa", context=self.pages(6000).decode(), input="x")
        self.assertLessEqual(said["n_tokens"] + 6, WINDOW)
        self.assertGreater(said["n_tokens"], WINDOW - 16)
        whole = self.one("narrativeqa", "--extend", "auto", context=self.pages(6000).decode(), input="x")
        self.assertEqual(whole["cut"], 0)
        self.assertGreater(whole["n_tokens"], 4 * WINDOW)

    def test_dialogues_are_one_line(self):
        """The first token is no line feed even where that is the likeliest, and the answer has none."""
        self.assertEqual(self.told("-p", "CHAPTER I.", "-n", 1)["text"], "\n")
        self.configure({"samsum": 40})
        said = self.one("samsum", context="CHAPTER", input=" I.")["pred"]
        self.assertTrue(said.strip())
        self.assertNotIn("\n", said)
        first = self.told("-p", "CHAPTER I." + said[:1], "-n", 40)
        self.assertEqual(said, (said[:1] + first["text"]).split("\n")[0][:len(said)])

    def templated(self):
        """The sample model with a chat template."""
        folder = self.path("chatty")
        os.makedirs(folder)
        for name in ("config.json", "model.safetensors", "tokenizer.json"):
            os.symlink(os.path.abspath(shared("models", "tiny", name)), os.path.join(folder, name))
        with open(shared("models", "tiny", "tokenizer_config.json"), encoding="utf-8") as f:
            config = json.load(f)
        config["chat_template"] = ("{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + "
                                   "'<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ "
                                   "'<|im_start|>assistant\n' }}{% endif %}")
        with open(os.path.join(folder, "tokenizer_config.json"), "w", encoding="utf-8") as f:
            json.dump(config, f)
        return folder

    def test_chat_template(self):
        """Around the prompt of all but the few-shot and code tasks, after the cut."""
        model = self.templated()
        said = self.one("narrativeqa", model=model, context="The grass is green.", input="")
        told = self.told("--chat", "-p", "The grass is green.", "-n", 6, model=model)
        self.assertEqual((said["pred"], said["n_tokens"]), (told["text"], told["n_prompt"]))
        said = self.one("trec", model=model, context="The grass", input="is green.", all_classes=["a"])
        told = self.told("-p", "The grass\nis green.", "-n", 6, model=model)
        self.assertEqual((said["pred"], said["n_tokens"]), (told["text"], told["n_prompt"]))

    def test_template_belongs_to_the_answers(self):
        """It is no part of the weights that tell models apart."""
        model, out = self.templated(), self.path("out")
        self.rows("narrativeqa", self.row("narrativeqa", 0))
        args = ["longbench", "-m", model, "--data", self.data, "-o", out]
        self.good(*args)
        os.remove(os.path.join(model, "tokenizer_config.json"))
        self.refused(USAGE, *args, "--resume", says=["chat template: chatml there, none now", "another folder"])

    def novel(self):
        with open(NOVEL, encoding="utf-8") as f:
            return f.read()

    def test_questions_on_one_document(self):
        """One session serves them all, also where a longer question takes another plan; every answer is as if alone."""
        document, ask = self.novel()[250000:250500], []
        for i in range(6):
            ask += ["Who?%d" % i, self.pages(500, 300000 + 2000 * i).decode()]
        self.configure(dict.fromkeys(LEVAL, 24), {"coursera": "{context}\n{input}"})
        together, alone, plans = self.path("together"), self.path("alone"), set()
        self.rows("coursera", {"input": document, "instructions": ask, "outputs": ["A"] * 12})
        self.score("-o", together, "--extend", "auto")
        said = [a["pred"] for a in self.answers(together, "auto", "coursera")]
        for i, question in enumerate(ask):
            told = self.json("run", "-m", MODEL, "--extend", "auto", "-p", document + "\n" + question, "-n", 24)
            self.assertEqual(said[i], told["text"])
            plans.add(told["plan"])
        self.assertEqual(len(plans), 2)
        self.rows("coursera", {"input": document, "instructions": ask[4:5], "outputs": ["A"]})
        self.score("-o", alone, "--extend", "auto")
        self.assertEqual(self.answers(alone, "auto", "coursera")[0]["pred"], said[4])

    def test_science_fiction_is_asked_twice(self):
        self.configure(dict.fromkeys(LEVAL, 4), {"sci_fi": "{context}\n{input}"})
        question = "Cats fly, True or False? Answer this question based on the world described in the document."
        self.rows("sci_fi", {"input": "Cats fly.", "instructions": [question], "outputs": ["True [fact: False]"]})
        out = self.path("out")
        self.score("-o", out)
        story, world = self.answers(out, "none", "sci_fi")[0]["pred"].split(" [fact: ")
        self.assertEqual(story, self.told("-p", "Cats fly.\n" + question, "-n", 4)["text"])
        self.assertEqual(world[-1], "]")
        self.assertTrue(world[:-1])

    def test_lines_are_never_cut(self):
        with open(shared("data", "eval", "longchat", "lines_200.jsonl"), encoding="utf-8") as f:
            line = json.loads(f.readline())
        line["prompt"] = line["prompt"][:2000]
        self.rows("200_lines", line)
        row = self.score("--tasks", "lines")["tasks"][0]
        self.assertEqual((row["task"], row["answered"], row["cut"], row["past_limit"]), ("200_lines", 1, 0, 1))
        self.assertEqual(row["longest_prompt"],
                         len(self.json("tokenize", "-m", MODEL, "-p", line["prompt"])["ids"]))

    def test_published_prompts(self):
        """The published files are read as they are, whatever task is asked."""
        for name in ("dataset2prompt.json", "dataset2maxlen.json"):
            with open(shared("data", "eval", "longbench", name), encoding="utf-8") as f:
                self.put("config/" + name, f.read())
                f.seek(0)
                tasks = list(json.load(f))
        for task in tasks:
            self.rows(task, self.row(task, 0, all_classes=["a"], answers=["Paragraph 1, 段落1"]))
        rows = self.score("--tasks", "trec,hotpotqa,2wikimqa,passage_count,passage_retrieval_en,repobench-p")["tasks"]
        self.assertEqual([r["answered"] for r in rows], [1] * 6)
        args = ["longbench", "-m", MODEL, "--data", self.data, "--limit", 1, "--max-tokens", 8]
        done = self.good(*args, "--python", "/bin/false")
        self.assertEqual(done.stderr.count(b"has no package jieba"), 3)
        for task in tasks:
            self.assertEqual(task.encode() in done.stdout, task not in CHINESE_MAKERS)
        if longbench_metrics.jieba is not None:
            rows = self.json(*args)["tasks"]
            self.assertEqual([r["task"] for r in rows], [t for t in tasks if any(r["task"] == t for r in rows)])
            self.assertEqual({r["task"] for r in rows}, set(tasks))


class Kept(LongBenchTest):
    """Answers on disk."""

    def many(self, n=30, tokens=40):
        self.configure({"narrativeqa": tokens, "hotpotqa": tokens})
        for task in ("narrativeqa", "hotpotqa"):
            self.rows(task, *(self.row(task, i, context=self.pages(1500, 50000 + 700 * i).decode()) for i in range(n)))

    def read(self, *names):
        with open(os.path.join(*names), "rb") as f:
            return f.read()

    def files(self, out):
        """Everything but the store."""
        return {os.path.relpath(os.path.join(folder, name), out): self.read(folder, name)
                for folder, _, names in os.walk(out) for name in names if not name.startswith("results.sqlite")}

    def start(self, out, *args):
        """A run that is waited for until it has kept some answers."""
        path = os.path.join(out, "results.sqlite")
        before = os.path.getsize(path) if os.path.exists(path) else 16384
        process = subprocess.Popen([SEXTANT, "longbench", "-m", MODEL, "--data", self.data, "-o", out, *args],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(lambda: process.poll() is None and process.kill())
        while not (os.path.exists(path) and os.path.getsize(path) > before):
            self.assertIsNone(process.poll())
            time.sleep(0.005)
        return process

    def test_same_for_any_number_of_threads(self):
        self.many(3, 12)
        for n in (1, 3):
            self.score("-o", self.path("out%d" % n), "--extend", "none", "--extend", "auto", "-t", n)
        one, three = (self.files(self.path("out%d" % n)) for n in (1, 3))
        self.assertEqual(one, three)
        self.assertEqual(set(one), {"longbench.csv", "longbench.json", *(
            "%s/%s.jsonl" % (plan, task) for plan in ("none", "auto") for task in ("narrativeqa", "hotpotqa"))})
        self.assertEqual(one["none/hotpotqa.jsonl"].count(b"\n"), 3)

    def test_files_hold_what_is_shown(self):
        self.many(3, 12)
        out = self.path("out")
        args = ["longbench", "-m", MODEL, "--data", self.data, "-o", out, "--extend", "none", "--extend", "auto"]
        told = self.good(*args, "--json").stdout
        self.assertEqual(self.read(out, "longbench.json"), told)
        with open(os.path.join(out, "longbench.csv"), newline="", encoding="utf-8") as f:
            rows = list(csv.DictReader(f))
        tasks = json.loads(told)["tasks"]
        self.assertEqual(len(rows), 4)
        for row, task in zip(rows, tasks):
            for name in ("plan", "task", "suite", "group", "measure"):
                self.assertEqual(row[name], task[name])
            for name in ("questions", "answered", "longest_prompt", "cut", "past_limit"):
                self.assertEqual(int(row[name]), task[name])
            self.assertAlmostEqual(float(row["score"]), task["score"], places=6)
            self.assertEqual((row["4-8k"], row["8k+"]), ("", ""))
        kept = self.cells(out)
        self.assertEqual(list(kept), ["longbench|%s|%s|%08d" % (plan, task, i) for plan in ("auto", "none")
                                      for task in ("hotpotqa", "narrativeqa") for i in (1, 2, 3)])
        for i, line in enumerate(self.answers(out, "auto", "hotpotqa"), 1):
            cell = kept["longbench|auto|hotpotqa|%08d" % i]
            self.assertEqual((cell["answer"], cell["tokens"], cell["cut"], 1 - cell["within_limit"]),
                             (line["pred"], line["n_tokens"], line["cut"], line["past_limit"]))
            self.assertEqual((line["answers"], line["all_classes"], line["length"], line["_id"]),
                             (["a cat"], [], 17, "hotpotqa-%d" % (i - 1)))
        self.put("../" + os.path.basename(out) + "/auto/hotpotqa.jsonl", '{"pred": "half a li')
        again = self.good(*args, "--json", "--resume").stdout
        self.assertEqual((again, self.answers(out, "auto", "hotpotqa")[2]), (told, line))

    def test_interrupt_and_resume(self):
        """What was there stays there, and the rest is as it would have been."""
        self.many()
        whole, part = self.path("whole"), self.path("part")
        expected = self.score("-o", whole)
        process = self.start(part)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, INTERRUPTED, err)
        self.assertIn(b"narrativeqa", out)
        self.assertIn(b"--resume goes on", err)
        done = self.read(part, "none", "narrativeqa.jsonl")
        self.assertTrue(0 < done.count(b"\n") < 30)
        self.assertEqual(done, self.read(whole, "none", "narrativeqa.jsonl")[:len(done)])
        self.assertFalse(os.path.exists(os.path.join(part, "none", "hotpotqa.jsonl")))
        row, = json.loads(self.read(part, "longbench.json"))["tasks"]
        self.assertEqual((row["task"], row["questions"], row["answered"]), ("narrativeqa", 30, done.count(b"\n")))
        self.assertEqual(self.score("-o", part, "--resume"), expected)
        self.assertEqual(self.files(part), self.files(whole))
        self.assertEqual(self.cells(part), self.cells(whole))

    def test_killed_and_resumed_is_the_same(self):
        self.many()
        whole, part = self.path("whole"), self.path("part")
        expected = self.score("-o", whole)
        process = self.start(part)
        process.kill()
        process.communicate()
        self.assertEqual(list(self.files(part)), [])
        self.assertEqual(self.score("-o", part, "--resume"), expected)
        self.assertEqual(self.files(part), self.files(whole))

    def test_what_was_kept_counts_after_ctrl_c(self):
        """Also of tasks that the stopped run has not come to."""
        self.many()
        out = self.path("out")
        self.score("-o", out, "--limit", 4)
        process = self.start(out, "--resume", "--json")
        process.send_signal(signal.SIGINT)
        told, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, INTERRUPTED, err)
        rows = {r["task"]: r for r in json.loads(told)["tasks"]}
        self.assertEqual((rows["hotpotqa"]["questions"], rows["hotpotqa"]["answered"]), (30, 4))
        self.assertTrue(4 < rows["narrativeqa"]["answered"] < 30)

    def test_more_of_the_same_goes_on(self):
        self.many(4, 6)
        out, whole = self.path("out"), self.path("whole")
        expected = self.score("-o", whole)
        self.score("-o", out, "--tasks", "hotpotqa", "--limit", 2)
        said = self.answers(out, "none", "hotpotqa")
        self.assertEqual(self.score("-o", out, "--resume"), expected)
        self.assertEqual(self.answers(out, "none", "hotpotqa")[:2], said)
        self.assertEqual((self.files(out), self.cells(out)), (self.files(whole), self.cells(whole)))

    def test_resume_asks_nothing_again(self):
        self.many(2, 4)
        out = self.path("out")
        self.score("-o", out, "--tasks", "hotpotqa")
        kept = self.cells(out)
        kept["longbench|none|hotpotqa|00000002"]["answer"] = "a cat"
        self.put_cells(out, kept)
        self.assertEqual(self.score("-o", out, "--tasks", "hotpotqa", "--resume")["tasks"][0]["score"], 50)
        self.assertEqual(self.answers(out, "none", "hotpotqa")[1]["pred"], "a cat")
        kept["longbench|none|hotpotqa|00000002"]["score"] = 1
        self.assertEqual(self.cells(out), kept)
        before = self.files(out)
        self.assertEqual(self.score("-o", out, "--tasks", "hotpotqa", "--resume")["tasks"][0]["score"], 50)
        self.assertEqual(self.files(out), before)

    def test_changed_questions(self):
        """An answer is not taken over for another question; right answers may be corrected."""
        out = self.path("out")
        args = ["longbench", "-m", MODEL, "--data", self.data, "-o", out, "--tasks", "hotpotqa", "--resume"]
        rows = [self.row("hotpotqa", i) for i in range(3)]
        self.rows("hotpotqa", *rows)
        self.good(*args)
        before = self.files(out)
        for change in ({"input": "When?"}, {"context": STORIES[0] + "."}):
            self.rows("hotpotqa", rows[0], {**rows[1], **change}, rows[2])
            self.refused(USAGE, *args, says=["question 2 of ", "hotpotqa.jsonl", "hotpotqa-1", "another folder"])
        self.rows("hotpotqa", *rows[1:])
        self.refused(USAGE, *args, says=["question 1 of "])
        self.rows("hotpotqa", *rows)
        self.configure({"hotpotqa": 7})
        self.refused(USAGE, *args, says=["question 1 of ", "length of its answer"])
        self.configure({"hotpotqa": 6}, {"hotpotqa": "{context} {input}"})
        self.refused(USAGE, *args, says=["question 1 of ", "its prompt"])
        self.configure({"hotpotqa": 6})
        self.assertEqual(self.files(out), before)
        said = self.answers(out, "none", "hotpotqa")[0]["pred"]
        self.rows("hotpotqa", {**rows[0], "answers": ["dog", said]}, *rows[1:])
        self.good(*args)
        self.assertEqual(self.cells(out)["longbench|none|hotpotqa|00000001"]["score"], longbench_metrics.score("hotpotqa", said, [said]))

    def test_compare_runs(self):
        """Two models side by side: tasks are figures, questions their repeats; what is right or wrong has intervals."""
        self.many(5, 8)
        self.rows("200_lines", *({"prompt": "line %d: 7" % i, "expected_number": 7} for i in range(4)))
        other = self.path("other.gguf")
        self.good("convert", MODEL, other, "--type", "q4_0")
        a, b = self.path("a"), self.path("b")
        args = ["--data", self.data, "--extend", "none", "--extend", "auto"]
        one = self.json("longbench", "-m", MODEL, *args, "-o", a)
        two = self.json("longbench", "-m", other, *args, "-o", b, "--limit", 3)
        kept = self.cells(b)
        kept["longbench|none|200_lines|00000002"].update(answer="It is 7")
        kept["longbench|none|hotpotqa|00000002"].update(answer="a cat")
        self.put_cells(b, kept)
        two = self.json("longbench", "-m", other, *args, "-o", b, "--limit", 3, "--resume")
        told = self.json("compare-runs", a, b)
        self.assertEqual(list(told["facts_that_differ"]), ["model"])
        self.assertEqual((told["only_in_a"], told["only_in_b"], len(told["figures"])), (0, 0, 6))
        sides = [{"longbench|%s|%s" % (r["plan"], r["task"]): r for r in run["tasks"]} for run in (one, two)]
        for row in told["figures"]:
            for side, rows, n in (("a", sides[0], 4 if "lines" in row["figure"] else 5), ("b", sides[1], 3)):
                self.assertEqual(row[side]["n"], n)
                self.assertAlmostEqual(row[side]["value"], rows[row["figure"]]["score"] / 100, places=9)
            self.assertEqual("overlap" in row, "lines" in row["figure"], row)
        self.assertGreaterEqual(sides[1]["longbench|none|hotpotqa"]["score"], 33)
        self.assertGreaterEqual(sides[1]["longbench|none|200_lines"]["score"], 33)

    def test_folder_of_something_else(self):
        self.many(1, 2)
        out = self.path("out")
        args = ["longbench", "-m", MODEL, "--data", self.data, "-o", out]
        self.good(*args)
        self.refused(USAGE, *args, says=["out", "--resume"])
        for more, says in ((["--max-tokens", 99], "max tokens: 0 there, 99 now"), (["--kv", "f32"], "kv: f16 there, f32 now"),
                           (["-c", 99],
                            "context: 0 there, 99 now"), (["--extend", "auto"], "plans: none there, auto now")):
            self.refused(USAGE, *args, "--resume", *more, says=["another run", says, "another folder"])
        other = self.path("other.gguf")
        self.good("convert", MODEL, other, "--type", "q8_0")
        args[2] = other
        self.refused(USAGE, *args, "--resume", says=["model: llama", "another folder"])
        needles = self.path("needles")
        self.good("needle", "-m", MODEL, "--task", "passkey", "--lengths", 200, "--depths", 0, "--trials", 1, "-o", needles)
        args[2], args[6] = MODEL, needles
        self.refused(USAGE, *args, "--resume", says=["command: needle there, longbench now"])
        blocked = self.path("blocked")
        os.mkdir(blocked)
        self.path("blocked/none", b"")
        args[6] = blocked
        self.refused(FAILURE, *args, says=["blocked/none", "a folder that can be written"])

    def test_damaged_answers(self):
        self.many(1, 2)
        out = self.path("out")
        args = ["longbench", "-m", MODEL, "--data", self.data, "-o", out, "--tasks", "hotpotqa"]
        self.good(*args)
        key, = kept = self.cells(out)
        for change in ({"answer": 1}, {"score": None}, {"tokens": "x"}, {"cut": None}):
            self.put_cells(out, {key: {**kept[key], **change}})
            self.refused(FAILURE, *args, "--resume", says=["the cell longbench|none|hotpotqa|00000001 is damaged", "another folder"])
        self.put_cells(out, {key: '{"answer": "half a li'})
        self.refused(FAILURE, *args, "--resume", says=["the cell longbench|none|hotpotqa|00000001 is damaged"])

    def test_full_disk_keeps_finished_answers(self):
        """A limit on the size of files stands for it."""
        self.many(30, 30)
        out, whole = self.path("out"), self.path("whole")
        expected = self.score("-o", whole)
        args = ["longbench", "-m", MODEL, "--data", self.data, "-o", out]
        done = sextant(*args, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (24000, 24000)))
        self.assertEqual(done.returncode, FAILURE, done.stderr)
        self.assertEqual(done.stderr.count(b"\n"), 1, done.stderr)
        for word in (b"results.sqlite", b"is kept", b"--resume"):
            self.assertIn(word, done.stderr)
        self.assertTrue(5 < len(self.cells(out)) < 60)
        self.assertEqual(self.score("-o", out, "--resume"), expected)
        self.assertEqual(self.files(out), self.files(whole))


class Faults(LongBenchTest):
    """Files that are missing or not as published, and options that do not go together."""

    def bad(self, code, *args, says=()):
        return self.refused(code, "longbench", "-m", MODEL, "--data", self.data, *args, says=says)

    def test_missing_files(self):
        self.bad(FAILURE, says=["hotpotqa.jsonl", "huggingface.co/datasets/THUDM/LongBench", "data/hotpotqa.jsonl"])
        self.bad(FAILURE, "--tasks", "trec_e", says=["trec_e.jsonl", "data.zip"])
        self.bad(FAILURE, "--tasks", "leval", says=["github.com/OpenLMLab/LEval", "Closed-ended-tasks/coursera.jsonl"])
        self.bad(FAILURE, "--tasks", "680_lines", says=["LongChat", "lines/testcases/680_lines.jsonl"])
        self.rows("trec", self.row("trec", 0, all_classes=["a"]))
        os.remove(os.path.join(self.data, "config", "dataset2maxlen.json"))
        self.bad(FAILURE, says=["dataset2maxlen.json", "github.com/THUDM/LongBench", "config/dataset2maxlen.json"])
        os.remove(os.path.join(self.data, "config", "dataset2prompt.json"))
        self.bad(FAILURE, says=["dataset2prompt.json", "github.com/THUDM/LongBench", "config/dataset2prompt.json"])
        self.refused(FAILURE, "longbench", "-m", MODEL, "--data", self.path("none"), says=["none", "No such file"])

    def test_malformed_lines(self):
        good = self.row("trec", 0, all_classes=["a"])
        for change, says in [({"_id": None}, "`_id`"), ({"input": 1}, "`input`"), ({"context": None}, "`context`"),
                             ({"answers": "a"}, "`answers`"), ({"answers": []}, "`answers`"), ({"answers": [1]}, "`answers`"),
                             ({"length": -1}, "`length`"), ({"length": "x"}, "`length`"), ({"all_classes": None}, "`all_classes`")]:
            self.rows("trec", good, self.row("trec", 1, **{"all_classes": ["a"], **change}))
            self.bad(FAILURE, "--tasks", "trec", says=["trec.jsonl line 2", says])
        self.rows("trec", good, good)
        self.bad(FAILURE, "--tasks", "trec", says=["two lines", "trec-0"])
        for text, says in [("[]\n", "line 2: not a JSON object"), ('{"input": \n', "line 2: not JSON")]:
            self.put("data/trec.jsonl", json.dumps(good) + "\n" + text)
            self.bad(FAILURE, "--tasks", "trec", says=["trec.jsonl " + says])
        self.put("data/trec.jsonl", "\n \n")
        self.bad(FAILURE, "--tasks", "trec", says=["holds no questions"])
        self.rows("passage_retrieval_en", self.row("passage_retrieval_en", 0))
        self.bad(FAILURE, "--tasks", "passage_retrieval_en", says=["line 1", "Paragraph"])

    def test_malformed_lines_of_others(self):
        good = {"input": "x", "instructions": ["a"], "outputs": ["A"]}
        for change in ({"input": 1}, {"instructions": []}, {"outputs": ["A", "B"]}, {"outputs": [1]}, {"outputs": [" "]},
                       {"instructions": [None]}):
            self.rows("coursera", good, {**good, **change})
            self.bad(FAILURE, "--tasks", "coursera", says=["coursera.jsonl line 2"])
        for change in ({"prompt": None}, {"expected_number": "12"}, {"expected_number": -1}):
            self.rows("200_lines", {"prompt": "x", "expected_number": 1, **change})
            self.bad(FAILURE, "--tasks", "200_lines", says=["200_lines.jsonl line 1", "`" + list(change)[0] + "`"])
        self.rows("sci_fi", {**good, "outputs": ["True"]})
        self.bad(FAILURE, "--tasks", "sci_fi", says=["sci_fi.jsonl line 1", "[fact:"])

    def test_configuration(self):
        self.rows("trec", self.row("trec", 0, all_classes=["a"]))
        for prompts in ({"trec": "{context} {answers}"}, {"trec": "{context"}, {"trec": "}"}, {"hotpotqa": "x"}):
            self.configure({"trec": 4}, prompts)
            self.bad(FAILURE, says=["dataset2prompt.json", "trec"])
        for length in (0, "4", None, 10**9):
            self.configure({"trec": length})
            self.bad(FAILURE, says=["dataset2maxlen.json", "trec"])
        self.put("config/dataset2maxlen.json", "[]")
        self.bad(FAILURE, says=["dataset2maxlen.json", "not an object"])
        self.put("config/dataset2maxlen.json", "{")
        self.bad(FAILURE, says=["dataset2maxlen.json", "not JSON"])

    def test_options(self):
        self.refused(USAGE, "longbench", "-m", MODEL, says=["--data DIR"])
        self.bad(USAGE, "--resume", says=["-o FOLDER"])
        self.bad(USAGE, "--tasks", "hotpot", says=["hotpot", "longbench"])
        self.bad(USAGE, "--tasks", ",", says=["names no task"])
        self.bad(USAGE, "--tasks", "dureader", "--python", "/bin/false", says=["dureader", "jieba", "/bin/false"])
        self.rows("trec", self.row("trec", 0, all_classes=["a"]))
        self.bad(USAGE, "--extend", "none", "--extend", "none", says=["twice"])
        self.bad(USAGE, "--extend", "nonsense", says=["nonsense"])
        self.bad(FAILURE, "-o", self.path("no/folder"), says=["no/folder", "give a folder"])


if __name__ == "__main__":
    main()
