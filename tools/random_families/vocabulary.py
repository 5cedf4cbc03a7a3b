"""A vocabulary in both forms, from GGUF's keys: tokenizer.ggml.* and the tokenizer.json that means the same. And which
vocabulary and chat template a family has."""

import json
import os
import struct
from collections import Counter

import gguf_to_hf
from make_random_model import ARRAY, BOOL, F32, STRING, U32, string

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
I32 = 5
NORMAL, UNKNOWN, CONTROL, USER_DEFINED, BYTE = 1, 2, 3, 4, 6
SPACE = "\u2581"
# A family's own vocabulary among files that hold nothing else: StableLM and MPT took GPT-NeoX's, Phi-2 took GPT-2's;
# Mistral's is another of the type of Llama 2's. Of Gemma and Falcon there is none.
FILES = {"llama": "llama-bpe", "mistral": "llama-spm", "qwen2": "qwen2", "qwen3": "qwen2", "phi3": "phi-3",
         "gptneox": "gpt-neox", "phi": "gpt-2", "stablelm": "gpt-neox", "mpt": "gpt-neox"}
# Of tests/golden/chat.json. The other families' files have none.
CHATS = {"llama": "llama3", "mistral": "mistral v1", "qwen2": "chatml with a default system text",
         "qwen3": "chatml plain", "phi3": "phi3", "gemma": "gemma", "gemma2": "gemma", "gemma3": "gemma",
         "stablelm": "zephyr", "mpt": "chatml plain"}
LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|"
          r"\s+(?!\S)|\s+")
