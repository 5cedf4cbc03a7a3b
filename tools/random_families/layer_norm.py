"""Families with LayerNorm: GPT-NeoX, Phi-2, StableLM, Falcon, MPT. One function each, see __init__.py."""

from random_families.writer import GroupByGroup, HeadByHead, Joined, RandomModel, Row, Stacked
from random_families.rows import (ATTENTION, CONTEXT, FEED_FORWARD, N_VOCAB, SHARP, config, embedding, keys, linear,
                                  llama_block, norm, output, qkv, sizes, two_norms)


def gptneox():
    """Two norms side by side on the block's input; the buffers that Pythia's files hold beside the weights."""
    return gptneox_like("gptneox", True, 49)


def gptneox_serial():
    """One half after the other: use_parallel_residual false."""
    return gptneox_like("gptneox_serial", False, 48)


def gptneox_like(name, parallel, seed):
    d, layers, heads, rotary_part = 64, 3, 4, 0.25
    n_rot = int(rotary_part * (d // heads))
    c = config("gpt_neox", "GPTNeoXForCausalLM", False, hidden_size=d, intermediate_size=4 * d,
               num_hidden_layers=layers, num_attention_heads=heads, max_position_embeddings=CONTEXT,
               hidden_act="gelu", rotary_pct=rotary_part, rotary_emb_base=10000, layer_norm_eps=1e-5,
               use_parallel_residual=parallel)
    meta = keys(d, 4 * d, layers, heads, rope__dimension_count=n_rot, attention__layer_norm_epsilon=1e-5,
                use_parallel_residual=parallel)
    layer = "gpt_neox.layers.%d."
    rows = (embedding("gpt_neox.embed_in", d) + norm("output_norm", "gpt_neox.final_layer_norm", d, True, 5.0) +
            output("embed_out", d) + norm(ATTENTION + "norm", layer + "input_layernorm", d, True) +
            norm(FEED_FORWARD + "norm", layer + "post_attention_layernorm", d, True) +
            linear(ATTENTION + "qkv", layer + "attention.query_key_value", 3 * d, d, True, SHARP, HeadByHead(heads)) +
            linear(ATTENTION + "output", layer + "attention.dense", d, d, True) +
            linear(FEED_FORWARD + "up", layer + "mlp.dense_h_to_4h", 4 * d, d, True) +
            linear(FEED_FORWARD + "down", layer + "mlp.dense_4h_to_h", d, 4 * d, True, 2.0))
    if parallel:
        rows += [Row(None, [(layer + "attention.masked_bias", ())], -1e9, 0.0),
                 Row(None, [(layer + "attention.rotary_emb.inv_freq", (n_rot // 2,))], 0.5, 0.5)]
    return RandomModel(name, "gptneox", c, meta, layers, rows, seed)


def phi():
    """One norm for attention and feed-forward side by side, biases everywhere, on the output too."""
    return phi_like("phi", False, 44)


def phi_fused():
    """A GGUF as it was made of the first files, with q, k and v in one matrix; the folder is as before."""
    return phi_like("phi_fused", True, 43)


def phi_like(name, fused, seed):
    d, layers, heads, dim, rotary_part = 120, 2, 3, 40, 0.4
    c = config("phi", "PhiForCausalLM", False, hidden_act="gelu_new", layer_norm_eps=1e-5, rope_theta=10000.0,
               rope_scaling=None, partial_rotary_factor=rotary_part, qk_layernorm=False, embd_pdrop=0.0,
               resid_pdrop=0.1, **sizes(d, 4 * d, layers, heads, None))
    meta = keys(d, 4 * d, layers, heads, heads, attention__layer_norm_epsilon=1e-5,
                rope__dimension_count=int(rotary_part * d) // heads)
    layer = "model.layers.%d."
    rows = (embedding("model.embed_tokens", d) + norm("output_norm", "model.final_layernorm", d, True, 5.0) +
            output("lm_head", d, True) + norm(ATTENTION + "norm", layer + "input_layernorm", d, True) +
            qkv(layer + "self_attn.{}_proj", d, heads, heads, dim, True) +
            linear(ATTENTION + "output", layer + "self_attn.dense", d, d, True) +
            linear(FEED_FORWARD + "up", layer + "mlp.fc1", 4 * d, d, True) +
            linear(FEED_FORWARD + "down", layer + "mlp.fc2", d, 4 * d, True, 2.0))
    if fused:
        rows = join_qkv(rows)
    return RandomModel(name, "phi2", c, meta, layers, rows, seed)


def join_qkv(rows):
    """Puts attn_q, attn_k and attn_v into one attn_qkv. All three are drawn as q is."""
    out = []
    for row in rows:
        if row.gguf.startswith(ATTENTION + "q."):
            kind = row.gguf.rsplit(".", 1)[1]
            parts = [r for part in "qkv" for r in rows if r.gguf == ATTENTION + part + "." + kind]
            hf = [tensor for part in parts for tensor in part.hf]
            out.append(Row(ATTENTION + "qkv." + kind, hf, row.centre, row.spread, Joined()))
        elif not row.gguf.startswith((ATTENTION + "k.", ATTENTION + "v.")):
            out.append(row)
    return out


def stablelm():
    """The blocks of Llama with LayerNorm, a quarter of each head rotated, biases on q, k and v."""
    return stablelm_like("stablelm", False, 47)


def stablelm_parallel():
    """As StableLM 2 12B: one norm for both halves side by side, a LayerNorm for each head of q and k."""
    return stablelm_like("stablelm_parallel", True, 47)


def stablelm_like(name, parallel, seed):
    d, ff, layers, heads, kv, dim, rotary_part = 64, 96, 3, 4, 2, 16, 0.25
    c = config("stablelm", "StableLmForCausalLM", False, hidden_act="silu", layer_norm_eps=1e-5, rope_theta=10000,
               rope_scaling=None, partial_rotary_factor=rotary_part, use_qkv_bias=not parallel, qk_layernorm=parallel,
               use_parallel_residual=parallel, hidden_dropout=0.0, **sizes(d, ff, layers, heads, kv))
    meta = keys(d, ff, layers, heads, kv, rope__dimension_count=int(rotary_part * dim), rope__freq_base=10000.0,
                use_parallel_residual=parallel, attention__layer_norm_epsilon=1e-5)
    rows = (embedding("model.embed_tokens", d) + norm("output_norm", "model.norm", d, True, 5.0) +
            output("lm_head", d) + llama_block(d, heads, kv, dim, ff, bias=not parallel))
    if not parallel:
        return RandomModel(name, "stablelm", c, meta, layers, rows + two_norms(d, True), seed)
    layer = "model.layers.%d."
    rows += norm(ATTENTION + "norm", layer + "input_layernorm", d, True)
    for part, n in (("q", heads), ("k", kv)):
        hf = [("%sself_attn.%s_layernorm.norms.%d.weight" % (layer, part, h), (dim,)) for h in range(n)]
        rows.append(Row(ATTENTION + part + "_norm.weight", hf, SHARP, SHARP / 4, Stacked()))
    return RandomModel(name, "stablelm", c, meta, layers, rows, seed)


def falcon():
    """7B: one key and value head, one norm for both halves side by side; num_kv_heads means nothing there."""
    return falcon_like("falcon", 5, 1, ["input_layernorm"], {"num_kv_heads": 5}, 58)


def falcon_new():
    """40B: grouped heads, a norm for each half. GGUF's attn_norm is that of the feed-forward."""
    return falcon_like("falcon_new", 6, 2, ["ln_mlp", "ln_attn"], {"num_kv_heads": 2}, 50)


def falcon_one_norm():
    """11B: grouped heads, one norm."""
    return falcon_like("falcon_one_norm", 6, 3, ["input_layernorm"],
                       {"num_kv_heads": 3, "num_ln_in_parallel_attn": 1, "activation": "gelu", "ffn_hidden_size": 384,
                        "max_position_embeddings": 2048}, 60)


def falcon_like(name, heads, kv, norms, more_config, seed):
    d, layers, dim = 16 * heads, 3, 16
    c = {"alibi": False, "apply_residual_connection_post_layernorm": False, "architectures": ["FalconForCausalLM"],
         "attention_dropout": 0.0, "bias": False, "bos_token_id": 0, "eos_token_id": 1, "hidden_dropout": 0.0,
         "hidden_size": d, "initializer_range": 0.02, "layer_norm_epsilon": 1e-05, "model_type": "falcon",
         "multi_query": True, "new_decoder_architecture": name != "falcon", "num_attention_heads": heads,
         "num_hidden_layers": layers, "parallel_attn": True, "torch_dtype": "float32",
         "transformers_version": "4.27.4", "use_cache": True, "vocab_size": N_VOCAB, **more_config}
    meta = keys(d, 4 * d, layers, heads, kv, attention__layer_norm_epsilon=1e-5, tensor_data_layout="jploski")
    meta["context_length"] = 2048
    layer = "transformer.h.%d."
    rows = (embedding("transformer.word_embeddings", d, 0.25) + norm("output_norm", "transformer.ln_f", d, True, 4.0) +
            linear(ATTENTION + "qkv", layer + "self_attention.query_key_value", (heads + 2 * kv) * dim, d, gain=SHARP,
                   rule=GroupByGroup(heads, kv)) +
            linear(ATTENTION + "output", layer + "self_attention.dense", d, d) +
            linear(FEED_FORWARD + "up", layer + "mlp.dense_h_to_4h", 4 * d, d) +
            linear(FEED_FORWARD + "down", layer + "mlp.dense_4h_to_h", d, 4 * d, gain=2.0))
    for gguf, hf in zip(("norm", "norm_2"), norms):
        rows += norm(ATTENTION + gguf, layer + hf, d, True)
    return RandomModel(name, "falcon", c, meta, layers, rows, seed)


def mpt():
    """No rotation but ALiBi, six heads (no power of two), clipped q, k and v, LayerNorm without biases."""
    d, layers, heads, clip, largest = 96, 3, 6, 2.5, 8
    c = {"architectures": ["MPTForCausalLM"],
         "attn_config": {"alibi": True, "alibi_bias_max": largest, "attn_impl": "torch", "attn_pdrop": 0,
                         "attn_type": "multihead_attention", "attn_uses_sequence_id": False, "clip_qkv": clip,
                         "prefix_lm": False, "qk_ln": False, "softmax_scale": None},
         "d_model": d, "emb_pdrop": 0, "embedding_fraction": 1.0, "expansion_ratio": 4, "init_device": "cpu",
         "learned_pos_emb": True, "logit_scale": None, "max_seq_len": CONTEXT, "model_type": "mpt", "n_heads": heads,
         "n_layers": layers, "no_bias": True, "norm_type": "low_precision_layernorm", "resid_pdrop": 0,
         "torch_dtype": "float32", "transformers_version": "4.28.1", "use_cache": False, "verbose": 0,
         "vocab_size": N_VOCAB}
    meta = keys(d, 4 * d, layers, heads, attention__layer_norm_epsilon=1e-5, attention__clamp_kqv=clip,
                attention__max_alibi_bias=float(largest))
    layer = "transformer.blocks.%d."
    rows = (embedding("transformer.wte", d, 0.25) + norm("output_norm", "transformer.norm_f", d, loud=4.0) +
            norm(ATTENTION + "norm", layer + "norm_1", d) + norm(FEED_FORWARD + "norm", layer + "norm_2", d) +
            linear(ATTENTION + "qkv", layer + "attn.Wqkv", 3 * d, d, gain=SHARP) +
            linear(ATTENTION + "output", layer + "attn.out_proj", d, d) +
            linear(FEED_FORWARD + "up", layer + "ffn.up_proj", 4 * d, d) +
            linear(FEED_FORWARD + "down", layer + "ffn.down_proj", d, 4 * d, gain=2.0))
    return RandomModel("mpt", "mpt", c, meta, layers, rows, 60)
