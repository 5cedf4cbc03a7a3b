"""What the random models of families are put together from: rows of tensors, config.json, GGUF keys."""

import math

from random_families.writer import PlusOne, Row, Same

N_VOCAB = 1536
CONTEXT = 256
SHARP = 1.6  # of q and k: attention that picks some keys out
ATTENTION, FEED_FORWARD, BLOCK = "blk.%d.attn_", "blk.%d.ffn_", "blk.%d."


# ---- rows ----

def linear(gguf, hf, n_out, n_in, bias=False, gain=1.0, rule=Same()):
    rows = [Row(gguf + ".weight", [(hf + ".weight", (n_out, n_in))], 0.0, gain * math.sqrt(3 / n_in), rule)]
    if bias:
        rows.append(Row(gguf + ".bias", [(hf + ".bias", (n_out,))], 0.0, 0.25, rule))
    return rows


def norm(gguf, hf, n, bias=False, loud=1.0, plus_one=False):
    """`loud`: the mean weight; logits grow with that of the last norm."""
    centre, rule = (loud - 1.0, PlusOne()) if plus_one else (loud, Same())
    rows = [Row(gguf + ".weight", [(hf + ".weight", (n,))], centre, loud / 4, rule)]
    if bias:
        rows.append(Row(gguf + ".bias", [(hf + ".bias", (n,))], 0.0, loud / 4))
    return rows


def embedding(hf, d, gain=1.0):
    return [Row("token_embd.weight", [(hf + ".weight", (N_VOCAB, d))], 0.0, gain)]


def output(hf, d, bias=False):
    return linear("output", hf, N_VOCAB, d, bias)


def qkv(name, d, heads, kv_heads, head_dim, bias=False, rules=(Same(), Same())):
    """`name`: with {} where q, k or v stands."""
    return (linear(ATTENTION + "q", name.format("q"), heads * head_dim, d, bias, SHARP, rules[0]) +
            linear(ATTENTION + "k", name.format("k"), kv_heads * head_dim, d, bias, SHARP, rules[1]) +
            linear(ATTENTION + "v", name.format("v"), kv_heads * head_dim, d, bias))


def gated(name, d, ff):
    return (linear(FEED_FORWARD + "gate", name + "gate_proj", ff, d) +
            linear(FEED_FORWARD + "up", name + "up_proj", ff, d) +
            linear(FEED_FORWARD + "down", name + "down_proj", d, ff, gain=2.0))


def llama_block(d, heads, kv_heads, head_dim, ff, bias=False, rules=(Same(), Same())):
    """The matrices that most families have under these names."""
    layer = "model.layers.%d."
    return (qkv(layer + "self_attn.{}_proj", d, heads, kv_heads, head_dim, bias, rules) +
            linear(ATTENTION + "output", layer + "self_attn.o_proj", d, heads * head_dim) +
            gated(layer + "mlp.", d, ff))


def two_norms(d, bias=False, plus_one=False):
    return (norm(ATTENTION + "norm", "model.layers.%d.input_layernorm", d, bias, 1.0, plus_one) +
            norm(FEED_FORWARD + "norm", "model.layers.%d.post_attention_layernorm", d, bias, 1.0, plus_one))


# ---- config.json and GGUF keys ----

def config(model_type, architecture, tied, **rest):
    return {"architectures": [architecture], "bos_token_id": 0, "eos_token_id": 1, "initializer_range": 0.02,
            "model_type": model_type, "tie_word_embeddings": tied, "torch_dtype": "float32",
            "transformers_version": "4.46.0", "use_cache": True, "vocab_size": N_VOCAB, **rest}


def sizes(d, ff, n_layers, heads, kv_heads, **rest):
    return {"hidden_size": d, "intermediate_size": ff, "num_hidden_layers": n_layers, "num_attention_heads": heads,
            "num_key_value_heads": kv_heads, "max_position_embeddings": CONTEXT, "attention_dropout": 0.0, **rest}


def keys(d, ff, n_layers, heads, kv_heads=None, **rest):
    """Keyword arguments have "__" where a key has "."."""
    meta = {"context_length": CONTEXT, "embedding_length": d, "block_count": n_layers, "feed_forward_length": ff,
            "attention.head_count": heads}
    if kv_heads:
        meta["attention.head_count_kv"] = kv_heads
    meta.update((key.replace("__", "."), value) for key, value in rest.items())
    return meta


def later_config(config):
    """The same as the fifth major version writes it: everything about rotation in rope_parameters, by kind of layer
    where kinds differ, and layer_types for windows that alternate."""
    c = {key: value for key, value in config.items() if key not in (
        "torch_dtype", "rope_theta", "rope_scaling", "partial_rotary_factor", "rotary_pct", "rotary_emb_base",
        "rope_local_base_freq", "sliding_window_pattern", "_sliding_window_pattern")}
    c.update(dtype=config["torch_dtype"], transformers_version="5.0.0")
    if config["model_type"] == "mpt":
        return c
    rope = {"rope_theta": config.get("rope_theta", config.get("rotary_emb_base", 10000.0)), "rope_type": "default",
            **(config.get("rope_scaling") or {})}
    if "type" in rope:
        rope.update(rope_type=rope.pop("type"), original_max_position_embeddings=c["original_max_position_embeddings"])
    part = config.get("partial_rotary_factor", config.get("rotary_pct"))
    if part is not None:
        rope["partial_rotary_factor"] = part
    period = {"gemma2": 2, "gemma3_text": 6}.get(config["model_type"])
    if period:
        c["layer_types"] = ["full_attention" if i % period == period - 1 else "sliding_attention"
                            for i in range(config["num_hidden_layers"])]
    if "rope_local_base_freq" in config:
        local = {"rope_theta": config["rope_local_base_freq"], "rope_type": "default"}
        rope = {"full_attention": rope, "sliding_attention": local}
    return {**c, "rope_parameters": rope}
