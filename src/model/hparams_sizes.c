/* The sizes that the shapes of weights follow from. */
#include "model/hparams_parts.h"

enum {
    MAX_HEADS = 1024,
    MAX_HEAD_DIM = 1024,
    MAX_WIDTH = 1 << 22, /* d_model, n_ff, n_vocab */
};

static sxt_status read_size(const sxt_config *config, const char *gguf, const char *hf, int64_t high,
                            int32_t *size, sxt_error *error) {
    int64_t value;
    SXT_TRY(sxt_config_integer(config, (sxt_config_key){gguf, hf}, 1, high, &value, NULL, error));
    *size = (int32_t)value;
    return SXT_OK;
}

static sxt_config_key width_key(const sxt_arch *arch) {
    return (sxt_config_key){"embedding_length", sxt_own_or(arch->keys.d_model, "hidden_size")};
}

static sxt_status read_n_ff(const sxt_config *config, sxt_hparams *h, sxt_error *error) {
    const sxt_arch *arch = h->arch;
    const sxt_config_key key = {"feed_forward_length", sxt_own_or(arch->keys.n_ff, "intermediate_size")};
    int64_t n = (int64_t)arch->hf_ff_multiple * h->d_model;
    bool found, may_miss = !config->gguf && arch->hf_ff_multiple > 0;
    SXT_TRY(sxt_config_integer(config, key, 1, MAX_WIDTH, &n, may_miss ? &found : NULL, error));
    if (n > MAX_WIDTH)
        return sxt_fail(error, SXT_E_FORMAT, "%s%s is %d, and the feed-forward width %lld; needed at most %d",
                        config->where, width_key(arch).hf, h->d_model, (long long)n, (int)MAX_WIDTH);
    h->n_ff = (int32_t)n;
    return SXT_OK;
}

static sxt_status read_layers(const sxt_config *config, sxt_hparams *h, sxt_error *error) {
    const sxt_hf_keys *own = &h->arch->keys;
    SXT_TRY(read_size(config, "block_count", sxt_own_or(own->n_layers, "num_hidden_layers"), SXT_MAX_LAYERS,
                      &h->n_layers, error));
    SXT_TRY(read_size(config, width_key(h->arch).gguf, width_key(h->arch).hf, MAX_WIDTH, &h->d_model, error));
    SXT_TRY(read_size(config, "attention.head_count", sxt_own_or(own->n_heads, "num_attention_heads"),
                      MAX_HEADS, &h->n_heads, error));
    return read_n_ff(config, h, error);
}

static sxt_status read_kv_heads(const sxt_config *config, sxt_hparams *h, sxt_error *error) {
    const sxt_config_key key = {"attention.head_count_kv",
                                sxt_own_or(h->arch->keys.n_kv_heads, "num_key_value_heads")};
    int64_t n = h->n_heads;
    bool found;
    SXT_TRY(sxt_config_integer(config, key, 1, MAX_HEADS, &n, &found, error));
    if (h->n_heads % n != 0)
        return sxt_fail(error, SXT_E_FORMAT, "%s%s is %lld; needed a divisor of the %d attention heads",
                        config->where, sxt_config_key_name(config, key), (long long)n, h->n_heads);
    h->n_kv_heads = (int32_t)n;
    return SXT_OK;
}

static sxt_status read_head_dim(const sxt_config *config, sxt_hparams *h, sxt_error *error) {
    static const sxt_config_key key = {"attention.key_length", "head_dim"};
    static const sxt_config_key value_key = {"attention.value_length", NULL};
    const int32_t usual = config->gguf ? 0 : h->arch->hf_head_dim;
    int64_t n = usual ? usual : h->d_model / h->n_heads;
    bool found;
    SXT_TRY(sxt_config_integer(config, key, 2, MAX_HEAD_DIM, &n, &found, error));
    found = found || usual;
    if (!found && h->d_model % h->n_heads != 0)
        return sxt_fail(error, SXT_E_FORMAT, "%s%s is %d; needed a multiple of the %d attention heads, or %s",
                        config->where, sxt_config_key_name(config, width_key(h->arch)), h->d_model, h->n_heads,
                        sxt_config_key_name(config, key));
    if (n < 2 || n > MAX_HEAD_DIM || n % 2 != 0)
        return sxt_fail(error, SXT_E_FORMAT, "%s%s is %lld; needed an even number from 2 to %d", config->where,
                        sxt_config_key_name(config, key), (long long)n, (int)MAX_HEAD_DIM);
    int64_t n_value = n;
    SXT_TRY(sxt_config_integer(config, value_key, 1, MAX_HEAD_DIM, &n_value, &found, error));
    if (n_value != n)
        return sxt_fail(error, SXT_E_UNSUPPORTED, "%s%s is %lld and %s %lld; only equal ones are supported",
                        config->where, value_key.gguf, (long long)n_value, key.gguf, (long long)n);
    h->head_dim = (int32_t)n;
    return SXT_OK;
}

/* The embedding's rows decide; what else is said of the vocabulary has to fit. `n_rows` 0: no embedding. */
static sxt_status read_vocab(const sxt_config *config, int64_t n_rows, int32_t n_tokens, sxt_hparams *h,
                             sxt_error *error) {
    static const sxt_config_key key = {"vocab_size", "vocab_size"};
    int64_t n = n_rows > 0 ? n_rows : n_tokens;
    bool found;
    SXT_TRY(sxt_config_integer(config, key, 1, MAX_WIDTH, &n, config->gguf ? &found : NULL, error));
    if (n_rows > 0 && n != n_rows)
        return sxt_fail(error, SXT_E_FORMAT, "%svocab_size is %lld; needed %lld, the rows of the embedding",
                        config->where, (long long)n, (long long)n_rows);
    if (n < 1 || n > MAX_WIDTH)
        return sxt_fail(error, SXT_E_FORMAT, "%svocab_size is %lld; needed 1 to %d", config->where,
                        (long long)n, (int)MAX_WIDTH);
    if (n < n_tokens)
        return sxt_fail(error, SXT_E_FORMAT, "%svocab_size is %lld; needed at least the tokenizer's %d tokens",
                        config->where, (long long)n, n_tokens);
    h->n_vocab = (int32_t)n;
    return SXT_OK;
}

sxt_status sxt_hparams_read_sizes(const sxt_config *config, int64_t n_rows, int32_t n_tokens, sxt_hparams *h,
                                  sxt_error *error) {
    SXT_TRY(read_layers(config, h, error));
    SXT_TRY(read_kv_heads(config, h, error));
    SXT_TRY(read_head_dim(config, h, error));
    return read_vocab(config, n_rows, n_tokens, h, error);
}
