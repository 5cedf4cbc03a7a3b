"""Attention against the reference of the test data (ref_attention.py, float64, full matrices): every case of
its test list, for outputs and for scores, under every plan that moves or hides keys."""
import itertools
import os
import subprocess
import sys

import numpy as np

SHARED = os.environ.get("SEXTANT_SHARED", "../shared")
DUMP = os.path.join(os.environ.get("SEXTANT_BUILD_DIR", "build"), "tests", "attention_dump")
if not os.path.exists(os.path.join(SHARED, "reference", "ref_attention.py")):
    print("SKIP: no reference/ref_attention.py in the test data")
    sys.exit(77)
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(SHARED, "reference"))
import position_plans  # noqa: E402
import ref_attention as ref  # noqa: E402

F32, F16, Q4_0, Q8_0, BF16 = 0, 1, 2, 8, 30
BASE = dict(group=0, window=0, n=150, heads=2, kv_heads=1, dim=16, rot=16, interleaved=0, type=F32, fast=0, sliding=0,
            chunk=512, threads=1, theta=10000.0, loud=1.0, scores=0, plan=None, trained=1 << 20)


# Plan text -> (relative positions, visible) of all queries and keys below n.
PLANS = {
    "rerope:window=%d": lambda at, w: ref.map_rerope(at, at, w),
    "leaky-rerope:window=%d,k=%g": lambda at, w, k: ref.map_leaky_rerope(at, at, w, k),
    "streaming:sinks=%d,recent=%d": lambda at, s, r: ref.map_streaming(at, at, s, r),
    "streaming:sinks=%d,recent=%d,prefill=dense,prompt=%d":
        lambda at, s, r, p: position_plans.streaming_dense(len(at), s, r, p),
    "window:window=%d": lambda at, w: ref.map_plain(at, at, w),
    "lm-infinite:sinks=%d,recent=%d": lambda at, s, r: position_plans.lm_infinite(len(at), s, r),
    "dual-chunk:chunk=%d,local=%d": lambda at, c, w: ref.map_dca(at, at, c - w, c),
    "self-extend:group=%d,window=%d,shift=float": lambda at, g, w: ref.map_self_extend(at, at, g, w, "float"),
    "self-extend:group=%d,window=%d": lambda at, g, w: ref.map_self_extend(at, at, g, w),
    "none": lambda at: ref.map_plain(at, at),
}
NUMBERS = {
    "rerope:window=%d": ((1,), (16,), (37,), (128,), (300,)),
    "leaky-rerope:window=%d,k=%g": ((1, 2), (37, 16), (64, 2.5), (50, 1.0625), (100, 7), (300, 3)),
    "streaming:sinks=%d,recent=%d": ((4, 20), (0, 33), (4, 128), (140, 50), (1, 1), (3, 500)),
    "streaming:sinks=%d,recent=%d,prefill=dense,prompt=%d": ((4, 20, 100), (0, 33, 1), (3, 40, 257)),
    "window:window=%d": ((1,), (33,), (128,), (500,)),
    "lm-infinite:sinks=%d,recent=%d": ((10, 64), (0, 50), (200, 30), (4, 1), (1, 400)),
    "dual-chunk:chunk=%d,local=%d": ((48, 16), (40, 33), (2, 1), (100, 1), (190, 60), (700, 64)),
    "self-extend:group=%d,window=%d,shift=float": ((5, 24), (8, 64), (30, 7)),
    "self-extend:group=%d,window=%d": ((5, 24),),
    "none": ((),),
}


def plan_cases(case):
    """Every plan whole, in chunks and token by token, with grouped heads and every layout; sinks under a prompt
    much longer than what stays; log-n on top; spans of keys; a model's own sliding window."""
    for turn, (plan, log_n) in enumerate(itertools.product(PLANS, (False, True))):
        trained = 130 if log_n else 1024  # log-n is felt past the trained window only
        for number, chunk in itertools.product(NUMBERS[plan], (1, 70, 512)):
            if sum(number) >= trained:
                continue
            yield case(plan=(plan, number, log_n), trained=trained, n=291, heads=4, kv_heads=2,
                       rot=(16, 8)[turn % 2], interleaved=turn // 2 % 2, chunk=chunk,
                       type=(F32, F16, Q8_0)[turn % 3], threads=2, loud=2.0)
        yield case(plan=(plan, NUMBERS[plan][0], log_n), trained=710, n=200, heads=4, kv_heads=1, sliding=90, chunk=90)
        if not log_n:
            continue
        yield case(plan=(plan, NUMBERS[plan][-1], log_n), trained=710, n=2300, heads=1, kv_heads=1, dim=8, rot=4,
                   chunk=900, type=F16)
    for chunk in (1, 900):  # whole spans between the sinks and the recent keys are unseen
        yield case(plan=("streaming:sinks=%d,recent=%d", (4, 300), True), trained=400, n=4700, heads=1, kv_heads=1, dim=4,
                   rot=4, chunk=chunk)
    for n, plan in itertools.product((31, 32, 33, 45, 63, 65, 95, 97), ("self-extend:group=%d,window=%d",
                                                                      "streaming:sinks=%d,recent=%d")):
        yield case(plan=(plan, (4, 10), False), trained=1024, n=n, heads=8, kv_heads=2, chunk=1)


