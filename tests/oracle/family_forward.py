"""Forward passes in float64 NumPy of the model families, each from its architecture's definition: the oracle for
everything that is not the Llama block of llama_forward.py.

They read a Hugging Face folder and nothing else. Plans are those of position_plans.py; layers with a window of their
own beside layers without one stay as they were trained whatever the plan. Every tensor that is read
is remembered in `w.used`, so that a test can tell that none of a file's was overlooked."""

import family_forward_layer_norm as layer_norm
import family_forward_rms as rms
from llama_forward import read_folder

MODELS = {"llama": rms.Llama, "mistral": rms.Mistral, "qwen2": rms.Qwen2, "qwen3": rms.Qwen3, "phi3": rms.Phi3,
          "gemma": rms.Gemma, "gemma2": rms.Gemma2, "gemma3_text": rms.Gemma3, "gpt_neox": layer_norm.GptNeoX,
          "phi": layer_norm.Phi, "stablelm": layer_norm.StableLm, "falcon": layer_norm.Falcon, "mpt": layer_norm.Mpt}


def load(folder):
    model_type = read_folder(folder)[0]["model_type"]
    return MODELS[model_type](folder)
