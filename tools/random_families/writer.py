"""Random weights, written twice: as a Hugging Face folder and as the GGUF file that llama.cpp's converter would make.

A tensor of a GGUF file is described by a Row: the Hugging Face tensors it comes from, and the rule that turns one
form into the other. Every rule also knows the way back, written on its own, so that the two files can be checked
against each other without any other program. Weights are small integers times one factor: the same bits wherever
NumPy runs."""

import hashlib
import json
import os
import shutil
import struct

import numpy as np

import gguf_to_hf
import make_random_model

ALIGNMENT = 32


# ---- rules: what happens to a tensor between the two forms ----

class Same:
    def to_gguf(self, parts):
        return parts[0]

    def to_hf(self, x, shapes):
        return [x.reshape(shapes[0])]


class PlusOne(Same):
    """Gemma's norms: Hugging Face adds the 1 when it computes, GGUF holds the sum."""

    def to_gguf(self, parts):
        return parts[0] + np.float32(1)

    def to_hf(self, x, shapes):
        return [x - np.float32(1)]


class Interleaved(Same):
    """llama only: a head's rotated pairs lie side by side in GGUF, half a head apart in Hugging Face."""

    def __init__(self, n_heads):
        self.n_heads = n_heads

    def to_gguf(self, parts):
        return make_random_model.to_interleaved(parts[0], self.n_heads)

    def to_hf(self, x, shapes):
        return [gguf_to_hf.to_half_split(x, self.n_heads)]


class HeadByHead(Same):
    """GPT-NeoX: rows (head, q|k|v, head_dim) become (q|k|v, head, head_dim)."""

    def __init__(self, n_heads):
        self.n_heads = n_heads

    def to_gguf(self, parts):
        x = parts[0]
        return np.concatenate([x.reshape(self.n_heads, 3, -1)[:, i].reshape(-1) for i in range(3)]).reshape(x.shape)

    def to_hf(self, x, shapes):
        return [x.reshape(3, self.n_heads, -1).swapaxes(0, 1).reshape(shapes[0])]


