#!/usr/bin/env python3
"""Writes a small model of a family's true structure with random weights, twice: as a Hugging Face folder, OUT, and as
the GGUF file that llama.cpp's converter would make of it, OUT.gguf. Both hold the same numbers, the same on every
machine; the tests compare what they compute with a forward pass written from the family's definition.

    write_family_model.py qwen2 /tmp/qwen2
    write_family_model.py --list"""

import argparse
import os
import sys

sys.dont_write_bytecode = True
from random_families import FAMILIES, vocabulary  # noqa: E402

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")


class ListFamilies(argparse.Action):
    def __call__(self, parser, *_):
        width = max(map(len, FAMILIES))
        for name, make in FAMILIES.items():
            print("%-*s  %s" % (width, name, " ".join((make.__doc__ or "").split())))
        parser.exit()


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("family", choices=FAMILIES, metavar="FAMILY", help="one of those that --list names")
    p.add_argument("out", metavar="OUT", help="the folder; OUT.gguf is the file")
    p.add_argument("--list", action=ListFamilies, nargs=0, help="the families, and what sets each apart")
    p.add_argument("--vocabularies", metavar="FOLDER", help="the family's real vocabulary and its chat template, where "
                   "FOLDER has llama-bpe.gguf, qwen2.gguf, ...; else, and by default, a small one of the same type")
    p.add_argument("--context", type=int, metavar="N", help="another trained window")
    return p.parse_args()


def main():
    a = arguments()
    model = FAMILIES[a.family]()
    own = a.vocabularies and vocabulary.of_family(a.family, a.vocabularies)
    if own:
        model.use_vocabulary(own)
    if a.context:
        model.set_context(a.context)
    model.write_folder(a.out, os.path.join(SOURCE, "tests", "data", "tiny"))
    model.write_gguf(a.out + ".gguf", os.path.join(SOURCE, "models", "tiny-f16.gguf"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
