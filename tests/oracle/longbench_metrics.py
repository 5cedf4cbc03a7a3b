"""LongBench's, L-Eval's and LongChat's measures, written from their definitions with the standard library alone; Chinese
words are the package jieba's."""

import re
import string
from collections import Counter

try:
    import jieba
    jieba.setLogLevel(60)
except ImportError:
    jieba = None

# As LongBench's program has it.
CHINESE_PUNCTUATION = ("！？｡。＂＃＄％＆＇（）＊＋，－／：；＜＝＞＠［＼］＾＿｀｛｜｝～｟｠｢｣､、〃》「」『』【】〔〕〖〗〘〙〚〛〜〝〞〟〰〾〿–—‘’‛“”„‟…‧﹏.")


def normalised(text, lower=True):
    """SQuAD's normalisation."""
    text = text.lower() if lower else text
    text = text.translate({ord(c): None for c in string.punctuation})
    return " ".join(re.sub(r"\b(?:the|an|a)\b", " ", text).split())


def f1(a, b):
    same = (Counter(a) & Counter(b)).total()
    # The harmonic mean of same / len(a) and same / len(b).
    return 0.0 if same == 0 else 2 * same / (len(a) + len(b))


def qa_f1(answer, right):
    return f1(normalised(answer).split(), normalised(right).split())


def chinese_words(text):
    """Words in lower case, without punctuation and white space; those of nothing else vanish."""
    without = {ord(c): None for c in string.punctuation + CHINESE_PUNCTUATION}
    words = ("".join(word.lower().translate(without).split()) for word in jieba.cut(text))
    return [word for word in words if word]


def qa_f1_chinese(answer, right):
    return f1(chinese_words(answer), chinese_words(right))


def sentences(text):
    return [part.split() or [""] for part in text.split(".") if part]


def lcs_words(x, y):
    """The words of a longest common subsequence; where two ways are as good, the one that leaves y's word first."""
    best = {}

    def length(i, j):
        return best.get((i, j), 0)

    for i in range(1, len(x) + 1):
        for j in range(1, len(y) + 1):
            best[i, j] = length(i - 1, j - 1) + 1 if x[i - 1] == y[j - 1] else max(length(i - 1, j), length(i, j - 1))
    words, i, j = set(), len(x), len(y)
    while i and j:
        if x[i - 1] == y[j - 1]:
            words.add(x[i - 1])
            i, j = i - 1, j - 1
        elif length(i - 1, j) > length(i, j - 1):
            i -= 1
        else:
            j -= 1
    return words


def rouge_l(answer, right):
    a, b = sentences(answer), sentences(right)
    if not a or not b:
        return 0.0
    union = set().union(*(lcs_words(r, p) for r in b for p in a))
    recall = len(union) / len({w for s in b for w in s})
    precision = len(union) / len({w for s in a for w in s})
    return 2 * precision * recall / (precision + recall + 1e-8)


def rouge_l_chinese(answer, right):
    return rouge_l(" ".join(jieba.cut(answer)), " ".join(jieba.cut(right)))


def classes(answer, right, names):
    found = [n for n in names if n in answer]
    i = 0
    while i < len(found):  # the one behind a name that is taken out is not looked at
        if found[i] in right and found[i] != right:
            found.remove(found[i])
        i += 1
    return 1 / len(found) if right in found else 0.0


def count(answer, right):
    numbers = re.findall(r"\d+", answer)
    return numbers.count(right) / len(numbers) if numbers else 0.0


def retrieval(answer, right, label="Paragraph "):
    return count(answer, re.search(label + r"(\d+)", right).group(1))


