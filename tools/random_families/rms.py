"""Families with RMS norms: Mistral, Qwen, Phi-3, Gemma. One function each, see __init__.py."""

import math

import numpy as np

from random_families.writer import Interleaved, RandomModel
from random_families.rows import (ATTENTION, BLOCK, CONTEXT, FEED_FORWARD, N_VOCAB, SHARP, config, embedding, keys,
                                  linear, llama_block, norm, output, sizes, two_norms)


def llama():
    """As Llama 3.2: grouped heads, its own scaling of the frequencies, in GGUF a tensor of divisors."""
    d, ff, layers, heads, kv, dim = 96, 128, 2, 6, 2, 16
    base, factor, low, high, original = 500000.0, 8.0, 1.0, 4.0, 64
    c = config("llama", "LlamaForCausalLM", False, hidden_act="silu", rms_norm_eps=1e-5, rope_theta=base, head_dim=dim,
               attention_bias=False, mlp_bias=False, pretraining_tp=1,
               rope_scaling={"factor": factor, "low_freq_factor": low, "high_freq_factor": high,
                             "original_max_position_embeddings": original, "rope_type": "llama3"},
               **sizes(d, ff, layers, heads, kv))
    meta = keys(d, ff, layers, heads, kv, attention__layer_norm_rms_epsilon=1e-5, rope__freq_base=base,
                rope__dimension_count=dim, attention__key_length=dim, attention__value_length=dim, vocab_size=N_VOCAB)
    turns = original / (2 * math.pi) * base ** (-np.arange(0, dim, 2) / dim)
    kept = np.clip((turns - low) / (high - low), 0, 1)
    divisors = (1 / (kept + (1 - kept) / factor)).astype(np.float32)
    rows = (embedding("model.embed_tokens", d) + norm("output_norm", "model.norm", d, loud=5.0) +
            output("lm_head", d) + two_norms(d) +
            llama_block(d, heads, kv, dim, ff, rules=(Interleaved(heads), Interleaved(kv))))
    return RandomModel("llama", "llama", c, meta, layers, rows, 14, {"rope_freqs.weight": divisors})


def mistral():
    """As version 0.1: a window in every layer."""
    d, ff, layers, heads, kv, dim, window = 96, 128, 2, 6, 2, 16, 40
    c = config("mistral", "MistralForCausalLM", False, hidden_act="silu", rms_norm_eps=1e-5, rope_theta=10000.0,
               sliding_window=window, **sizes(d, ff, layers, heads, kv))
    meta = keys(d, ff, layers, heads, kv, attention__layer_norm_rms_epsilon=1e-5, rope__freq_base=10000.0,
                rope__dimension_count=dim, attention__sliding_window=window, vocab_size=N_VOCAB)
    rows = (embedding("model.embed_tokens", d) + norm("output_norm", "model.norm", d, loud=5.0) +
            output("lm_head", d) + two_norms(d) +
            llama_block(d, heads, kv, dim, ff, rules=(Interleaved(heads), Interleaved(kv))))
    return RandomModel("mistral", "llama", c, meta, layers, rows, 14)


def qwen2():
    """A window that is named but not used; biases on q, k and v."""
    d, ff, layers, heads, kv, dim = 96, 128, 2, 6, 2, 16
    c = config("qwen2", "Qwen2ForCausalLM", False, hidden_act="silu", rms_norm_eps=1e-6, rope_theta=1000000.0,
               sliding_window=16, use_sliding_window=False, max_window_layers=1, rope_scaling=None,
               **sizes(d, ff, layers, heads, kv))
    meta = keys(d, ff, layers, heads, kv, attention__layer_norm_rms_epsilon=1e-6, rope__freq_base=1000000.0)
    rows = (embedding("model.embed_tokens", d) + norm("output_norm", "model.norm", d, loud=5.0) +
            output("lm_head", d) + two_norms(d) + llama_block(d, heads, kv, dim, ff, bias=True))
    return RandomModel("qwen2", "qwen2", c, meta, layers, rows, 15)