def cases():
    def case(**changes):
        return {**BASE, **changes}

    yield from plan_cases(case)
    for group, window in itertools.product(range(1, 17), (1, 7, 16, 48, 149, 150, 151, 400)):
        yield case(group=group, window=window, chunk=(1, 3, 7, 128, 150)[group % 5])
    for n in (1, 2, 31, 64, 65, 127, 128, 129, 255, 257):
        for group in (0, 4, 5):
            yield case(n=n, group=group, window=64, chunk=64)
    for chunk, threads in itertools.product((1, 3, 7, 128, 512), (1, 2, 3)):
        yield case(n=300, group=5, window=64, chunk=chunk, threads=threads, heads=4, kv_heads=2)
    for (heads, kv_heads), rot, interleaved, kind in itertools.product(
            ((2, 2), (4, 2), (8, 1)), (24, 8), (0, 1), (F32, F16, BF16, Q8_0, Q4_0)):
        yield case(n=140, group=4, window=32, heads=heads, kv_heads=kv_heads, dim=24, rot=rot,
                   interleaved=interleaved, type=kind, chunk=100)
    for dim, interleaved, kind in itertools.product((64, 128, 192, 256), (0, 1), (F32, F16, BF16, Q8_0, Q4_0)):
        yield case(n=150, group=3, window=40, heads=2, dim=dim, rot=dim, interleaved=interleaved, type=kind, chunk=70)
    for dim, rot in ((64, 32), (80, 32), (96, 96), (112, 112)):
        yield case(n=150, group=3, window=40, heads=2, dim=dim, rot=rot, type=Q8_0, chunk=70)
    for sliding, group in itertools.product((1, 40, 128, 500), (0,)):
        yield case(n=280, group=group, sliding=sliding, chunk=96)
    for loud in (1.0, 6.0):
        yield case(n=128, group=4, window=32, dim=128, rot=128, loud=loud, scores=1)
        yield case(n=128, group=0, dim=128, rot=64, interleaved=1, loud=loud, scores=1)
    yield case(n=1500, group=8, window=256, heads=1, dim=8, rot=8)
    yield case(n=700, group=3, window=100, theta=500000.0, type=F16, chunk=512)
    yield case(n=4400, group=8, window=512, heads=2, dim=32, rot=32, type=Q8_0, chunk=900)


def blocks(x, kind):
    """What Q8_0 or Q4_0 make of vectors: blocks of 32, the last one filled with zeros."""
    dim = x.shape[-1]
    b = np.pad(x, [(0, 0)] * (x.ndim - 1) + [(0, -dim % 32)]).reshape(-1, 32)
    if kind == Q8_0:
        scale = np.abs(b).max(1, keepdims=True) / np.float32(127)
        low, high = -128, 127
    else:
        top, least = b.max(1, keepdims=True), b.min(1, keepdims=True)
        scale = np.where(top >= -least, top, least) / np.float32(-8)
        low, high = -8, 7
    with np.errstate(divide="ignore"):
        inverse = np.where(scale == 0, 0, 1 / scale).astype(np.float32)
    back = scale.astype(np.float16).astype(np.float32) * np.clip(np.rint(b * inverse), low, high)
    return back.reshape(*x.shape[:-1], -1)[..., :dim]


def stored(x, kind):
    """x as a cache of this type holds it."""
    if kind == F16:
        return x.astype(np.float16).astype(np.float32)
    if kind == BF16:
        bits = x.view(np.uint32)
        return ((bits + 0x7fff + (bits >> 16 & 1)) & np.uint32(0xffff0000)).view(np.float32)
    return x if kind == F32 else blocks(x, kind)


def plan_text(c):
    if c["plan"]:
        text, numbers, log_n = c["plan"]
        return text % numbers + ("+log-n" if log_n else "")
    return "self-extend:group=%d,window=%d" % (c["group"], c["window"]) if c["group"] else "none"