def indel_distance(a, b):
    """The least number of characters to put in or take out."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        last, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            last, row[j] = row[j], last if x == y else 1 + min(row[j], row[j - 1])
    return row[-1]


def code(answer, right):
    lines = answer.lstrip("\n").split("\n")
    line = next((s for s in lines if not any(mark in s for mark in ("`", "#", "//"))), "")
    if line == right:
        return 1.0
    if not line or not right:
        return 0.0
    total = len(line) + len(right)
    return round(100 * ((total - indel_distance(line, right)) / total)) / 100


def exact(answer, right):
    a, b = normalised(answer, False), normalised(right, False)
    if set(b) <= set("ABCD"):
        return 1.0 if a == b else 0.25 if set(a) <= set(b) else 0.0
    try:
        return float(float(answer) == float(right))
    except ValueError:
        return float(right.lower().replace(" ", "") in answer.lower().replace(" ", ""))


def chosen(answer, several):
    if not answer.strip():
        return "None"
    if answer in "ABCD":
        return answer
    first = re.search("[ABCD]", answer)
    if not several:
        return first.group() if first else "A"
    leading = re.match("[ABCD]*", answer).group()
    if len(leading) > 1:
        return "".join(sorted(set(leading)))
    rest = answer[len(leading):].split("Question")[0]
    letters = set(leading) | set(re.findall(r"[ABCD](?=[\s.)])", rest))
    run = re.search("[ABCD]+", rest)
    return "".join(sorted(letters)) or (run.group() if run else "A")


def choice(answer, right, several=False):
    return exact(chosen(answer, several), re.sub("[^A-D]", "", right.split()[0]) or "A")


def number(text):
    said = re.search(r"The answer is (\S+)", text)
    parts = [said.group(1)] if said else [p for p in text.split("\n\n")[0].split(" ") if re.search(r"\d", p)]
    return re.sub(r"\D", "", parts[-1].split(".")[0]) if parts else ""


def printed(text):
    text = re.sub(r"\s+", " ", text)
    for old, new in ((",", ""), ("'", ""), ("\\", ""), (".0", ""), ("] [", "]["), ("[ [", "[["), ("] ]", "]]")):
        text = text.replace(old, new)
    return text


def output(answer, right):
    n, answer = len(right.split()) + 3, printed(answer)
    for filler in ("will be", "of the code", "is", "would be", "the value of", "the result of", "printed"):
        answer = answer.replace(filler, "")
    before, label, behind = answer.rpartition("the final output")
    words = re.split(r"\s+", behind)
    return exact(" ".join(words[:n] if label else words[-n:]), printed(right))


def verdicts(answer, right):
    def parts(text):
        return [text.lower().split("[fact:")[0].strip(), text.lower().split("[fact:")[1][:-1].strip()]

    def verdict(text):
        return next((v for word in text.split() for v in ("true", "false") if v in word), "<error>")

    return sum(exact(verdict(a), b) for a, b in zip(parts(answer), parts(right))) / 2


def last_number(answer, right):
    numbers = re.findall(r"\d+", answer)
    return float(bool(numbers) and int(numbers[-1]) == int(right))


FIRST_LINE = {"trec", "triviaqa", "samsum", "lsht"}
MEASURES = {
    **dict.fromkeys("narrativeqa qasper multifieldqa_en hotpotqa 2wikimqa musique triviaqa".split(), qa_f1),
    **dict.fromkeys("gov_report qmsum multi_news samsum".split(), rouge_l),
    "multifieldqa_zh": qa_f1_chinese, "dureader": rouge_l_chinese, "vcsum": rouge_l_chinese,
    **dict.fromkeys("lcc repobench-p".split(), code),
    "passage_count": count, "passage_retrieval_en": retrieval,
    "passage_retrieval_zh": lambda a, b: retrieval(a, b, "段落"),
    "tpo": choice, "quality": choice, "coursera": lambda a, b: choice(a, b, True), "codeU": output,
    "gsm100": lambda a, b: exact(number(a), number(b)), "sci_fi": verdicts, "topic_retrieval_longchat": exact,
    "200_lines": last_number,
}


def score(task, answer, rights, names=()):
    """The best over several right answers."""
    if task in FIRST_LINE:
        answer = answer.lstrip("\n").split("\n")[0]
    if task in ("trec", "lsht"):
        return max(classes(answer, right, names) for right in rights)
    return max(MEASURES[task](answer, right) for right in rights)