def qwen3():
    """Norms on q and k, heads wider than the model divided by their number, a tied output."""
    d, ff, layers, heads, kv, dim = 64, 96, 3, 4, 2, 32
    c = config("qwen3", "Qwen3ForCausalLM", True, hidden_act="silu", rms_norm_eps=1e-6, rope_theta=1000000,
               head_dim=dim, attention_bias=False, sliding_window=None, use_sliding_window=False,
               max_window_layers=layers, rope_scaling=None, **sizes(d, ff, layers, heads, kv))
    meta = keys(d, ff, layers, heads, kv, attention__layer_norm_rms_epsilon=1e-6, rope__freq_base=1000000.0,
                attention__key_length=dim, attention__value_length=dim)
    rows = (embedding("model.embed_tokens", d) + norm("output_norm", "model.norm", d, loud=2.0) + two_norms(d) +
            norm(ATTENTION + "q_norm", "model.layers.%d.self_attn.q_norm", dim, loud=SHARP) +
            norm(ATTENTION + "k_norm", "model.layers.%d.self_attn.k_norm", dim, loud=SHARP) +
            llama_block(d, heads, kv, dim, ff))
    return RandomModel("qwen3", "qwen3", c, meta, layers, rows, 22)


def phi3():
    """q, k and v in one matrix, gate and up in another; a window that the test does not reach."""
    return phi3_like("phi3", 2047, 1.0, False, 33)


def phi3_window():
    """As Phi-4-mini: part of each head rotated, a tied output; and a window."""
    return phi3_like("phi3_window", 40, 0.75, True, 36)


def phi3_longrope():
    """As the 128k models: frequencies divided, each by its own number, by others for short texts than for long."""
    model = phi3_like("phi3_longrope", 2047, 1.0, False, 73)
    original, short = 32, [1.0 + i / 16 for i in range(8)]
    long = [1.0, 1.25, 1.5, 2.0, 3.0, 4.5, 6.0, 8.0]
    model.config.update(original_max_position_embeddings=original,
                        rope_scaling={"long_factor": long, "short_factor": short, "type": "longrope"})
    factor = math.sqrt(1 + math.log(CONTEXT / original) / math.log(original))
    model.meta.update({"rope.scaling.original_context_length": original, "rope.scaling.attn_factor": factor})
    model.settings = {"rope_factors_long.weight": np.array(long, np.float32),
                      "rope_factors_short.weight": np.array(short, np.float32)}
    return model


def phi3_like(name, window, rotary_part, tied, seed):
    d, ff, layers, heads, kv, dim = 96, 128, 2, 6, 2, 16
    c = config("phi3", "Phi3ForCausalLM", tied, hidden_act="silu", rms_norm_eps=1e-5, rope_theta=10000.0,
               rope_scaling=None, original_max_position_embeddings=CONTEXT, sliding_window=window, embd_pdrop=0.0,
               resid_pdrop=0.0, attention_bias=False, pad_token_id=1, **sizes(d, ff, layers, heads, kv))
    if rotary_part != 1.0:
        c["partial_rotary_factor"] = rotary_part
    meta = keys(d, ff, layers, heads, kv, attention__layer_norm_rms_epsilon=1e-5, rope__freq_base=10000.0,
                rope__dimension_count=int(rotary_part * dim), rope__scaling__original_context_length=CONTEXT,
                attention__sliding_window=window)
    layer = "model.layers.%d."
    rows = (embedding("model.embed_tokens", d, 0.5) + norm("output_norm", "model.norm", d, loud=2.0 if tied else 5.0) +
            ([] if tied else output("lm_head", d)) + two_norms(d) +
            linear(ATTENTION + "qkv", layer + "self_attn.qkv_proj", (heads + 2 * kv) * dim, d, gain=SHARP) +
            linear(ATTENTION + "output", layer + "self_attn.o_proj", d, heads * dim) +
            linear(FEED_FORWARD + "up", layer + "mlp.gate_up_proj", 2 * ff, d) +
            linear(FEED_FORWARD + "down", layer + "mlp.down_proj", d, ff, gain=2.0))
    return RandomModel(name, "phi3", c, meta, layers, rows, seed)


def gemma_config(model_type, architecture, heads, kv, dim, d, ff, layers, **rest):
    return config(model_type, architecture, True, head_dim=dim, attention_bias=False, rms_norm_eps=1e-6, pad_token_id=0,
                  **{"rope_theta": 10000.0, **sizes(d, ff, layers, heads, kv), **rest})


def gemma():
    """Norms that add 1, embeddings times the root of the width, GELU in the tanh form whatever hidden_act says."""
    d, ff, layers, heads, kv, dim = 64, 96, 3, 4, 1, 32
    c = gemma_config("gemma", "GemmaForCausalLM", heads, kv, dim, d, ff, layers, hidden_act="gelu",
                     hidden_activation="gelu_pytorch_tanh", rope_scaling=None)
    meta = keys(d, ff, layers, heads, kv, attention__layer_norm_rms_epsilon=1e-6, attention__key_length=dim,
                attention__value_length=dim)
    rows = (embedding("model.embed_tokens", d, 0.125) +
            norm("output_norm", "model.norm", d, loud=8.0, plus_one=True) + two_norms(d, plus_one=True) +
            llama_block(d, heads, kv, dim, ff))
    return RandomModel("gemma", "gemma", c, meta, layers, rows, 36)


