"""What the definition of each long-context method says, as two matrices and no trick: delta[i, j], the rotary distance
from query i to key j, and visible[i, j]. A plan is a function of the number of tokens that gives both. It may have
`scaling`, what it does to the rotary frequencies, `log_n`, a temperature on top, and `window_off`: the model's own
windows are off.

Written from the papers' formulas: SelfExtend arXiv 2401.01325, ReRoPE kexue.fm/archives/9708, StreamingLLM arXiv
2309.17453, LM-Infinite arXiv 2308.16137, Dual Chunk Attention arXiv 2402.17463."""

import math

import numpy as np

F = np.float64


def causal(n):
    i, j = np.arange(n)[:, None], np.arange(n)[None, :]
    return i, j, j <= i


def none(n):
    i, j, visible = causal(n)
    return (i - j).astype(F), visible


def self_extend(n, group, window):
    """A neighbour within the window; beyond it positions are floored to groups, the query's shifted to meet it."""
    i, j, visible = causal(n)
    far = i // group - j // group + window - window // group
    return np.where(i - j < window, i - j, far).astype(F), visible


def rerope(n, window):
    i, j, visible = causal(n)
    return np.minimum(i - j, window).astype(F), visible


def leaky_rerope(n, window, k):
    i, j, visible = causal(n)
    return np.where(i - j < window, i - j, window + (i - j - window) / k).astype(F), visible


def streaming(n, sinks, recent):
    """Token by token with a cache: what is in it is numbered from 0 on, and so is the query after it."""
    delta, visible = np.zeros((n, n), F), np.zeros((n, n), bool)
    cache = []
    for i in range(n):
        cache.append(i)
        for slot, j in enumerate(cache):
            delta[i, j], visible[i, j] = len(cache) - 1 - slot, True
        if len(cache) > sinks + recent:
            cache = cache[:sinks] + cache[len(cache) - recent:]
    return delta, visible


def streaming_dense(n, sinks, recent, prompt):
    """The prompt is read as trained; what follows it sees what streaming lets it see."""
    (delta, visible), (plain, seen) = streaming(n, sinks, recent), none(n)
    delta[:prompt], visible[:prompt] = plain[:prompt], seen[:prompt]
    return delta, visible


def window(n, window):
    i, j, visible = causal(n)
    return (i - j).astype(F), visible & (i - j < window)


def lm_infinite(n, sinks, recent):
    """No distance counts as more than `recent`; what is farther is hidden, but for the first keys."""
    i, j, visible = causal(n)
    return np.minimum(i - j, recent).astype(F), visible & ((j < sinks) | (i - j < recent))


def dual_chunk(n, chunk, local):
    """Keys stand where they are in their chunk of `chunk` - `local`. Of the query's own chunk, of the one before, and
    of older ones: three positions of the query."""
    i, j, visible = causal(n)
    length = chunk - local
    own, before = i // length == j // length, i // length == j // length + 1
    query = np.where(own, i % length, np.where(before, np.minimum(i % length + length, chunk),
                                               min(2 * length - 1, chunk)))
    return (query - j % length).astype(F), visible


def temperature(n, trained):
    """log-n: what query i's scores are multiplied by."""
    return np.maximum(1.0, np.log(np.arange(n) + 1.0) / math.log(trained))


# Method: its function, and its parameters in that order.
METHODS = {
    "none": (none, ()),
    "self-extend": (self_extend, (("group", int), ("window", int))),
    "rerope": (rerope, (("window", int),)),
    "leaky-rerope": (leaky_rerope, (("window", int), ("k", float))),
    "streaming": (streaming, (("sinks", int), ("recent", int))),
    "window": (window, (("window", int),)),
    "lm-infinite": (lm_infinite, (("sinks", int), ("recent", int))),
    "dual-chunk": (dual_chunk, (("chunk", int), ("local", int))),
}

# A plan that scales frequencies, as a block of config.json: its type there, and what it takes by default.
SCALINGS = {
    "linear": ("linear", {"factor": 4.0}),
    "ntk": ("ntk", {"factor": 4.0}),
    "dynamic-ntk": ("dynamic", {"factor": 1.0}),
    "ntk-mixed": ("ntk-mixed", {"factor": 12.0, "power": 0.75}),
    "yarn": ("yarn", {"factor": 4.0}),
    "llama3": ("llama3", {"factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0}),
}


def parse(text):
    """A plan from what --extend takes; every parameter of a method that moves or hides keys has to be there."""
    text, *added = text.split("+")
    name, _, rest = text.partition(":")
    options = dict(item.split("=") for item in rest.split(",")) if rest else {}
    if name not in METHODS and name not in SCALINGS or set(added) - {"log-n", "window=off"}:
        raise ValueError("plan " + text)
    method, parameters = METHODS.get(name, METHODS["none"])
    if options.get("prefill") == "dense":
        method, parameters = streaming_dense, (*parameters, ("prompt", int))
    values = [kind(options[key]) for key, kind in parameters]

    def plan(n):
        return method(n, *values)
    plan.scaling = (name, options) if name in SCALINGS else None
    plan.log_n, plan.window_off = "log-n" in added, "window=off" in added
    return plan


plan_none = parse("none")