class GroupByGroup(Same):
    """Falcon: rows (kv head, its queries | k | v, head_dim) become all q, all k, all v."""

    def __init__(self, n_heads, n_kv_heads):
        self.n_heads, self.n_kv_heads = n_heads, n_kv_heads

    def to_gguf(self, parts):
        x = parts[0]
        groups = x.reshape(self.n_kv_heads, self.n_heads // self.n_kv_heads + 2, -1)
        split = (groups[:, :-2], groups[:, -2], groups[:, -1])
        return np.concatenate([part.reshape(-1) for part in split]).reshape(x.shape)

    def to_hf(self, x, shapes):
        n, kv = self.n_heads, self.n_kv_heads
        heads = x.reshape(n + 2 * kv, -1)
        rows = []
        for g in range(kv):
            rows += [*heads[n // kv * g:n // kv * (g + 1)], heads[n + g], heads[n + kv + g]]
        return [np.stack(rows).reshape(shapes[0])]


class Joined(Same):
    """Several tensors one below the other."""

    def to_gguf(self, parts):
        return np.concatenate(parts)

    def to_hf(self, x, shapes):
        ends = np.cumsum([shape[0] for shape in shapes])
        return [x[end - shape[0]:end] for end, shape in zip(ends, shapes)]


class Stacked(Joined):
    """One vector for each head: a matrix of them."""

    def to_gguf(self, parts):
        return np.stack(parts)

    def to_hf(self, x, shapes):
        return list(x)


class Row:
    """`hf`: [(name, shape), ...]; `gguf` is None for what only the folder has. Values lie within `spread` of
    `centre`, evenly; "%d" in the names is the layer."""

    def __init__(self, gguf, hf, centre, spread, rule=Same()):
        self.gguf, self.hf, self.centre, self.spread, self.rule = gguf, hf, centre, spread, rule

    def of_layer(self, layer):
        hf = [(name.replace("%d", str(layer)), shape) for name, shape in self.hf]
        return Row(self.gguf and self.gguf.replace("%d", str(layer)), hf, self.centre, self.spread, self.rule)


def expand(rows, n_layers):
    every = [row for row in rows if "%d" not in row.hf[0][0]]
    return every + [row.of_layer(i) for i in range(n_layers) for row in rows if "%d" in row.hf[0][0]]


def draw(rows, seed):
    """Hugging Face name -> float32 array."""
    rng, tensors = np.random.default_rng(seed), {}
    for row in rows:
        for name, shape in row.hf:
            steps = rng.integers(-512, 513, shape).astype(np.float32) / np.float32(512)
            tensors[name] = np.float32(row.centre) + np.float32(row.spread) * steps
    return tensors


# ---- files ----

def write_gguf(path, values, tensors):
    """`tensors`: name -> float32 array."""
    infos, at = bytearray(), 0
    for name, x in tensors.items():
        infos += make_random_model.string(name.encode()) + struct.pack("<I", x.ndim)
        infos += struct.pack("<%dQ" % x.ndim, *x.shape[::-1]) + struct.pack("<IQ", 0, at)
        at += -(-x.nbytes // ALIGNMENT) * ALIGNMENT
    head = struct.pack("<4sIQQ", b"GGUF", 3, len(tensors), values.n) + values.bytes + infos
    with open(path, "wb") as f:
        f.write(head + b"\0" * (-len(head) % ALIGNMENT))
        for x in tensors.values():
            data = np.ascontiguousarray(x, "<f4").tobytes()
            f.write(data + b"\0" * (-len(data) % ALIGNMENT))


def put(values, key, value):
    """In the type that llama.cpp's readers want: counts as u32, the rest as it is."""
    if isinstance(value, bool):
        values.raw(key, make_random_model.BOOL, struct.pack("<?", value))
    elif isinstance(value, int):
        values.u32(key, value)
    elif isinstance(value, float):
        values.f32(key, value)
    else:
        values.text(key, value)


class RandomModel:
    """`meta`: GGUF keys without "<arch>."; `settings`: tensors of the GGUF that stand for
    lists in config.json. `seed` and the spreads of `rows` are chosen so that the likeliest next
    token has a probability above 0.3 at most places."""

    def __init__(self, name, arch, config, meta, n_layers, rows, seed, settings=()):
        self.name, self.arch, self.config, self.meta = name, arch, config, meta
        self.rows, self.seed, self.settings = expand(rows, n_layers), seed, dict(settings)
        self.vocabulary = None

    def use_vocabulary(self, vocabulary):
        """In place of the one that is copied from other files."""
        n, self.vocabulary = len(vocabulary), vocabulary
        for row in self.rows:
            if row.gguf in ("token_embd.weight", "output.weight", "output.bias"):
                row.hf = [(name, (n, *shape[1:])) for name, shape in row.hf]
        self.config.update(vocab_size=n, eos_token_id=vocabulary.eos, bos_token_id=vocabulary.bos)
        if "vocab_size" in self.meta:
            self.meta["vocab_size"] = n

    def set_context(self, n):
        """Another trained window."""
        self.config["max_seq_len" if self.arch == "mpt" else "max_position_embeddings"] = n
        self.meta["context_length"] = n

    def write_folder(self, folder, tokenizer):
        """`tokenizer`: a folder whose tokenizer is copied where the model has none of its own."""
        os.makedirs(folder, exist_ok=True)
        tensors = draw(self.rows, self.seed)
        gguf_to_hf.write_safetensors(os.path.join(folder, "model.safetensors"), tensors)
        self.write_config(folder, self.config)
        if self.vocabulary:
            self.vocabulary.write(folder)
            return
        for name in ("tokenizer.json", "tokenizer_config.json", "generation_config.json"):
            shutil.copyfile(os.path.join(tokenizer, name), os.path.join(folder, name))

    @staticmethod
    def write_config(folder, config):
        with open(os.path.join(folder, "config.json"), "w") as f:
            json.dump(config, f, indent=1)

    def write_gguf(self, path, vocab):
        """`vocab`: a GGUF file whose vocabulary is copied where the model has none of its own."""
        tensors, values, out = draw(self.rows, self.seed), make_random_model.Values(), dict(self.settings)
        put(values, "general.architecture", self.arch)
        # Readers know by this name that Phi-3's special tokens take white space; llama.cpp wants them to be there then.
        put(values, "general.name", "random phi3" if self.vocabulary and self.arch == "phi3" else "random")
        put(values, "general.file_type", 0)
        for key, value in self.meta.items():
            put(values, self.arch + "." + key, value)
        if self.vocabulary:
            self.vocabulary.put(values)
        else:
            make_random_model.copy_vocab(vocab, values)
        for row in self.rows:
            if row.gguf:
                out[row.gguf] = row.rule.to_gguf([tensors[name] for name, _ in row.hf])
        write_gguf(path, values, out)

    def hf_from_gguf(self, path):
        """The Hugging Face tensors that the GGUF file's ones mean; what only the folder has is left out."""
        _, stored = gguf_to_hf.read_gguf(path)
        tensors, stored = {}, {name: x for name, x in stored.items() if name not in self.settings}
        for row in self.rows:
            if row.gguf:
                parts = row.rule.to_hf(stored.pop(row.gguf), [shape for _, shape in row.hf])
                tensors.update(zip((name for name, _ in row.hf), parts))
        if stored:
            raise ValueError("tensors of %s that come from nowhere: %s" % (path, ", ".join(stored)))
        return tensors


def sha256(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()
