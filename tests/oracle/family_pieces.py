"""What the forward passes of all families share, in float64: norms, activations, rotated attention, the frame."""

import math
from collections import namedtuple

import numpy as np

import llama_forward
import position_plans
from llama_forward import read_folder
from position_plans import F, plan_none


class Tensors(dict):
    def __init__(self, tensors):
        super().__init__(tensors)
        self.used = set()

    def __getitem__(self, name):
        self.used.add(name)
        return super().__getitem__(name)


# ---- the pieces ----

def gelu(x):
    """Exact: x times the normal distribution function."""
    return 0.5 * x * (1 + np.vectorize(math.erf, otypes=[F])(x / math.sqrt(2)))


def gelu_tanh(x):
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x ** 3)))


def silu(x):
    return x / (1 + np.exp(-x))


ACTIVATIONS = {"gelu": gelu, "gelu_new": gelu_tanh, "gelu_pytorch_tanh": gelu_tanh, "silu": silu}


def rms_norm(x, weight, eps):
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + eps) * weight


def layer_norm(x, weight, bias, eps):
    x = x - x.mean(-1, keepdims=True)
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + eps) * weight + bias


def soft_cap(x, cap):
    return cap * np.tanh(x / cap) if cap else x


def frequencies(n_rot, base):
    return F(base) ** (-np.arange(0, n_rot, 2, dtype=F) / n_rot)


def alibi_slopes(n_heads, largest):
    """2^(-largest i / n) for a power of two n; else those of the next power, every second one first."""
    n = 2 ** math.ceil(math.log2(n_heads))
    slopes = 2.0 ** (-np.arange(1, n + 1) * largest / n)
    return slopes if n == n_heads else np.concatenate([slopes[1::2], slopes[::2]])[:n_heads]


def attention(q, k, v, theta, delta, visible, scale, cap=0.0, bias=None, magnitude=1.0):
    """q (n, n_heads, head_dim), k, v (n, n_kv_heads, head_dim), theta (n_rot / 2), delta and visible (n, n), bias
    (n_heads, n, n) or None -> (n, n_heads * head_dim). A rotated pair is one complex number: the product of two that
    are turned by P and by Q depends on P - Q alone."""
    half = len(theta)
    turn = magnitude ** 2 * np.exp(1j * theta[:, None, None] * delta)
    out = np.empty(q.shape, F)
    for h in range(q.shape[1]):
        a, b = q[:, h], k[:, h // (q.shape[1] // k.shape[1])]
        pairs = [x[:, :half] + 1j * x[:, half:2 * half] for x in (a, b)]
        s = np.einsum("ip,jp,pij->ij", pairs[0], pairs[1].conj(), turn).real + a[:, 2 * half:] @ b[:, 2 * half:].T
        s = soft_cap(s * scale, cap) + (0 if bias is None else bias[h])
        s = np.where(visible, s, -np.inf)
        p = np.exp(s - s.max(-1, keepdims=True))
        out[:, h] = p / p.sum(-1, keepdims=True) @ v[:, h // (q.shape[1] // k.shape[1])]
    return out.reshape(len(q), -1)


# ---- what all have ----

# Of n tokens: delta and visible (n, n), theta (n_rot / 2), magnitude of cos and sin, temperature (n);
# whether the model's own windows are off.
Positions = namedtuple("Positions", "delta visible theta magnitude temperature window_off")


class Model:
    magnitude = 1.0  # of the rotary cosines and sines
    embed_name, final_norm_name, output_name = "model.embed_tokens", "model.norm", "lm_head"

    def __init__(self, folder):
        self.config, tensors = read_folder(folder)
        self.w = Tensors(tensors)
        c = self.config
        self.n_layers = c.get("num_hidden_layers") or c["n_layers"]
        self.d = c.get("hidden_size") or c["d_model"]
        self.n_heads = c.get("num_attention_heads") or c["n_heads"]
        self.n_kv_heads = c.get("num_key_value_heads") or self.n_heads
        self.head_dim = c.get("head_dim") or self.d // self.n_heads
        self.scale = self.head_dim ** -0.5
        self.n_ctx_train = c.get("max_position_embeddings") or c.get("max_seq_len") or 2048
        self.theta = frequencies(int(self.head_dim * self.rotary_part()), self.rope_base())

    def rotary_part(self):
        return self.config.get("partial_rotary_factor", 1.0)

    def rope_base(self):
        return self.config.get("rope_theta") or 10000.0

    def window(self, layer):
        """(keys that a layer sees, or 0 for all; whether its positions are the plan's)."""
        return 0, True

    def theta_of(self, layer):
        return self.theta

    def linear(self, x, name):
        y = x @ self.w[name + ".weight"].T
        return y + self.w[name + ".bias"] if name + ".bias" in self.w else y

    def layer_norm(self, x, name, eps):
        bias = self.w[name + ".bias"] if name + ".bias" in self.w else 0.0
        return layer_norm(x, self.w[name + ".weight"], bias, eps)

    def attend(self, q, k, v, layer, plan, cap=0.0, bias=None):
        """q, k, v (n, heads * head_dim or heads, head_dim), plan: Positions."""
        n = len(q)
        width, planned = (0, True) if plan.window_off else self.window(layer)
        p = plan if planned else self.as_trained(n, layer)
        if self.theta_of(layer) is not self.theta:  # a base of the layer's own
            p = p._replace(theta=self.theta_of(layer), magnitude=self.magnitude)
        i, j, _ = position_plans.causal(n)
        visible = p.visible & (i - j < (width or n))
        q, k, v = (x.reshape(n, -1, self.head_dim) for x in (q, k, v))
        q = q * p.temperature[:, None, None]
        return attention(q, k, v, p.theta, p.delta, visible, self.scale, cap, bias, p.magnitude)

    def as_trained(self, n, layer):
        return Positions(*plan_none(n), self.theta_of(layer), self.magnitude, np.ones(n), False)

    def scaled(self, n, name, options):
        """theta and magnitude under a plan that takes the place of the file's own."""
        c = {**self.config, "rope_theta": self.rope_base(), "partial_rotary_factor": self.rotary_part(),
             "max_position_embeddings": self.n_ctx_train}
        return llama_forward.frequencies(c, self.head_dim, n, llama_forward.plan_block(c, name, options))

    def positions(self, n, plan):
        rotation = self.scaled(n, *plan.scaling) if plan.scaling else (self.theta, self.magnitude)
        temperature = position_plans.temperature(n, self.n_ctx_train) if plan.log_n else np.ones(n)
        return Positions(*plan(n), *rotation, temperature, plan.window_off)

    def embed(self, tokens):
        return self.w[self.embed_name + ".weight"][np.asarray(tokens)]

    def head(self, x):
        x = self.norm(x, self.final_norm_name)
        name = self.output_name if self.output_name + ".weight" in self.w else self.embed_name
        return self.linear(x, name)

    def logits(self, tokens, plan=plan_none):
        """(n_tokens, n_vocab)"""
        positions = self.positions(len(tokens), plan)
        x = self.embed(tokens)
        for layer in range(self.n_layers):
            x = self.block(x, layer, positions)
        return self.head(x)

    def generate(self, tokens, n):
        tokens = list(tokens)
        for _ in range(n):
            tokens.append(int(self.logits(tokens)[-1].argmax()))
        return tokens[len(tokens) - n:]
