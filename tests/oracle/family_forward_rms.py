"""Forward passes of the families with RMS norms: Mistral, Qwen, Phi-3, Gemma."""

import math

import numpy as np

import llama_forward
from family_pieces import ACTIVATIONS, Model, frequencies, gelu_tanh, rms_norm, soft_cap
from position_plans import plan_none


class Mistral(Model):
    """x + attention(norm(x)), then x + down(act(gate) * up) of its norm."""

    def window(self, layer):
        """A window inside the trained one stays as it is under every plan, unless frequencies follow the length."""
        width, scaling = self.config.get("sliding_window") or 0, self.config.get("rope_scaling") or {}
        follows = scaling.get("type", scaling.get("rope_type")) in ("longrope", "dynamic")
        return width, follows or not 0 < width <= self.n_ctx_train

    def norm(self, x, name):
        return rms_norm(x, self.w[name + ".weight"], self.config["rms_norm_eps"])

    def normed_heads(self, x, name):
        return self.norm(x.reshape(len(x), -1, self.head_dim), name)

    def qkv(self, x, name):
        return [self.linear(x, name + part + "_proj") for part in "qkv"]

    def attention_of(self, x, layer, plan):
        name = "model.layers.%d.self_attn." % layer
        return self.linear(self.attend(*self.qkv(x, name), layer, plan), name + "o_proj")

    def feed_forward(self, x, layer):
        name = "model.layers.%d.mlp." % layer
        gate = ACTIVATIONS[self.config["hidden_act"]](self.linear(x, name + "gate_proj"))
        return self.linear(gate * self.linear(x, name + "up_proj"), name + "down_proj")

    def block(self, x, layer, plan):
        name = "model.layers.%d." % layer
        x = x + self.attention_of(self.norm(x, name + "input_layernorm"), layer, plan)
        return x + self.feed_forward(self.norm(x, name + "post_attention_layernorm"), layer)


class Llama(Mistral):
    """No window; Llama 3.1's scaling of the frequencies."""

    def __init__(self, folder):
        super().__init__(folder)
        self.theta, self.magnitude = llama_forward.frequencies(self.config, self.head_dim, self.n_ctx_train)


class Qwen2(Mistral):
    """Biases on q, k and v (linear() finds them); the window only where use_sliding_window says so, and then in the
    layers from max_window_layers on."""

    def window(self, layer):
        c = self.config
        if not c.get("use_sliding_window") or layer < c["max_window_layers"]:
            return 0, True
        return c["sliding_window"], False


class Qwen3(Qwen2):
    """A norm over each head of q and of k, before they are rotated."""

    def qkv(self, x, name):
        q, k, v = super().qkv(x, name)
        return self.normed_heads(q, name + "q_norm"), self.normed_heads(k, name + "k_norm"), v


class Phi3(Mistral):
    """The rows of qkv_proj are all of q, then k, then v; those of gate_up_proj the gate, then up. longrope: divisors
    of the frequencies, others for texts longer than the model was first trained for."""

    def logits(self, tokens, plan=plan_none):
        c, scaling = self.config, self.config["rope_scaling"]
        if scaling:
            original = c["original_max_position_embeddings"]
            divisors = scaling["long_factor" if len(tokens) > original else "short_factor"]
            self.theta = frequencies(2 * len(divisors), c["rope_theta"]) / np.array(divisors)
            longer = c["max_position_embeddings"] / original
            self.magnitude = math.sqrt(1 + math.log(longer) / math.log(original))
        return super().logits(tokens, plan)

    def qkv(self, x, name):
        n_q, n_kv = self.n_heads * self.head_dim, self.n_kv_heads * self.head_dim
        return np.split(self.linear(x, name + "qkv_proj"), [n_q, n_q + n_kv], axis=-1)

    def feed_forward(self, x, layer):
        name = "model.layers.%d.mlp." % layer
        gate, up = np.split(self.linear(x, name + "gate_up_proj"), 2, axis=-1)
        return self.linear(ACTIVATIONS[self.config["hidden_act"]](gate) * up, name + "down_proj")


class Gemma(Mistral):
    """Norms multiply by 1 + weight, embeddings are scaled, the gate's GELU is the tanh form."""

    def norm(self, x, name):
        return rms_norm(x, 1 + self.w[name + ".weight"], self.config["rms_norm_eps"])

    def embed(self, tokens):
        return super().embed(tokens) * math.sqrt(self.d)

    def feed_forward(self, x, layer):
        name = "model.layers.%d.mlp." % layer
        gate, up = self.linear(x, name + "gate_proj"), self.linear(x, name + "up_proj")
        return self.linear(gelu_tanh(gate) * up, name + "down_proj")


class Gemma2(Gemma):
    """Norms before and after each half of a block; scores and logits capped; windows in layers 0, 2, ..."""

    def __init__(self, folder):
        super().__init__(folder)
        self.scale = self.config["query_pre_attn_scalar"] ** -0.5

    def is_local(self, layer):
        return layer % 2 == 0

    def window(self, layer):
        return (self.config["sliding_window"], False) if self.is_local(layer) else (0, True)

    def attention_of(self, x, layer, plan):
        name = "model.layers.%d.self_attn." % layer
        cap = self.config["attn_logit_softcapping"] or 0.0
        return self.linear(self.attend(*self.qkv(x, name), layer, plan, cap), name + "o_proj")

    def block(self, x, layer, plan):
        name = "model.layers.%d." % layer
        y = self.attention_of(self.norm(x, name + "input_layernorm"), layer, plan)
        x = x + self.norm(y, name + "post_attention_layernorm")
        y = self.feed_forward(self.norm(x, name + "pre_feedforward_layernorm"), layer)
        return x + self.norm(y, name + "post_feedforward_layernorm")

    def head(self, x):
        return soft_cap(super().head(x), self.config["final_logit_softcapping"])


class Gemma3(Gemma2):
    """Layers with a window have a rope base of their own, and no scaling; every sixth has neither."""

    def __init__(self, folder):
        super().__init__(folder)
        scaling = self.config["rope_scaling"] or {"factor": 1.0}
        self.local_theta = frequencies(self.head_dim, self.config["rope_local_base_freq"])
        self.theta = self.theta / scaling["factor"]

    def is_local(self, layer):
        if "layer_types" in self.config:
            return self.config["layer_types"][layer] == "sliding_attention"
        return (layer + 1) % self.config["sliding_window_pattern"] != 0

    def theta_of(self, layer):
        return self.local_theta if self.is_local(layer) else self.theta

    def qkv(self, x, name):
        q, k, v = super().qkv(x, name)
        return self.normed_heads(q, name + "q_norm"), self.normed_heads(k, name + "k_norm"), v
