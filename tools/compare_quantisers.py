#!/usr/bin/python3
"""Compares what `sextant convert` and llama.cpp's llama-quantize lose: root-mean-square errors on the same tensors.

    compare_quantisers.py --sextant build/sextant --quantize llama-quantize --sample models/tiny-f16.gguf \\
        --vocab models/tiny-f16.gguf --folder /tmp/quantised

Writes Markdown: for each type, ours / llama.cpp's without importance matrix, over the sample model's matrices and
over generated ones with rows of 2048. `--golden` prints the errors of llama.cpp on the tensor of tests/tensor/test_pack.c
instead. When llama-quantize runs elsewhere (a chroot), --seen-as names the folder as it sees it.
"""
import argparse
import os
import shlex
import struct
import subprocess
import sys

import numpy as np

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import make_random_model as random_model  # noqa: E402

# our name, llama.cpp's
TYPES = [("q8_0", "Q8_0"), ("q6_k", "Q6_K"), ("q5_k_s", "Q5_K_S"), ("q5_1", "Q5_1"), ("q5_0", "Q5_0"),
         ("q4_k_s", "Q4_K_S"), ("q4_1", "Q4_1"), ("q4_0", "Q4_0"), ("q3_k_s", "Q3_K_S"), ("q2_k", "Q2_K")]
COLUMNS = 2048