SPLITS = {"llama-bpe": LLAMA3, "qwen2": LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")}


def chat_of(family):
    """The golden row (template, cases) or None; `family` with or without its variant."""
    with open(os.path.join(SOURCE, "tests", "golden", "chat.json"), encoding="utf-8") as f:
        rows = {row["name"]: row for row in json.load(f)}
    return rows.get(CHATS.get(family.split("_")[0]))


def of_family(family, folder):
    """`folder` holds the files of FILES. None: a family of which there is none, and no small one that would do better
    than the sample model's, which is of the same type."""
    family = family.split("_")[0]
    chat = chat_of(family)
    if family in FILES:
        keys = gguf_to_hf.read_gguf(os.path.join(folder, FILES[family] + ".gguf"))[0]
    elif family.startswith("gemma"):
        keys = small_sentencepiece(os.path.join(SOURCE, "models", "PrideAndPrejudice.txt"))
    else:
        return None
    return Vocabulary(keys, chat and chat["template"])


def small_sentencepiece(path, n_pieces=500):
    """As Gemma's: pieces by score, bytes for what has none, no space in front. Joined by frequency in a text."""
    with open(path, encoding="utf-8") as f:
        words = Counter((SPACE + word for word in f.read(60000).split()))
    split, pieces = {word: list(word) for word in words}, []
    while len(pieces) < n_pieces:
        pairs = Counter()
        for word, parts in split.items():
            for pair in zip(parts, parts[1:]):
                pairs[pair] += words[word]
        (left, right), _ = max(pairs.items(), key=lambda item: (item[1], item[0]))
        pieces.append(left + right)
        split = {word: join(parts, left, right) for word, parts in split.items()}
    singles = sorted({c for word in words for c in word})
    special = ["<pad>", "<eos>", "<bos>", "<unk>", "<start_of_turn>", "<end_of_turn>"]
    ranked = list(dict.fromkeys(pieces + singles))
    keys = {"model": "llama", "pre": "default", "bos_token_id": 2, "eos_token_id": 1, "unknown_token_id": 3,
            "padding_token_id": 0, "add_bos_token": True, "add_space_prefix": False,
            "tokens": special + ["<0x%02X>" % b for b in range(256)] + ranked,
            "scores": [0.0] * (len(special) + 256) + [-float(i) for i in range(len(ranked))],
            "token_type": ([UNKNOWN if t == "<unk>" else CONTROL for t in special] + [BYTE] * 256 +
                           [NORMAL] * len(ranked))}
    return {"tokenizer.ggml." + key: value for key, value in keys.items()}


def join(parts, left, right):
    out = []
    for part in parts:
        if out and out[-1] == left and part == right:
            out[-1] += part
        else:
            out.append(part)
    return out


def packed(value, of_list=False):
    """Its GGUF number and bytes: ids are unsigned, the types in a list of them are not."""
    if isinstance(value, bool):
        return BOOL, struct.pack("<?", value)
    if isinstance(value, int):
        return (I32 if of_list else U32), struct.pack("<I", value)
    if isinstance(value, float):
        return F32, struct.pack("<f", value)
    return STRING, string(value.encode("utf-8", "surrogateescape"))


class Vocabulary:
    def __init__(self, keys, chat_template=None):
        """`keys` of a whole GGUF file; `chat_template` in place of the file's."""
        self.keys = {key: value for key, value in keys.items() if key.startswith("tokenizer.")}
        if chat_template:
            self.keys["tokenizer.chat_template"] = chat_template
        self.tokens, self.types = self["tokens"], self["token_type"]
        self.is_byte_level = self["model"] == "gpt2"
        self.bos, self.eos = self["bos_token_id"], self["eos_token_id"]
        self.adds_bos = self["add_bos_token"] or False

    def __getitem__(self, name):
        return self.keys.get("tokenizer.ggml." + name)

    def __len__(self):
        return len(self.tokens)

    def put(self, values):
        for key, value in self.keys.items():
            if isinstance(value, list):
                kind, elements = packed(value[0], True)[0], b"".join(packed(v)[1] for v in value)
                values.raw(key, ARRAY, struct.pack("<IQ", kind, len(value)) + elements)
            else:
                values.raw(key, *packed(value))

    # ---- the other form ----

    def merges(self):
        """SentencePiece joins what makes the piece of the highest score: a rank for every way to make it."""
        if self.is_byte_level:
            return self["merges"]
        rank = {t: -score for t, score, kind in zip(self.tokens, self["scores"], self.types) if kind == NORMAL}
        pairs = [(order, t[:i], t[i:]) for t, order in rank.items() for i in range(1, len(t))
                 if t[:i] in rank and t[i:] in rank]
        return [[left, right] for _, left, right in sorted(pairs, key=lambda pair: pair[0])]

    def steps(self):
        """normalizer and pre_tokenizer."""
        if not self.is_byte_level:
            replace = {"type": "Replace", "pattern": {"String": " "}, "content": SPACE}
            if self["add_space_prefix"] is False:
                return replace, None
            return {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": SPACE}, replace]}, None
        level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
        pattern = SPLITS.get(self["pre"])
        if not pattern:
            return None, level
        split = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}
        level["use_regex"] = False
        return None, {"type": "Sequence", "pretokenizers": [split, level]}

    def added(self):
        """Phi-3's markers take the white space behind them."""
        strips = "<|end|>" in self.tokens
        return [{"id": i, "content": t, "single_word": False, "lstrip": False, "normalized": False,
                 "rstrip": strips and t not in ("<unk>", "<s>", "<|endoftext|>"), "special": kind != USER_DEFINED}
                for i, (t, kind) in enumerate(zip(self.tokens, self.types)) if kind in (UNKNOWN, CONTROL, USER_DEFINED)]

    def write(self, folder):
        """tokenizer.json, tokenizer_config.json, generation_config.json."""
        normalizer, pre_tokenizer = self.steps()
        unknown = self["unknown_token_id"]
        model = {"type": "BPE", "byte_fallback": not self.is_byte_level, "fuse_unk": not self.is_byte_level,
                 "unk_token": None if self.is_byte_level or unknown is None else self.tokens[unknown],
                 "ignore_merges": self["pre"] == "llama-bpe",
                 "vocab": {t: i for i, (t, kind) in enumerate(zip(self.tokens, self.types)) if kind != USER_DEFINED},
                 "merges": self.merges()}
        document = {"version": "1.0", "added_tokens": self.added(), "normalizer": normalizer,
                    "pre_tokenizer": pre_tokenizer, "post_processor": None, "decoder": None, "model": model}
        settings = {"add_bos_token": self.adds_bos, "eos_token": self.tokens[self.eos],
                    "bos_token": None if self.bos is None else self.tokens[self.bos]}
        if "tokenizer.chat_template" in self.keys:
            settings["chat_template"] = self.keys["tokenizer.chat_template"]
        for name, value in (("tokenizer.json", document), ("tokenizer_config.json", settings),
                            ("generation_config.json", {"eos_token_id": self.eos})):
            with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
                json.dump(value, f, ensure_ascii=False)
