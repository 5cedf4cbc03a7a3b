#!/usr/bin/python3
"""A Llama-family forward pass in float64 NumPy, from the definition: the oracle for models of any shape.

Reads a Hugging Face folder (config.json, safetensors). Attention is computed from the full matrix of relative
positions delta[i, j] = P(i) - Q(j) and the matrix visible[i, j], so every long-context plan (position_plans.py) is a
pair of matrices and nothing else, or changes the rotary frequencies. Covers grouped-query heads, biases, a head width
apart from d_model, partial rotary embeddings, every scaling of them, a sliding window, tied and untied outputs.

    llama_forward.py FOLDER --tokens 1,2,3 [--plan self-extend:group=8,window=64] [--all] -o LOGITS.npy
    llama_forward.py FOLDER --tokens 1,2,3 --generate 16
"""
import argparse
import json
import math
import os
import sys

import numpy as np

import position_plans
from position_plans import F, SCALINGS, plan_none


# ---- files ----

def read_safetensors(path):
    """name -> float64 array."""
    with open(path, "rb") as f:
        data = f.read()
    n_header = int.from_bytes(data[:8], "little")
    header = json.loads(data[8:8 + n_header])
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        begin, end = entry["data_offsets"]
        raw = data[8 + n_header + begin:8 + n_header + end]
        if entry["dtype"] == "BF16":
            values = (np.frombuffer(raw, "<u2").astype(np.uint32) << 16).view(np.float32)
        else:
            values = np.frombuffer(raw, {"F32": "<f4", "F16": "<f2", "F64": "<f8"}[entry["dtype"]])
        tensors[name] = values.astype(F).reshape(entry["shape"])
    return tensors


def read_folder(folder):
    with open(os.path.join(folder, "config.json")) as f:
        config = json.load(f)
    index = os.path.join(folder, "model.safetensors.index.json")
    shards = ["model.safetensors"]
    if os.path.exists(index):
        with open(index) as f:
            shards = sorted(set(json.load(f)["weight_map"].values()))
    tensors = {}
    for shard in shards:
        tensors.update(read_safetensors(os.path.join(folder, shard)))
    return config, tensors


# ---- rotary frequencies ----

def yarn_scale(factor, weight=1.0):
    return 1.0 if factor <= 1 else 0.1 * weight * math.log(factor) + 1.0


def yarn_frequencies(theta, base, s, context):
    n_rot = 2 * len(theta)
    original = s.get("original_max_position_embeddings") or context

    def pair_with(turns):
        return n_rot * math.log(original / (turns * 2 * math.pi)) / (2 * math.log(base))

    low, high = pair_with(s.get("beta_fast") or 32), pair_with(s.get("beta_slow") or 1)
    if s.get("truncate", True):
        low, high = math.floor(low), math.ceil(high)
    low, high = max(low, 0), min(high, n_rot - 1)
    if low == high:
        high += 0.001
    interpolated = np.clip((np.arange(len(theta)) - low) / (high - low), 0, 1)
    return theta * (1 - interpolated) + theta / s["factor"] * interpolated


def yarn_attention_scale(s):
    if s.get("attention_factor") is not None:
        return s["attention_factor"]
    if s.get("mscale") and s.get("mscale_all_dim"):
        return yarn_scale(s["factor"], s["mscale"]) / yarn_scale(s["factor"], s["mscale_all_dim"])
    return yarn_scale(s["factor"])


def llama3_frequencies(theta, s, context):
    original = s.get("original_max_position_embeddings") or context
    low, high = s["low_freq_factor"], s["high_freq_factor"]
    turns = original * theta / (2 * math.pi)
    kept = np.clip((turns - low) / (high - low), 0, 1)
    return theta * (kept + (1 - kept) / s["factor"])


def powers(base, n_rot):
    return F(base) ** (-np.arange(0, n_rot, 2, dtype=F) / n_rot)


def dynamic_base(base, n_rot, s, context, n):
    original = s.get("original_max_position_embeddings") or context
    return base * (s["factor"] * max(n, original) / original - (s["factor"] - 1)) ** (n_rot / (n_rot - 2))


