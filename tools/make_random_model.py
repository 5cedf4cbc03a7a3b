#!/usr/bin/python3
"""Writes Llama models of any shape with random weights, for tests and benchmarks.

As a Hugging Face folder (float weights; the tokenizer is copied out of another folder), as a GGUF file (the
vocabulary is copied out of another GGUF file), or both: the two then hold the same numbers, the rows of q and k
in the pairing that each format has. Quantised GGUF types draw the blocks themselves, which is fast and enough
for speed measurements; they cannot be written together with a folder.

    make_random_model.py --gguf big.gguf --vocab llama-spm.gguf --type q4_0 --layers 22 --d-model 2048 \\
        --heads 32 --kv-heads 4 --ff 5632 --context 2048
    make_random_model.py --folder small --tokenizer tiny --layers 2 --d-model 64 --heads 4 --ff 96 \\
        --rope-scaling '{"rope_type":"linear","factor":4.0}'
"""
import argparse
import json
import os
import shutil
import struct
import sys

import numpy as np

U32, F32, BOOL, STRING, ARRAY = 4, 6, 7, 8, 9
SCALAR_BYTES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
ALIGNMENT = 32
# name: (GGUF number, elements of a block, bytes of a block, file_type)
TYPES = {"f32": (0, 1, 4, 0), "f16": (1, 1, 2, 1), "q8_0": (8, 32, 34, 7), "q4_0": (2, 32, 18, 2)}


# ---- shapes ----

def tensor_table(a, n_vocab):
    """(GGUF name, HF name, shape, heads whose rows are rotary or 0) of every tensor."""
    q, kv, d, ff = a.heads * a.head_dim, a.kv_heads * a.head_dim, a.d_model, a.ff
    table = [("token_embd.weight", "model.embed_tokens.weight", (n_vocab, d), 0),
             ("output_norm.weight", "model.norm.weight", (d,), 0)]
    if not a.tied:
        table.append(("output.weight", "lm_head.weight", (n_vocab, d), 0))
    layer = [("attn_norm.weight", "input_layernorm.weight", (d,), 0),
             ("attn_q.weight", "self_attn.q_proj.weight", (q, d), a.heads),
             ("attn_k.weight", "self_attn.k_proj.weight", (kv, d), a.kv_heads),
             ("attn_v.weight", "self_attn.v_proj.weight", (kv, d), 0),
             ("attn_output.weight", "self_attn.o_proj.weight", (d, q), 0),
             ("ffn_norm.weight", "post_attention_layernorm.weight", (d,), 0),
             ("ffn_gate.weight", "mlp.gate_proj.weight", (ff, d), 0),
             ("ffn_up.weight", "mlp.up_proj.weight", (ff, d), 0),
             ("ffn_down.weight", "mlp.down_proj.weight", (d, ff), 0)]
    if a.biases:
        layer += [("attn_q.bias", "self_attn.q_proj.bias", (q,), a.heads),
                  ("attn_k.bias", "self_attn.k_proj.bias", (kv,), a.kv_heads),
                  ("attn_v.bias", "self_attn.v_proj.bias", (kv,), 0),
                  ("attn_output.bias", "self_attn.o_proj.bias", (d,), 0)]
    for i in range(a.layers):
        for gguf, hf, shape, heads in layer:
            table.append(("blk.%d.%s" % (i, gguf), "model.layers.%d.%s" % (i, hf), shape, heads))
    return table


def draw(rng, shape, name):
    if len(shape) == 1:
        centre = 1.0 if "norm" in name else 0.0
        return (centre + 0.1 * rng.standard_normal(shape, np.float32)).astype(np.float32)
    return rng.standard_normal(shape, np.float32) * np.float32(shape[1] ** -0.5 * (4 if "embed" in name else 1))


