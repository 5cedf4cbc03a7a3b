#!/usr/bin/env python3
"""Writes the Hugging Face folder that a small Llama GGUF (F32 and F16 tensors) came from: model.safetensors
in F32 and config.json. The tests use it to read one model through both formats.

usage: gguf_to_hf.py MODEL.gguf FOLDER"""

import json
import os
import struct
import sys

import numpy as np

SCALARS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}
DTYPES = {0: np.dtype("<f4"), 1: np.dtype("<f2")}
LAYER_NAMES = {
    "attn_norm": "input_layernorm", "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj", "attn_output": "self_attn.o_proj", "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj",
}
NAMES = {"token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head"}


class Reader:
    def __init__(self, data):
        self.data, self.pos = data, 0

    def scalar(self, form):
        (value,) = struct.unpack_from(form, self.data, self.pos)
        self.pos += struct.calcsize(form)
        return value

    def text(self):
        n = self.scalar("<Q")
        self.pos += n
        return self.data[self.pos - n:self.pos].decode("utf-8", "surrogateescape")

    def value(self, kind):
        if kind == 8:
            return self.text()
        if kind == 9:
            kind, n = self.scalar("<I"), self.scalar("<Q")
            return [self.value(kind) for _ in range(n)]
        return self.scalar(SCALARS[kind])


def read_gguf(path):
    """(metadata, {name: array in rows, columns})"""
    with open(path, "rb") as f:
        r = Reader(f.read())
    magic, version, n_tensors, n_values = r.data[:4], *struct.unpack_from("<IQQ", r.data, 4)
    assert magic == b"GGUF" and version in (2, 3), "not a GGUF file of version 2 or 3"
    r.pos = 24
    meta = {}
    for _ in range(n_values):
        key = r.text()
        meta[key] = r.value(r.scalar("<I"))
    places = []
    for _ in range(n_tensors):
        name = r.text()
        dims = [r.scalar("<Q") for _ in range(r.scalar("<I"))]
        places.append((name, dims[::-1], DTYPES[r.scalar("<I")], r.scalar("<Q")))
    align = meta.get("general.alignment", 32)
    start = -(-r.pos // align) * align
    return meta, {name: np.frombuffer(r.data, dtype, int(np.prod(dims)), start + offset).reshape(dims)
                  for name, dims, dtype, offset in places}


def to_half_split(weight, n_heads):
    """GGUF keeps a head's rotated pairs side by side, Hugging Face keeps them half a head apart."""
    rows, columns = weight.shape
    return weight.reshape(n_heads, rows // n_heads // 2, 2, columns).swapaxes(1, 2).reshape(rows, columns)


def hf_tensors(meta, tensors):
    arch = meta["general.architecture"]
    heads = {"attn_q": meta[arch + ".attention.head_count"], "attn_k": meta[arch + ".attention.head_count_kv"]}
    out = {}
    for name, array in tensors.items():
        array = array.astype("<f4")
        parts = name.split(".")
        if parts[0] == "blk":
            if parts[2] in heads:
                array = to_half_split(array, heads[parts[2]])
            out["model.layers.%s.%s.weight" % (parts[1], LAYER_NAMES[parts[2]])] = array
        else:
            out[NAMES[parts[0]] + ".weight"] = array
    return out


def hf_config(meta, tensors):
    arch = meta["general.architecture"]
    get = lambda key: meta[arch + "." + key]
    return {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama",
        "vocab_size": len(meta["tokenizer.ggml.tokens"]), "hidden_size": get("embedding_length"),
        "intermediate_size": get("feed_forward_length"), "num_hidden_layers": get("block_count"),
        "num_attention_heads": get("attention.head_count"), "num_key_value_heads": get("attention.head_count_kv"),
        "head_dim": get("embedding_length") // get("attention.head_count"), "hidden_act": "silu",
        "max_position_embeddings": get("context_length"),
        "rms_norm_eps": float("%.6g" % get("attention.layer_norm_rms_epsilon")),
        "rope_theta": meta.get(arch + ".rope.freq_base", 10000.0), "rope_scaling": None, "attention_bias": False,
        "tie_word_embeddings": "output.weight" not in tensors,
        "bos_token_id": meta["tokenizer.ggml.bos_token_id"], "eos_token_id": meta["tokenizer.ggml.eos_token_id"],
        "torch_dtype": "float32",
    }


def write_safetensors(path, tensors):
    header, offset = {}, 0
    for name, array in tensors.items():
        header[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": [offset, offset + array.nbytes]}
        offset += array.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text)
        for array in tensors.values():
            f.write(np.ascontiguousarray(array).tobytes())


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    meta, tensors = read_gguf(sys.argv[1])
    folder = sys.argv[2]
    os.makedirs(folder, exist_ok=True)
    write_safetensors(os.path.join(folder, "model.safetensors"), hf_tensors(meta, tensors))
    with open(os.path.join(folder, "config.json"), "w") as f:
        json.dump(hf_config(meta, tensors), f, indent=1)
        f.write("\n")


if __name__ == "__main__":
    main()
