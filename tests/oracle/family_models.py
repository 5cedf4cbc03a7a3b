"""Small models of the true structure of each family, with random weights.

    family_models.py NAME FOLDER FILE.gguf      writes one of them
    family_models.py --list

One function for each family: its config.json as Hugging Face writes it, its tensors under both names, its GGUF keys as
llama.cpp's converter writes them. Sizes are odd on purpose: heads that do not divide the model's width, few rotated
dimensions, windows shorter than the test's prompt, soft caps low enough to bend."""

import os
import sys

import family_models_layer_norm as layer_norm
import family_models_rms as rms

FAMILIES = {make.__name__: make for make in (
    rms.llama, rms.qwen2, rms.qwen3, rms.phi3, rms.phi3_window, rms.phi3_longrope, rms.gemma, rms.gemma2,
    rms.gemma2_27b, layer_norm.gptneox, layer_norm.gptneox_serial, layer_norm.phi, layer_norm.phi_fused,
    layer_norm.stablelm, layer_norm.stablelm_parallel, layer_norm.falcon, layer_norm.falcon_new,
    layer_norm.falcon_one_norm, rms.gemma3, rms.gemma3_scaled, layer_norm.mpt, rms.mistral)}


def main():
    if sys.argv[1:] == ["--list"]:
        print("\n".join(FAMILIES))
        return 0
    if len(sys.argv) != 4 or sys.argv[1] not in FAMILIES:
        sys.exit(__doc__)
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
    model = FAMILIES[sys.argv[1]]()
    model.write_folder(sys.argv[2], os.path.join(source, "tests", "data", "tiny"))
    model.write_gguf(sys.argv[3], os.path.join(source, "models", "tiny-f16.gguf"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