def make_input(c, rng):
    q = rng.standard_normal((c["n"], c["heads"], c["dim"])).astype(np.float32) * np.float32(c["loud"])
    k = rng.standard_normal((c["n"], c["kv_heads"], c["dim"])).astype(np.float32)
    v = rng.standard_normal((c["n"], c["kv_heads"], c["dim"])).astype(np.float32)
    if c["scores"]:  # values that single out one key each: outputs are weights, their logarithms scores
        v = np.repeat(np.eye(c["n"], c["dim"], dtype=np.float32)[:, None], c["kv_heads"], axis=1)
    return q, k, v


def run(c, q, k, v, dump):
    fields = (plan_text(c), c["trained"], c["n"], c["heads"], c["kv_heads"], c["dim"], c["rot"], c["interleaved"], c["type"], c["fast"],
              c["sliding"], c["chunk"], c["threads"], c["theta"])
    dump.stdin.write((" ".join(map(str, fields)) + "\n").encode())
    for array in (q, k, v):
        dump.stdin.write(np.ascontiguousarray(array).tobytes())
    dump.stdin.flush()
    raw = dump.stdout.read(q.size * 4)
    if len(raw) != q.size * 4:
        sys.exit("attention_dump ended early in case %r" % c)
    return np.frombuffer(raw, np.float32).reshape(q.shape).transpose(1, 0, 2).astype(np.float64)


def expected(c, q, k, v):
    index, qscale = np.arange(c["n"]), None
    if c["plan"]:
        text, numbers, log_n = c["plan"]
        delta, visible = PLANS[text](index, *numbers)
        visible = visible & (index[:, None] - index[None, :] < (c["sliding"] or c["n"]))
        qscale = ref.logn_scale(index, c["trained"]) if log_n else None
    elif c["group"]:
        delta, visible = ref.map_self_extend(index, index, c["group"], c["window"])
    else:
        delta, visible = ref.map_plain(index, index, c["sliding"] or None)
    style = "interleaved" if c["interleaved"] else "half"
    arrays = [x.transpose(1, 0, 2) for x in (q, stored(k, c["type"]), stored(v, c["type"]))]
    theta = ref.inv_freq_default(c["rot"], c["theta"])
    out = ref.attention(*arrays, delta, visible, theta, style=style, qscale=qscale)
    scores = ref.scores(*arrays[:2], delta, theta, style=style) if c["scores"] else None
    return out, scores, visible


def score_error(out, scores, visible):
    """Largest difference of scores in units of max(1, max |s|); each row's constant is taken off."""
    with np.errstate(divide="ignore"):
        got = np.log(out)
    usable = visible[None] & (out > 1e-30)
    difference = np.where(usable, got - scores, np.nan)
    difference -= np.nanmedian(difference, axis=2, keepdims=True)
    return np.nanmax(np.abs(difference)) / max(1.0, np.abs(np.where(visible[None], scores, 0)).max())


def errors_of(c, out, want, scores, visible, v):
    """Each kind of error, with its bound: the largest of outputs is in units of the largest value."""
    largest = np.abs(out - want).max() / np.abs(v).max()
    if c["fast"]:
        rms = np.sqrt(((out - want) ** 2).mean() / (want ** 2).mean())
        return {"fast output, rms": (rms, 1e-3), "fast output, largest": (largest, 5e-3)}
    errors = {"f32 output": (largest, 1e-5)}
    if scores is not None:
        errors["score"] = (score_error(out, scores, visible), 1e-6)
    return errors


def main():
    rng = np.random.default_rng(5)
    worst, n = {}, 0
    dump = subprocess.Popen([DUMP], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    for c in cases():
        q, k, v = make_input(c, rng)
        want, scores, visible = expected(c, q, k, v)
        for c["fast"] in (0, 1):
            if c["fast"] and c["scores"]:
                continue  # its weights are rounded, their logarithms mean nothing
            out = run(c, q, k, v, dump)
            for name, (error, limit) in errors_of(c, out, want, scores, visible, v).items():
                worst[name] = max(worst.get(name, 0), error)
                if not error <= limit:
                    sys.exit("%s error %.2e is above %.0e in case %r" % (name, error, limit, c))
            n += 1
    dump.stdin.close()
    if dump.wait() != 0:
        sys.exit("attention_dump failed")
    print("%d cases agree; worst: %s" % (n, ", ".join("%s %.1e" % item for item in worst.items())))


if __name__ == "__main__":
    main()
