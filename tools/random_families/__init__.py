"""Small models of the true structure of each family, with random weights.

One function for each: its config.json as Hugging Face writes it, its tensors under both names, its GGUF keys as
llama.cpp's converter writes them. Sizes are odd on purpose: heads that do not divide the model's width, few rotated
dimensions, windows shorter than the tests' prompts, soft caps low enough to bend. ../write_family_model.py writes them
from the command line."""

from random_families import layer_norm, rms

FAMILIES = {make.__name__: make for make in (
    rms.llama, rms.qwen2, rms.qwen3, rms.phi3, rms.phi3_window, rms.phi3_longrope, rms.gemma, rms.gemma2,
    rms.gemma2_27b, layer_norm.gptneox, layer_norm.gptneox_serial, layer_norm.phi, layer_norm.phi_fused,
    layer_norm.stablelm, layer_norm.stablelm_parallel, layer_norm.falcon, layer_norm.falcon_new,
    layer_norm.falcon_one_norm, rms.gemma3, rms.gemma3_scaled, layer_norm.mpt, rms.mistral)}