def longrope(theta, s, config, n):
    """theta and the scale: the list follows the length n."""
    context = config["max_position_embeddings"]
    original = s.get("original_max_position_embeddings") or config.get("original_max_position_embeddings") or context
    factor = s.get("factor") or context / original
    scale = s.get("attention_factor")
    if scale is None:
        scale = 1.0 if factor <= 1 else math.sqrt(1 + math.log(factor) / math.log(original))
    return theta / np.array(s["long_factor" if n > original else "short_factor"], F), scale


def rope_block(config):
    return config.get("rope_parameters") or config.get("rope_scaling") or {}


def frequencies(config, head_dim, n, block=None):
    """theta (n_rot / 2) and the factor on cos and sin for n tokens. `block`: a plan's, in place of the file's."""
    own = rope_block(config)
    part = own.get("partial_rotary_factor", config.get("partial_rotary_factor", 1.0))
    n_rot = int(head_dim * part)
    s = own if block is None else block
    base = s.get("rope_theta", own.get("rope_theta", config.get("rope_theta", 10000.0)))
    theta = powers(base, n_rot)
    kind, context = s.get("rope_type", s.get("type", "default")), config["max_position_embeddings"]
    if kind == "default":
        return theta, 1.0
    if kind == "linear":
        return theta / s["factor"], 1.0
    if kind == "ntk":
        return powers(base * s["factor"] ** (n_rot / (n_rot - 2)), n_rot), 1.0
    if kind == "ntk-mixed":
        a = math.log(s["factor"]) / (n_rot / 2) ** s["power"]
        return theta * np.exp(-a * (np.arange(n_rot // 2) + 1.0) ** s["power"]), 1.0
    if kind == "dynamic":
        return powers(dynamic_base(base, n_rot, s, context, n), n_rot), 1.0
    if kind == "llama3":
        return llama3_frequencies(theta, s, context), 1.0
    if kind == "yarn":
        return yarn_frequencies(theta, base, s, context), yarn_attention_scale(s)
    if kind in ("longrope", "su"):
        return longrope(theta, s, config, n)
    raise ValueError("rope scaling " + kind)


# A scaling plan's parameters, as config.json calls them.
KEYS = {"base": "rope_theta", "original": "original_max_position_embeddings", "low": "low_freq_factor",
        "high": "high_freq_factor"}


def plan_block(config, name, options):
    """It takes the place of the file's own, and stretches the window that the file names as the original one."""
    kind, defaults = SCALINGS[name]
    own, block = rope_block(config), {"rope_type": kind, **defaults}
    original = own.get("original_max_position_embeddings") or config.get("original_max_position_embeddings")
    if original:
        block["original_max_position_embeddings"] = original
    if "base" in options and "factor" not in options:
        block["factor"] = 1.0
    block.update({KEYS.get(key, key): float(value) for key, value in options.items()})
    return block


# ---- the model ----

class Llama:
    def __init__(self, folder):
        self.config, self.w = read_folder(folder)
        c = self.config
        self.n_heads = c["num_attention_heads"]
        self.n_kv_heads = c.get("num_key_value_heads") or self.n_heads
        self.head_dim = c.get("head_dim") or c["hidden_size"] // self.n_heads
        self.window = c.get("sliding_window") or 0
        if c.get("use_sliding_window") is False:
            self.window = 0

    def norm(self, x, name):
        return x / np.sqrt((x * x).mean(-1, keepdims=True) + self.config["rms_norm_eps"]) * self.w[name]

    def linear(self, x, name):
        y = x @ self.w[name + ".weight"].T
        return y + self.w[name + ".bias"] if name + ".bias" in self.w else y

    def scores(self, q, k, cos, sin):
        """q, k (n, head_dim), cos, sin (n_rot / 2, n, n) -> (n, n)."""
        half = len(cos)
        s = q[:, 2 * half:] @ k[:, 2 * half:].T
        for p in range(half):
            qa, qb, ka, kb = q[:, p], q[:, p + half], k[:, p], k[:, p + half]
            s += (np.outer(qa, ka) + np.outer(qb, kb)) * cos[p] - (np.outer(qb, ka) - np.outer(qa, kb)) * sin[p]
        return s / math.sqrt(self.head_dim)

    def attention(self, x, layer, cos, sin, visible, temperature):
        name = "model.layers.%d.self_attn." % layer
        n, d = len(x), self.head_dim
        q = self.linear(x, name + "q_proj").reshape(n, self.n_heads, d)
        k = self.linear(x, name + "k_proj").reshape(n, self.n_kv_heads, d)
        v = self.linear(x, name + "v_proj").reshape(n, self.n_kv_heads, d)
        q = q * temperature[:, None, None]
        out = np.empty((n, self.n_heads, d), F)
        for h in range(self.n_heads):
            kv = h // (self.n_heads // self.n_kv_heads)
            s = np.where(visible, self.scores(q[:, h], k[:, kv], cos, sin), -np.inf)
            p = np.exp(s - s.max(-1, keepdims=True))
            out[:, h] = p / p.sum(-1, keepdims=True) @ v[:, kv]
        return self.linear(out.reshape(n, -1), name + "o_proj")

    def feed_forward(self, x, layer):
        name = "model.layers.%d.mlp." % layer
        gate = self.linear(x, name + "gate_proj")
        return self.linear(gate / (1 + np.exp(-gate)) * self.linear(x, name + "up_proj"), name + "down_proj")

    def logits(self, tokens, plan=plan_none):
        """(n_tokens, n_vocab) float64."""
        n = len(tokens)
        trained = self.config["max_position_embeddings"]
        if self.window and not plan.window_off:
            if self.window <= trained:  # every layer keeps to it, whatever the plan
                plan = plan_none
            i, j, _ = position_plans.causal(n)
            delta, visible = plan(n)
            visible = visible & (i - j < self.window)
        else:
            delta, visible = plan(n)
        block = plan_block(self.config, *plan.scaling) if plan.scaling else None
        theta, scale = frequencies(self.config, self.head_dim, n, block)
        angle = theta[:, None, None] * delta[None]
        cos, sin = np.cos(angle) * scale ** 2, np.sin(angle) * scale ** 2
        temperature = position_plans.temperature(n, trained) if plan.log_n else np.ones(n)
        x = self.w["model.embed_tokens.weight"][np.asarray(tokens)]
        for layer in range(self.config["num_hidden_layers"]):
            name = "model.layers.%d." % layer
            y = self.norm(x, name + "input_layernorm.weight")
            x = x + self.attention(y, layer, cos, sin, visible, temperature)
            x = x + self.feed_forward(self.norm(x, name + "post_attention_layernorm.weight"), layer)
        output = self.w.get("lm_head.weight", self.w["model.embed_tokens.weight"])
        return self.norm(x, "model.norm.weight") @ output.T

    def generate(self, tokens, n, plan=plan_none):
        tokens = list(tokens)
        for _ in range(n):
            tokens.append(int(self.logits(tokens, plan)[-1].argmax()))
        return tokens[len(tokens) - n:]


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("folder")
    p.add_argument("--tokens", required=True, help="comma-separated ids")
    p.add_argument("--plan", default="none")
    p.add_argument("--all", action="store_true", help="logits of every position, not only the last")
    p.add_argument("--generate", type=int, metavar="N", help="print N greedy tokens")
    p.add_argument("-o", "--output", metavar="LOGITS.npy")
    a = p.parse_args()
    model, plan = Llama(a.folder), position_plans.parse(a.plan)
    tokens = [int(t) for t in a.tokens.split(",")]
    if a.generate:
        print(",".join(str(t) for t in model.generate(tokens, a.generate, plan)))
    if a.output:
        logits = model.logits(tokens, plan)
        np.save(a.output, (logits if a.all else logits[-1:]).astype(np.float32))
    return 0


if __name__ == "__main__":
    sys.exit(main())