def f32_matrices(path):
    """{name: values} of the matrices of a GGUF file whose tensors are all F32."""
    with open(path, "rb") as f:
        data = f.read()
    _, _, n_tensors, n_values = struct.unpack_from("<4sIQQ", data, 0)
    at, infos = 24, []
    for _ in range(n_values):
        n = struct.unpack_from("<Q", data, at)[0]
        kind = struct.unpack_from("<I", data, at + 8 + n)[0]
        at = random_model.skip_value(data, at + 12 + n, kind)
    for _ in range(n_tensors):
        n = struct.unpack_from("<Q", data, at)[0]
        name = data[at + 8:at + 8 + n].decode()
        n_dims = struct.unpack_from("<I", data, at + 8 + n)[0]
        dims = struct.unpack_from("<%dQ" % n_dims, data, at + 12 + n)
        at += 12 + n + 8 * n_dims
        number, offset = struct.unpack_from("<IQ", data, at)
        at += 12
        if number != 0:
            sys.exit("%s: %s is not F32" % (path, name))
        infos.append((name, dims, offset))
    begin = -(-at // random_model.ALIGNMENT) * random_model.ALIGNMENT
    return {name: np.frombuffer(data, "<f4", int(np.prod(dims)), begin + offset).reshape(dims[::-1])
            for name, dims, offset in infos if len(dims) == 2}


# ---- tensors ----

def golden(n_rows, heavy, state):
    """As in tests/tensor/test_pack.c: sums of four 16-bit draws, of which `heavy` takes the square with its sign."""
    values = np.empty(n_rows * COLUMNS, np.float32)
    for i in range(values.size):
        total = -131070
        for _ in range(4):
            state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
            total += state >> 16
        values[i] = np.float32(total) / np.float32(65536)
    return (values * np.abs(values) if heavy else values).reshape(n_rows, COLUMNS)


def generated(rng):
    """{what: (256, COLUMNS)}"""
    shape = (256, COLUMNS)
    return {"Gaussian": rng.standard_normal(shape) * 0.02,
            "Student t, 4 degrees": rng.standard_t(4, shape) * 0.02,
            "Student t, 2 degrees": rng.standard_t(2, shape) * 0.02,
            "Laplace": rng.laplace(size=shape) * 0.02,
            "uniform": rng.uniform(-0.05, 0.05, shape),
            "Gaussian off zero": rng.standard_normal(shape) * 0.02 + 0.03}


def write_model(a, path, matrices):
    """A one-block-per-matrix model whose attn_k hold the matrices."""
    command = ["--gguf", path, "--vocab", a.vocab, "--layers", str(len(matrices)), "--d-model", str(COLUMNS),
               "--heads", "16", "--kv-heads", "2", "--ff", "256"]
    sys.argv = ["make_random_model.py"] + command
    arguments = random_model.arguments()
    values = random_model.Values()
    n_vocab = random_model.copy_vocab(arguments.vocab, values)
    table = random_model.tensor_table(arguments, n_vocab)
    tensors = {hf: np.zeros(shape, np.float32) for _, hf, shape, _ in table}
    for i, values_of in enumerate(matrices.values()):
        tensors["model.layers.%d.mlp.gate_proj.weight" % i] = values_of.astype(np.float32)
    random_model.put_hparams(values, arguments, n_vocab)
    random_model.write_gguf(arguments, table, tensors, n_vocab, values, None)


# ---- both quantisers ----

def run(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode != 0:
        sys.exit("%s\n%s" % (" ".join(command), done.stdout.decode(errors="replace")[-2000:]))


def through(a, which, source, ours, theirs):
    """The source's matrices as they come back from a type."""
    packed, back = os.path.join(a.folder, "packed.gguf"), os.path.join(a.folder, "back.gguf")
    if which == "sextant":
        run([a.sextant, "convert", source, packed, "--type", ours, "--pure"])
    else:
        seen = [os.path.join(a.seen_as or a.folder, os.path.basename(p)) for p in (source, packed)]
        run(shlex.split(a.quantize) + ["--pure", "--allow-requantize", seen[0], seen[1], theirs])
    run([a.sextant, "convert", packed, back, "--type", "f32"])
    return f32_matrices(back)


def rmse(x, y):
    return float(np.sqrt(np.mean((x.astype(np.float64) - y.astype(np.float64)) ** 2)))


def errors(a, which, source, ours, theirs, names):
    before, after = f32_matrices(source), through(a, which, source, ours, theirs)
    return [rmse(before[name], after[name]) for name in names]


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--sextant", required=True)
    p.add_argument("--quantize", required=True, help="the command llama-quantize")
    p.add_argument("--sample", help="a model whose matrices are compared too")
    p.add_argument("--vocab", required=True, help="a GGUF file with a vocabulary for the generated model")
    p.add_argument("--folder", required=True, help="for files that are made and left there")
    p.add_argument("--seen-as", help="the same folder as llama-quantize sees it")
    p.add_argument("--golden", action="store_true", help="the numbers of tests/tensor/test_pack.c")
    return p.parse_args()


def print_golden(a):
    path = os.path.join(a.folder, "golden.gguf")
    matrices = {"plain": golden(256, False, 1), "heavy": golden(256, True, 2)}
    write_model(a, path, matrices)
    before = f32_matrices(path)
    for ours, theirs in TYPES:
        after = through(a, "llama.cpp", path, ours, theirs)
        found = [rmse(before[n][:32], after[n][:32]) for n in ("blk.0.ffn_gate.weight", "blk.1.ffn_gate.weight")]
        print("%s %.9g %.9g" % (theirs, *found))


def print_table(a):
    matrices = generated(np.random.default_rng(5))
    made, sample = os.path.join(a.folder, "made.gguf"), os.path.join(a.folder, "sample.gguf")
    write_model(a, made, matrices)
    names = ["blk.%d.ffn_gate.weight" % i for i in range(len(matrices))]
    if a.sample:
        run([a.sextant, "convert", a.sample, sample, "--type", "f32"])
    print("| type | " + ("sample model | worst tensor | " if a.sample else "") + " | ".join(matrices) + " |")
    print("|---" * (1 + 2 * bool(a.sample) + len(matrices)) + "|")
    for ours, theirs in TYPES:
        cells = []
        for path, wanted in ((sample, None), (made, names)):
            if path == sample and not a.sample:
                continue
            wanted = wanted or sorted(f32_matrices(path))
            pair = [errors(a, which, path, ours, theirs, wanted) for which in ("sextant", "llama.cpp")]
            ratios = [x / y for x, y in zip(*pair)]
            cells += [np.sqrt(np.mean(np.square(ratios))), max(ratios)] if path == sample else ratios
        print("| %s | " % theirs.replace("_K_S", "_K") + " | ".join("%.3f" % c for c in cells) + " |", flush=True)


def main():
    a = arguments()
    os.makedirs(a.folder, exist_ok=True)
    if a.golden:
        print_golden(a)
    else:
        print_table(a)
    return 0


if __name__ == "__main__":
    sys.exit(main())
