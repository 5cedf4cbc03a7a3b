#!/usr/bin/env python3
"""Writes the seeds of fuzz_gguf, fuzz_safetensors and fuzz_hf_config: small right files, one idea each, from
which the fuzzer starts.

usage: make_seeds.py CORPUS_FOLDER"""

import json
import os
import struct
import sys

U8, I8, U16, I16, U32, I32, F32, BOOL, STRING, ARRAY, U64, I64, F64 = range(13)
FORMATS = {U8: "B", I8: "b", U16: "H", I16: "h", U32: "I", I32: "i", F32: "f", BOOL: "?", U64: "Q", I64: "q", F64: "d"}


def text(value):
    value = value.encode()
    return struct.pack("<Q", len(value)) + value


def scalar(kind, value):
    return text(value) if kind == STRING else struct.pack("<" + FORMATS[kind], value)


def gguf(values, tensors, version=3, alignment=32):
    """values: (key, type, value or list); tensors: (name, type, dims fastest first, n_bytes)."""
    head = b"GGUF" + struct.pack("<IQQ", version, len(tensors), len(values))
    for key, kind, value in values:
        if isinstance(value, list):
            head += text(key) + struct.pack("<IIQ", ARRAY, kind, len(value)) + b"".join(scalar(kind, v) for v in value)
        else:
            head += text(key) + struct.pack("<I", kind) + scalar(kind, value)
    data = b""
    for name, kind, dims, n_bytes in tensors:
        data += bytes(-len(data) % alignment)
        head += text(name) + struct.pack("<I", len(dims)) + b"".join(struct.pack("<Q", d) for d in dims)
        head += struct.pack("<IQ", kind, len(data))
        data += bytes(i % 251 for i in range(n_bytes))
    return head + bytes(-len(head) % alignment) + data


LLAMA = [
    ("general.architecture", STRING, "llama"), ("llama.context_length", U32, 256), ("llama.embedding_length", U32, 64),
    ("llama.block_count", U32, 2), ("llama.feed_forward_length", U32, 128), ("llama.attention.head_count", U32, 4),
    ("llama.attention.head_count_kv", U32, 2), ("llama.attention.layer_norm_rms_epsilon", F32, 1e-5),
    ("llama.rope.freq_base", F32, 10000.0), ("llama.rope.dimension_count", U32, 16)]
TOKENIZER = [
    ("tokenizer.ggml.model", STRING, "llama"), ("tokenizer.ggml.tokens", STRING, ["<unk>", "<s>", "</s>", "<0x0A>", "a"]),
    ("tokenizer.ggml.scores", F32, [0.0, 0.0, 0.0, 0.0, -1.0]), ("tokenizer.ggml.token_type", I32, [2, 3, 3, 6, 1]),
    ("tokenizer.ggml.bos_token_id", U32, 1), ("tokenizer.ggml.add_bos_token", BOOL, True)]

GGUF_SEEDS = {
    "empty": gguf([], []),
    "version2": gguf(LLAMA[:2], [("t", 0, [4], 16)], version=2),
    "scalars": gguf([("v%d" % kind, kind, "x" if kind == STRING else 1) for kind in range(13) if kind != ARRAY], []),
    "arrays": gguf([("a%d" % kind, kind, ["x", ""] if kind == STRING else [1, 0]) for kind in range(13) if kind != ARRAY], []),
    "tensors": gguf([("general.alignment", U32, 8)], [
        ("f32", 0, [1, 2, 1, 2], 16), ("f16", 1, [3, 2], 12), ("bf16", 30, [3], 6), ("q8_0", 8, [32, 2], 68),
        ("q4_0", 2, [32], 18), ("q4_k", 12, [256], 144), ("q5_k", 13, [256], 176), ("q6_k", 14, [256], 210)], alignment=8),
    "llama": gguf(LLAMA + TOKENIZER, [("token_embd.weight", 1, [8, 5], 80), ("output_norm.weight", 0, [8], 32)]),
    "yarn": gguf(LLAMA + [("llama.rope.scaling.type", STRING, "yarn"), ("llama.rope.scaling.factor", F32, 4.0),
                          ("llama.rope.scaling.original_context_length", U32, 64),
                          ("llama.attention.sliding_window", U32, 128)], []),
    "split": gguf([("split.no", U16, 0), ("split.count", U16, 2), ("split.tensors.count", I32, 1)], [("t", 0, [1], 4)]),
}


def safetensors(tensors, metadata=None):
    """tensors: (name, dtype, shape, n_bytes)."""
    header, at = ({"__metadata__": metadata} if metadata else {}), 0
    for name, dtype, shape, n_bytes in tensors:
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at + n_bytes]}
        at += n_bytes
    head = json.dumps(header, separators=(",", ":")).encode()
    head += b" " * (-len(head) % 8)
    return struct.pack("<Q", len(head)) + head + bytes(at)


SAFETENSORS_SEEDS = {
    "empty": safetensors([]),
    "llama": safetensors([("model.embed_tokens.weight", "F32", [4, 2], 32), ("model.norm.weight", "BF16", [2], 4),
                          ("lm_head.weight", "F16", [4, 2], 16)], {"format": "pt"}),
    "ranks": safetensors([("r0", "F32", [], 4), ("r4", "F16", [1, 2, 1, 2], 8), ("r5", "F32", [1] * 5, 4), ("z", "F32", [0], 0)]),
    "dtypes": safetensors([("i64", "I64", [1], 8), ("f8", "F8_E4M3", [2], 2), ("f4", "F4", [4], 2), ("bool", "BOOL", [3], 3)]),
}

CONFIG = {
    "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 64, "intermediate_size": 128,
    "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 512,
    "max_position_embeddings": 256, "rms_norm_eps": 1e-05, "rope_theta": 10000.0, "tie_word_embeddings": True}
LLAMA3 = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
          "original_max_position_embeddings": 64}
HF_CONFIG_SEEDS = {
    "llama": json.dumps(CONFIG),
    "llama3": json.dumps(dict(CONFIG, rope_scaling=LLAMA3, head_dim=32)),
    "linear": json.dumps(dict(CONFIG, rope_scaling={"type": "linear", "factor": 2.0})),
    "yarn": json.dumps(dict(CONFIG, rope_parameters={"rope_type": "yarn", "factor": 4.0, "rope_theta": 1e6,
                                                     "original_max_position_embeddings": 64})),
    "mistral": json.dumps(dict(CONFIG, model_type="mistral", sliding_window=128, attention_bias=True)),
    "index": json.dumps({"metadata": {"total_size": 52}, "weight_map": {
        "lm_head.weight": "model-00002-of-00002.safetensors", "model.norm.weight": "model-00001-of-00002.safetensors"}}),
}


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    for name, seeds in (("gguf", GGUF_SEEDS), ("safetensors", SAFETENSORS_SEEDS), ("hf_config", HF_CONFIG_SEEDS)):
        folder = os.path.join(sys.argv[1], name)
        os.makedirs(folder, exist_ok=True)
        for seed, data in seeds.items():
            with open(os.path.join(folder, seed), "wb") as f:
                f.write(data.encode() if isinstance(data, str) else data)


if __name__ == "__main__":
    main()
