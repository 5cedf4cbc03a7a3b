/* The Llama family: Llama 1/2/3, Mistral, SOLAR, TinyLlama, Yi, SmolLM. */
#ifndef SXT_MODEL_ARCH_LLAMA_H
#define SXT_MODEL_ARCH_LLAMA_H

#include "model/arch.h"

extern const sxt_arch sxt_arch_llama;

#endif