def to_interleaved(values, n_heads):
    """Half-split rows (p, p + r/2) of each head to neighbours (2p, 2p + 1)."""
    rows = values.reshape(n_heads, 2, len(values) // n_heads // 2, -1)
    return rows.swapaxes(1, 2).reshape(values.shape)


# ---- Hugging Face folder ----

def write_folder(a, table, tensors, n_vocab):
    os.makedirs(a.folder, exist_ok=True)
    header, at = {}, 0
    for _, name, shape, _ in table:
        n = 4 * int(np.prod(shape))
        header[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": [at, at + n]}
        at += n
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(os.path.join(a.folder, "model.safetensors"), "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text)
        for _, name, _, _ in table:
            f.write(tensors[name].astype("<f4").tobytes())
    config = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": n_vocab,
              "hidden_size": a.d_model, "intermediate_size": a.ff, "num_hidden_layers": a.layers,
              "num_attention_heads": a.heads, "num_key_value_heads": a.kv_heads, "head_dim": a.head_dim,
              "hidden_act": "silu", "max_position_embeddings": a.context, "rms_norm_eps": 1e-5,
              "rope_theta": a.theta, "rope_scaling": a.rope_scaling, "attention_bias": a.biases,
              "mlp_bias": False, "tie_word_embeddings": a.tied, "torch_dtype": "float32"}
    if a.sliding_window:
        config["sliding_window"] = a.sliding_window
    config.update(a.config)
    with open(os.path.join(a.folder, "config.json"), "w") as f:
        json.dump(config, f, indent=1)
    for name in ("tokenizer.json", "tokenizer_config.json", "generation_config.json"):
        source = os.path.join(a.tokenizer, name)
        if os.path.exists(source):
            shutil.copyfile(source, os.path.join(a.folder, name))


def folder_vocab(folder):
    with open(os.path.join(folder, "tokenizer.json")) as f:
        document = json.load(f)
    ids = list(document["model"]["vocab"].values()) + [t["id"] for t in document.get("added_tokens", [])]
    return max(ids) + 1


# ---- GGUF ----

def string(text):
    return struct.pack("<Q", len(text)) + text


class Values:
    """The key-value part of a GGUF file."""

    def __init__(self):
        self.n, self.bytes = 0, bytearray()

    def raw(self, key, kind, data):
        self.bytes += string(key.encode()) + struct.pack("<I", kind) + data
        self.n += 1

    def u32(self, key, value):
        self.raw(key, U32, struct.pack("<I", value))

    def f32(self, key, value):
        self.raw(key, F32, struct.pack("<f", value))

    def text(self, key, value):
        self.raw(key, STRING, string(value.encode()))


def skip_value(data, at, kind):
    if kind == STRING:
        return at + 8 + struct.unpack_from("<Q", data, at)[0]
    if kind != ARRAY:
        return at + SCALAR_BYTES[kind]
    element, n = struct.unpack_from("<IQ", data, at)
    at += 12
    if element != STRING:
        return at + n * SCALAR_BYTES[element]
    for _ in range(n):
        at += 8 + struct.unpack_from("<Q", data, at)[0]
    return at


def copy_vocab(path, values):
    """Copies every tokenizer.* value; returns the number of tokens."""
    with open(path, "rb") as f:
        data = f.read()
    _, _, _, n_values = struct.unpack_from("<4sIQQ", data, 0)
    at, n_vocab = 24, 0
    for _ in range(n_values):
        n = struct.unpack_from("<Q", data, at)[0]
        key = data[at + 8:at + 8 + n].decode()
        kind = struct.unpack_from("<I", data, at + 8 + n)[0]
        begin = at + 12 + n
        at = skip_value(data, begin, kind)
        if key == "tokenizer.ggml.tokens":
            n_vocab = struct.unpack_from("<IQ", data, begin)[1]
        if key.startswith("tokenizer."):
            values.raw(key, kind, data[begin:at])
    return n_vocab


def put_hparams(values, a, n_vocab):
    values.text("general.architecture", "llama")
    values.text("general.name", "random")
    values.u32("general.quantization_version", 2)
    values.u32("general.file_type", TYPES[a.type][3])
    for key, value in (("vocab_size", n_vocab), ("context_length", a.context), ("embedding_length", a.d_model),
                       ("block_count", a.layers), ("feed_forward_length", a.ff),
                       ("attention.head_count", a.heads), ("attention.head_count_kv", a.kv_heads),
                       ("attention.key_length", a.head_dim), ("attention.value_length", a.head_dim),
                       ("rope.dimension_count", a.head_dim)):
        values.u32("llama." + key, value)
    values.f32("llama.attention.layer_norm_rms_epsilon", 1e-5)
    values.f32("llama.rope.freq_base", a.theta)
    if a.sliding_window:
        values.u32("llama.attention.sliding_window", a.sliding_window)
    if a.rope_scaling:
        if a.rope_scaling.get("rope_type") != "linear":
            sys.exit("--rope-scaling: only linear can be written to GGUF here; write a folder and convert it")
        values.text("llama.rope.scaling.type", "linear")
        values.f32("llama.rope.scaling.factor", a.rope_scaling["factor"])


def random_blocks(rng, shape, kind):
    """Blocks whose values spread like 1 / sqrt(columns): uniform integers, scales within a factor of two."""
    n_blocks, block_bytes = int(np.prod(shape)) // 32, TYPES[kind][2]
    blocks = rng.integers(0, 256, (n_blocks, block_bytes), np.uint8)
    step = shape[1] ** -0.5 / (4.6 if kind == "q4_0" else 73.0)
    scales = (step * rng.uniform(0.7, 1.4, n_blocks)).astype("<f2")
    blocks[:, :2] = scales.view(np.uint8).reshape(-1, 2)
    return blocks


def write_gguf(a, table, tensors, n_vocab, values, rng):
    infos, at = bytearray(), 0
    kinds = [a.type if len(shape) == 2 else "f32" for _, _, shape, _ in table]
    for (name, _, shape, _), kind in zip(table, kinds):
        number, block, block_bytes, _ = TYPES[kind]
        infos += string(name.encode()) + struct.pack("<I", len(shape))
        infos += struct.pack("<%dQ" % len(shape), *shape[::-1]) + struct.pack("<IQ", number, at)
        at += -(-int(np.prod(shape)) // block * block_bytes // ALIGNMENT) * ALIGNMENT
    head = struct.pack("<4sIQQ", b"GGUF", 3, len(table), values.n) + values.bytes + infos
    with open(a.gguf, "wb") as f:
        f.write(head + b"\0" * (-len(head) % ALIGNMENT))
        for (_, hf, shape, heads), kind in zip(table, kinds):
            if kind in ("q4_0", "q8_0"):
                data = random_blocks(rng, shape, kind).tobytes()
            else:
                x = tensors[hf] if tensors else draw(rng, shape, hf)
                x = to_interleaved(x, heads) if heads else x
                data = x.astype("<f4" if kind == "f32" else "<f2").tobytes()
            f.write(data + b"\0" * (-len(data) % ALIGNMENT))


# ---- command line ----

def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--folder", help="write a Hugging Face folder")
    p.add_argument("--tokenizer", metavar="FOLDER", help="where its tokenizer.json is copied from")
    p.add_argument("--gguf", help="write a GGUF file")
    p.add_argument("--vocab", metavar="FILE.gguf", help="where its vocabulary is copied from")
    p.add_argument("--type", choices=sorted(TYPES), default="f32", help="of the GGUF file's matrices")
    p.add_argument("--vocab-size", type=int, help="rows of the embedding; default: the tokens there are")
    for name, value in (("layers", 2), ("d-model", 64), ("heads", 4), ("kv-heads", 2), ("ff", 96),
                        ("context", 256), ("seed", 1), ("sliding-window", 0)):
        p.add_argument("--" + name, type=int, default=value)
    p.add_argument("--head-dim", type=int)
    p.add_argument("--theta", type=float, default=10000.0)
    p.add_argument("--rope-scaling", type=json.loads, help="JSON, as in config.json")
    p.add_argument("--config", type=json.loads, default={}, help="JSON: further members of the folder's config.json")
    p.add_argument("--biases", action="store_true")
    p.add_argument("--tied", action="store_true")
    a = p.parse_args()
    a.head_dim = a.head_dim or a.d_model // a.heads
    if not a.folder and not a.gguf:
        p.error("nothing to write: give --folder or --gguf")
    if a.folder and not a.tokenizer or a.gguf and not a.vocab:
        p.error("--folder needs --tokenizer, --gguf needs --vocab")
    if a.folder and a.type.startswith("q"):
        p.error("a folder holds float weights: --type f32 or f16")
    return a


def main():
    a = arguments()
    rng = np.random.default_rng(a.seed)
    values, counts = Values(), []
    if a.gguf:
        counts.append(copy_vocab(a.vocab, values))
    if a.folder:
        counts.append(folder_vocab(a.tokenizer))
    n_vocab = a.vocab_size or max(counts)
    table = tensor_table(a, n_vocab)
    tensors = {hf: draw(rng, shape, hf) for _, hf, shape, _ in table} if a.folder else None
    if a.folder:
        write_folder(a, table, tensors, n_vocab)
    if a.gguf:
        put_hparams(values, a, n_vocab)
        write_gguf(a, table, tensors, n_vocab, values, rng)
    return 0


if __name__ == "__main__":
    sys.exit(main())