def four_norms(d, loud=1.5):
    """Before and after attention, before and after the feed-forward; in Hugging Face's names the second of them is
    what other families call the norm of the feed-forward."""
    names = ((ATTENTION + "norm", "input", 1.0), (BLOCK + "post_attention_norm", "post_attention", loud),
             (FEED_FORWARD + "norm", "pre_feedforward", 1.0), (BLOCK + "post_ffw_norm", "post_feedforward", loud))
    return [row for gguf, hf, mean in names
            for row in norm(gguf, "model.layers.%d." + hf + "_layernorm", d, loud=mean, plus_one=True)]


def gemma2():
    """Every second layer has a window; scores and logits are capped by tanh."""
    return gemma2_like("gemma2", 64, 32, 12, 4, 32, 1.5, 41)


def gemma2_27b():
    """Scores divided by the root of width / heads, not of head_dim. Nothing in the GGUF says so but the 46 layers."""
    return gemma2_like("gemma2_27b", 48, 32, 8, 46, 12, 0.375, 54)


def gemma2_like(name, d, dim, window, layers, scalar, loud, seed):
    ff, heads, kv, scores, logits = 96, 4, 2, 6.0, 30.0
    c = gemma_config("gemma2", "Gemma2ForCausalLM", heads, kv, dim, d, ff, layers, hidden_act="gelu_pytorch_tanh",
                     hidden_activation="gelu_pytorch_tanh", query_pre_attn_scalar=scalar, sliding_window=window,
                     attn_logit_softcapping=scores, final_logit_softcapping=logits, cache_implementation="hybrid")
    meta = keys(d, ff, layers, heads, kv, attention__layer_norm_rms_epsilon=1e-6, attention__key_length=dim,
                attention__value_length=dim, attn_logit_softcapping=scores, final_logit_softcapping=logits,
                attention__sliding_window=window)
    rows = (embedding("model.embed_tokens", d, 0.125) +
            norm("output_norm", "model.norm", d, loud=13.0, plus_one=True) + four_norms(d, loud) +
            llama_block(d, heads, kv, dim, ff))
    return RandomModel(name, "gemma2", c, meta, layers, rows, seed)


def gemma3():
    """Five layers with a window and their own rope base, then one without; norms on q and k. As of the first releases:
    sliding_window_pattern, no layer_types."""
    return gemma3_like("gemma3", {"sliding_window_pattern": 6, "rope_scaling": None}, {}, 49)


def gemma3_scaled():
    """As later releases write it and the larger sizes are: layers without a window divide positions by 8."""
    kinds = ["full_attention" if i % 6 == 5 else "sliding_attention" for i in range(7)]
    return gemma3_like("gemma3_scaled", {"_sliding_window_pattern": 6, "layer_types": kinds,
                                         "rope_scaling": {"factor": 8.0, "rope_type": "linear"}},
                       {"rope__scaling__type": "linear", "rope__scaling__factor": 8.0}, 42)


def gemma3_like(name, more_config, more_keys, seed):
    d, ff, layers, heads, kv, dim, window = 64, 96, 7, 4, 2, 32, 12
    c = gemma_config("gemma3_text", "Gemma3ForCausalLM", heads, kv, dim, d, ff, layers, rope_theta=1000000.0,
                     hidden_activation="gelu_pytorch_tanh", query_pre_attn_scalar=dim, sliding_window=window,
                     rope_local_base_freq=10000.0, attn_logit_softcapping=None, final_logit_softcapping=None,
                     cache_implementation="hybrid", **more_config)
    meta = keys(d, ff, layers, heads, kv, attention__layer_norm_rms_epsilon=1e-6, attention__key_length=dim,
                attention__value_length=dim, rope__freq_base=1000000.0, attention__sliding_window=window, **more_keys)
    layer = "model.layers.%d.self_attn."
    rows = (embedding("model.embed_tokens", d, 0.125) +
            norm("output_norm", "model.norm", d, loud=8.0, plus_one=True) + four_norms(d) +
            norm(ATTENTION + "q_norm", layer + "q_norm", dim, loud=1.625, plus_one=True) +
            norm(ATTENTION + "k_norm", layer + "k_norm", dim, loud=1.625, plus_one=True) +
            llama_block(d, heads, kv, dim, ff))
    return RandomModel(name, "gemma3", c, meta, layers, rows, seed)
