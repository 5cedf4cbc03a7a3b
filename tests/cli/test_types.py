"""Every type: what a quantised file predicts is what its dequantised numbers predict, within half a percent."""

import os

from sextant_command import MODEL, NOVEL, CommandTest, main

TYPES = ("f32 f16 bf16 q8_0 q6_k q5_k_m q5_k_s q5_1 q5_0 q4_k_m q4_k_s q4_1 q4_0 q3_k_l q3_k_m q3_k_s q2_k").split()


class Types(CommandTest):
    """The sample model's rows are whole blocks of every type."""

    def perplexity(self, model, precision):
        return self.json("perplexity", "-m", model, "-f", NOVEL, "--lengths", 256, "--windows", 4,
                         "--precision", precision)[0]["ppl"]

    def test_fast_predicts_what_f32_predicts(self):
        packed, back = self.path("packed.gguf"), self.path("back.gguf")
        sizes = []
        for kind in TYPES:
            with self.subTest(type=kind):
                told = self.json("convert", MODEL, packed, "--type", kind)
                self.assertEqual(told["misfits"], 0)
                self.good("convert", packed, back, "--type", "f32")
                fast, exact = self.perplexity(packed, "fast"), self.perplexity(back, "f32")
                self.assertLess(abs(fast / exact - 1), 0.005, "%s: %g, dequantised %g" % (kind, fast, exact))
                sizes.append((kind, os.path.getsize(packed), exact))
        # A file that stayed as it was would pass the above; fewer bits must cost bytes and a little perplexity.
        bytes_of = {kind: size for kind, size, _ in sizes}
        for larger, smaller in (("f32", "f16"), ("f16", "q8_0"), ("q8_0", "q6_k"), ("q6_k", "q5_k_m"),
                                ("q5_k_m", "q4_k_m"), ("q4_k_m", "q4_k_s"), ("q4_k_s", "q3_k_m"),
                                ("q3_k_m", "q2_k")):
            self.assertGreater(bytes_of[larger], bytes_of[smaller])
        base = sizes[0][2]
        for kind, _, exact in sizes:
            self.assertLess(abs(exact / base - 1), 0.6 if kind.startswith(("q2", "q3")) else 0.05, kind)

    def test_pure_has_one_type(self):
        out = self.path("pure.gguf")
        self.good("convert", MODEL, out, "--type", "q4_k_m", "--pure")
        self.assertEqual(sorted(self.json("info", out)["types"]), ["F32", "Q4_K"])
        self.good("convert", MODEL, out, "--type", "q4_k_m")
        self.assertEqual(sorted(self.json("info", out)["types"]), ["F32", "Q4_K", "Q6_K"])

    def test_threads_do_not_matter(self):
        files = [self.path("%d.gguf" % n) for n in (1, 3)]
        for n, out in zip((1, 3), files):
            self.good("convert", MODEL, out, "--type", "q3_k_m", "-t", n)
        with open(files[0], "rb") as a, open(files[1], "rb") as b:
            self.assertEqual(a.read(), b.read())


if __name__ == "__main__":
    main()
