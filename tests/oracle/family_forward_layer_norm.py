"""Forward passes of the families with LayerNorm: GPT-NeoX, Phi-2, StableLM, Falcon, MPT."""

import numpy as np

from family_pieces import ACTIVATIONS, Model, alibi_slopes, gelu, silu


class LayerNorms(Model):
    eps_name = "layer_norm_eps"

    def norm(self, x, name):
        return self.layer_norm(x, name, self.config.get(self.eps_name, 1e-5))


class GptNeoX(LayerNorms):
    """Rows of query_key_value: for each head its q, its k, its v. x + attention(norm 1(x)) + mlp(norm 2(x)), or with
    use_parallel_residual false one after the other."""
    embed_name, final_norm_name, output_name = "gpt_neox.embed_in", "gpt_neox.final_layer_norm", "embed_out"

    def rotary_part(self):
        return self.config["rotary_pct"]

    def rope_base(self):
        return self.config["rotary_emb_base"]

    def block(self, x, layer, plan):
        name = "gpt_neox.layers.%d." % layer
        y = self.linear(self.norm(x, name + "input_layernorm"), name + "attention.query_key_value")
        q, k, v = y.reshape(len(x), self.n_heads, 3, self.head_dim).transpose(2, 0, 1, 3)
        attended = self.linear(self.attend(q, k, v, layer, plan), name + "attention.dense")
        middle = x if self.config.get("use_parallel_residual", True) else x + attended
        y = self.linear(self.norm(middle, name + "post_attention_layernorm"), name + "mlp.dense_h_to_4h")
        y = self.linear(ACTIVATIONS[self.config["hidden_act"]](y), name + "mlp.dense_4h_to_h")
        return x + attended + y


class Phi(LayerNorms):
    """x + attention(norm(x)) + mlp(norm(x)), one norm."""
    final_norm_name = "model.final_layernorm"

    def block(self, x, layer, plan):
        name = "model.layers.%d." % layer
        y = self.norm(x, name + "input_layernorm")
        q, k, v = (self.linear(y, name + "self_attn." + part + "_proj") for part in "qkv")
        attended = self.linear(self.attend(q, k, v, layer, plan), name + "self_attn.dense")
        y = ACTIVATIONS[self.config["hidden_act"]](self.linear(y, name + "mlp.fc1"))
        return x + attended + self.linear(y, name + "mlp.fc2")


class StableLm(LayerNorms):
    """The blocks of Llama; with use_parallel_residual both halves read the one norm. qk_layernorm: every head of q
    and of k has its own LayerNorm without a bias, before it is rotated."""

    def head_norms(self, x, name):
        x = x.reshape(len(x), -1, self.head_dim)
        return np.stack([self.norm(x[:, h], "%s.norms.%d" % (name, h)) for h in range(x.shape[1])], axis=1)

    def block(self, x, layer, plan):
        name = "model.layers.%d." % layer
        first = self.norm(x, name + "input_layernorm")
        q, k, v = (self.linear(first, name + "self_attn." + part + "_proj") for part in "qkv")
        if self.config.get("qk_layernorm"):
            q = self.head_norms(q, name + "self_attn.q_layernorm")
            k = self.head_norms(k, name + "self_attn.k_layernorm")
        attended = self.linear(self.attend(q, k, v, layer, plan), name + "self_attn.o_proj")
        parallel = self.config.get("use_parallel_residual")
        y = first if parallel else self.norm(x + attended, name + "post_attention_layernorm")
        y = silu(self.linear(y, name + "mlp.gate_proj")) * self.linear(y, name + "mlp.up_proj")
        return x + attended + self.linear(y, name + "mlp.down_proj")


class Falcon(LayerNorms):
    """Rows of query_key_value: for each head of keys its queries, then itself, then its values. Attention and
    feed-forward read the block's input through one norm (7B, 11B) or one each (40B). The output is tied."""
    embed_name, final_norm_name, eps_name = "transformer.word_embeddings", "transformer.ln_f", "layer_norm_epsilon"

    def __init__(self, folder):
        super().__init__(folder)
        if self.config["new_decoder_architecture"]:
            self.n_kv_heads = self.config["num_kv_heads"]
        else:
            self.n_kv_heads = 1  # multi_query

    def block(self, x, layer, plan):
        name, n = "transformer.h.%d." % layer, len(x)
        two = self.config["new_decoder_architecture"] and self.config.get("num_ln_in_parallel_attn", 2) == 2
        a = self.norm(x, name + ("ln_attn" if two else "input_layernorm"))
        m = self.norm(x, name + "ln_mlp") if two else a
        y = self.linear(a, name + "self_attention.query_key_value").reshape(n, self.n_kv_heads, -1, self.head_dim)
        q = y[:, :, :-2].reshape(n, -1, self.head_dim)
        attended = self.linear(self.attend(q, y[:, :, -2], y[:, :, -1], layer, plan), name + "self_attention.dense")
        return x + attended + self.linear(gelu(self.linear(m, name + "mlp.dense_h_to_4h")), name + "mlp.dense_4h_to_h")


class Mpt(LayerNorms):
    """Nothing is rotated: a score falls by slope times distance. q, k and v are clipped; the output is tied."""
    embed_name, final_norm_name, eps_name = "transformer.wte", "transformer.norm_f", "layer_norm_epsilon"

    def rotary_part(self):
        return 0.0

    def block(self, x, layer, plan):
        name, c = "transformer.blocks.%d." % layer, self.config["attn_config"]
        y = self.linear(self.norm(x, name + "norm_1"), name + "attn.Wqkv")
        if c["clip_qkv"]:
            y = y.clip(-c["clip_qkv"], c["clip_qkv"])
        bias = -alibi_slopes(self.n_heads, c["alibi_bias_max"])[:, None, None] * plan.delta
        x = x + self.linear(self.attend(*np.split(y, 3, axis=-1), layer, plan, bias=bias), name + "attn.out_proj")
        y = gelu(self.linear(self.norm(x, name + "norm_2"), name + "ffn.up_proj"))
        return x + self.linear(y, name + "ffn.down_proj")
