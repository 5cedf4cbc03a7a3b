#!/usr/bin/env python3
"""Logits of a small Llama Hugging Face folder (one F32 safetensors file) in float64, straight from the
formulas: whole score matrices, no cache, no tiles. What the library computes is held against this.

usage: reference_logits.py FOLDER CASES.json OUT_FOLDER
Every case has `file`, `prompt_ids`, `positions` [first, end) and `method`: {"kind": "vanilla"} or
{"kind": "selfextend", "G": group, "W": window}. Writes float32 arrays (end - first, n_vocab)."""

import json
import os
import struct
import sys

import numpy as np


def read_folder(folder):
    with open(os.path.join(folder, "config.json")) as f:
        config = json.load(f)
    with open(os.path.join(folder, "model.safetensors"), "rb") as f:
        data = f.read()
    (n,) = struct.unpack_from("<Q", data)
    weights = {}
    for name, entry in json.loads(data[8:8 + n]).items():
        if name != "__metadata__":
            assert entry["dtype"] == "F32"
            first, end = entry["data_offsets"]
            weights[name] = np.frombuffer(data, "<f4", (end - first) // 4, 8 + n + first).reshape(
                entry["shape"]).astype(np.float64)
    return config, weights


def rms_norm(x, weight, eps):
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + eps) * weight


def rotate(x, pos, theta):
    """x (heads, n, head_dim) turned to positions pos (n); pairs are half a head apart."""
    half = x.shape[-1] // 2
    angle = np.asarray(pos, np.float64)[:, None] * theta ** (-np.arange(half) / half)
    cos, sin, a, b = np.cos(angle), np.sin(angle), x[..., :half], x[..., half:]
    return np.concatenate([a * cos - b * sin, b * cos + a * sin], -1)


def scores(q, k, method, theta):
    """(heads, n, n), unscaled; the future is not yet hidden."""
    i = np.arange(q.shape[1])
    near = rotate(q, i, theta) @ rotate(k, i, theta).swapaxes(1, 2)
    if method["kind"] == "vanilla":
        return near
    group, window = method["G"], method["W"]
    far = rotate(q, i // group + window - window // group, theta) @ rotate(k, i // group, theta).swapaxes(1, 2)
    return np.where(i[:, None] - i[None, :] < window, near, far)


def attention(x, weights, layer, config, method):
    n, heads, kv_heads, dim = len(x), *(config[key] for key in ("num_attention_heads", "num_key_value_heads", "head_dim"))
    project = lambda which, count: (x @ weights[layer + "self_attn.%s_proj.weight" % which].T).reshape(
        n, count, dim).swapaxes(0, 1)
    q = project("q", heads)
    k, v = (np.repeat(project(which, kv_heads), heads // kv_heads, 0) for which in "kv")
    s = scores(q, k, method, config["rope_theta"]) / np.sqrt(dim)
    s = np.where(np.tri(n, dtype=bool), s, -np.inf)
    p = np.exp(s - s.max(-1, keepdims=True))
    mixed = (p / p.sum(-1, keepdims=True)) @ v
    return mixed.swapaxes(0, 1).reshape(n, heads * dim) @ weights[layer + "self_attn.o_proj.weight"].T


def logits(config, weights, ids, method):
    """(n, n_vocab)"""
    eps = config["rms_norm_eps"]
    x = weights["model.embed_tokens.weight"][ids]
    for i in range(config["num_hidden_layers"]):
        layer = "model.layers.%d." % i
        x = x + attention(rms_norm(x, weights[layer + "input_layernorm.weight"], eps), weights, layer, config, method)
        h = rms_norm(x, weights[layer + "post_attention_layernorm.weight"], eps)
        gate, up = (h @ weights[layer + "mlp.%s_proj.weight" % which].T for which in ("gate", "up"))
        x = x + (gate / (1 + np.exp(-gate)) * up) @ weights[layer + "mlp.down_proj.weight"].T
    x = rms_norm(x, weights["model.norm.weight"], eps)
    return x @ weights.get("lm_head.weight", weights["model.embed_tokens.weight"]).T


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    config, weights = read_folder(sys.argv[1])
    with open(sys.argv[2]) as f:
        cases = json.load(f)
    for case in cases:
        first, end = case["positions"]
        out = logits(config, weights, case["prompt_ids"], case["method"])[first:end].astype("<f4")
        path = os.path.join(sys.argv[3], case["file"])
        os.makedirs(os.path.dirname(path), exist_ok=True)
        np.save(path, out)


if __name__ == "__main__":
    main()
