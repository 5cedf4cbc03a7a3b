"""Answers and right answers of every task, made from a seed: some alike, some not, all of them awkward."""

import random

WORDS = """the The a an A I red Red RED green grass, sky; (blue) can't don't well-known Éclair straße ÜBER über naïve No.
    7 12 012 １２ ٣ 3.5 x_y — the—end a–b “quoted” and of is was . .. ... U.S. e.g. C D B.""".split()
BLANKS = [" "] * 12 + ["  ", "\n", "\n\n", "\t", "\u00a0", "\u3000", ". ", "."]
CLASSES = ["Person", "Person name", "City", "City or town", "Other", "Other city", "Date", "name"]
CODE = ["return x", "    return x + 1", "self.total += price * n", "for (int i = 0; i < n; i++) {", "print('ä')", "", "x"]
OUTPUTS = ["[1, 2, 3]", "3.0", "True", "'abc'", "[[1, 2], [3]]", "12", "x will be 7"]


CHINESE = """我 来到 北京 清华大学 中国科学院 计算技术研究所 小明 硕士 毕业 于 后 在 日本京都大学 深造 结婚的和尚未结婚的 他来到了网易杭研大厦
    研究生命起源 长春市长春药店 的 了 是 和 ， 。 ！ 《 》 〈 〉 ． · “ ” … A股 iPhone15 C++ 3.14 50% GPU-A100 Straße ÉCOLE Ω𠮷 龘靐齉 １２ ㎡ <|im_end|>
    / | _ - \\ \x00 \ufeff \ufffd \u200b 😀""".split()
CHINESE_BLANKS = [""] * 12 + [" ", "\n", "\r\n", "\r", "\n\n", "\t", "\u3000", "\u2028", "\x85", "\x0b", "\x1c", " / ", "。\n", ". ", ".\n.", "..."]


def text(random, n):
    return "".join(random.choice(WORDS) + random.choice(BLANKS) for _ in range(random.randrange(n)))


def answer_like(random, right, n):
    """The right answer with some of it lost and some of something else."""
    words = right.split(" ")
    kept = [w for w in words if random.random() < 0.8] if random.random() < 0.8 else []
    return random.choice(["", "\n", " ", "The "]) + " ".join(kept) + random.choice(["", " ", ". "]) + text(random, n)


def words_of(random, answers, n=12):
    right = [text(random, n) for _ in range(answers)]
    return answer_like(random, random.choice(right), n), right, None


def chinese_text(random, n):
    return "".join(random.choice(CHINESE) + random.choice(CHINESE_BLANKS) for _ in range(random.randrange(n)))


def chinese(random, n):
    """The right answer with some characters lost, and something else."""
    right = [chinese_text(random, n) for _ in range(random.randrange(1, 4))]
    said = "".join(c for c in random.choice(right) if random.random() < 0.9) if random.random() < 0.8 else ""
    return random.choice(["", "\n", "答：", "\r"]) + said + random.choice(["", chinese_text(random, n)]), right, None


def line_of_code(random):
    right, said = random.choice(CODE), random.choice(CODE)
    said = "".join(c for c in said if random.random() < 0.9)
    before = random.choice(["", "\n", "```python\n", "# next\n", "// x\n", "\n\n`a`\n", "    \n"])
    return before + said + random.choice(["", "\nmore", "  # why"]), [right], None


def classified(random):
    right = random.choice(CLASSES)
    said = [random.choice(CLASSES + [right] * 4) for _ in range(random.randrange(1, 4))]
    return random.choice(["", "\n", "Type: "]) + ", ".join(said) + random.choice(["", "\nCity"]), [right], CLASSES


def numbered(random, label):
    right = random.randrange(1, 15)
    said = [str(random.choice([right, right, random.randrange(20)])) for _ in range(random.randrange(4))]
    return " ".join(random.choice([label, "", "no. "]) + n for n in said), [label + str(right) if label else str(right)], None


def lettered(random, rights):
    said = random.choice(["{}", "{}.", "({}) because", "The answer is {}.", "{}, C and D.", "{}\n\nQuestion B.", " {} ", "none",
                          "", "  ", "x{}y", "B{} or so", "{}{}"])
    return said.replace("{}", random.choice(["A", "B", "C", "D", "AC", "CA", "BD"])), [random.choice(rights)], None


def summed(random):
    right = random.randrange(2000)
    said = random.choice(["The answer is {}.", "So 3 + 4 = {}", "The answer is ${:,}.50", "{} apples\n\nmore 5", "The answer is  {}",
                          "none", "", "x = {}.0 y"])
    return said.format(random.choice([right, right, 17])), [random.choice(["%d", "The answer is %d."]) % right], None


def printed(random):
    right = random.choice(OUTPUTS)
    said = random.choice(["the final output is {} I think so and so", "It prints {}", "The value of x will be {}.", "{}", "{} \n", ""])
    return said.replace("{}", random.choice([right, random.choice(OUTPUTS)])), [right], None


def judged(random):
    said = ["True", "false.", "It is True, not False", "untrue", "", "Maybe", " True\n"]
    right = "%s [fact: %s]" % (random.choice(["True", "False"]), random.choice(["True", "False"]))
    return "%s [fact: %s]" % (random.choice(said), random.choice(said)), [right], None


def retrieved(random):
    right = random.choice(["The role of art in society", "Space travel", "AB", "12"])
    return random.choice(["", "The first topic is ", '"']) + random.choice([right, right.lower(), "x", "A", "12.0", ""]), [right], None


def lined(random):
    right = random.randrange(50000)
    return random.choice(["<%d>", "line 3: %d.", "%d, then 4", "0%d", "none", ""]).replace("%d", str(right)), [str(right)], None


MAKERS = {
    **dict.fromkeys(("narrativeqa", "hotpotqa", "triviaqa"), lambda r: words_of(r, r.randrange(1, 4))),
    **dict.fromkeys(("gov_report", "samsum"), lambda r: words_of(r, r.randrange(1, 3), 40)),
    "lcc": line_of_code, "repobench-p": line_of_code, "trec": classified, "lsht": classified,
    "passage_count": lambda r: numbered(r, ""), "passage_retrieval_en": lambda r: numbered(r, "Paragraph "),
    "passage_retrieval_zh": lambda r: numbered(r, "段落"),
    "tpo": lambda r: lettered(r, ["A", "B", "C", "D"]),
    "quality": lambda r: lettered(r, ["(A) They left", "(B) No.", "D"]),
    "coursera": lambda r: lettered(r, ["A", "BD", "ABC", "AC", "D"]), "gsm100": summed, "codeU": printed, "sci_fi": judged,
    "topic_retrieval_longchat": retrieved, "200_lines": lined,
}

CHINESE_MAKERS = {"multifieldqa_zh": lambda r: chinese(r, 12), "dureader": lambda r: chinese(r, 20), "vcsum": lambda r: chinese(r, 60)}


def samples(task, n):
    """(answer, right answers, class names or None), n times."""
    source = random.Random("longbench " + task)
    return [{**MAKERS, **CHINESE_MAKERS}[task](source) for _ in range(n)]
