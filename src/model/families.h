/* The families, a file each: arch_<family>.c. docs/ADD_A_MODEL.md says what such a file holds. */
#ifndef SXT_MODEL_FAMILIES_H
#define SXT_MODEL_FAMILIES_H

#include "model/arch.h"

extern const sxt_arch sxt_arch_llama;    /* Llama 1 to 3.2, Mistral, SOLAR, TinyLlama, Yi, SmolLM */
extern const sxt_arch sxt_arch_qwen2;    /* Qwen 1.5 to 2.5 */
extern const sxt_arch sxt_arch_qwen3;    /* dense Qwen 3 */
extern const sxt_arch sxt_arch_phi3;     /* Phi-3, Phi-3.5, Phi-4 */
extern const sxt_arch sxt_arch_gemma;    /* Gemma 1 */
extern const sxt_arch sxt_arch_gemma2;   /* Gemma 2 */
extern const sxt_arch sxt_arch_gemma3;   /* Gemma 3, text */
extern const sxt_arch sxt_arch_gptneox;  /* GPT-NeoX, Pythia */
extern const sxt_arch sxt_arch_phi2;     /* Phi-1, Phi-1.5, Phi-2 */
extern const sxt_arch sxt_arch_stablelm; /* StableLM 3B, StableLM 2 */
extern const sxt_arch sxt_arch_falcon;   /* Falcon 7B, 40B, 180B, Falcon 2 */
extern const sxt_arch sxt_arch_mpt;      /* MPT */

#endif
