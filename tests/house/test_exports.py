#!/usr/bin/env python3
"""The shared library exports the header's functions and nothing else, under its SONAME and version node."""

import os
import re
import subprocess
import sys

run = lambda *command: subprocess.run(command, check=True, capture_output=True, text=True).stdout


def main():
    library, compiler = os.environ["SEXTANT_LIBRARY"], os.environ.get("CC", "cc")
    text = run(compiler, "-E", "-P", "include/sextant.h")
    declared = set(re.findall(r'__attribute__\(\(visibility\("default"\)\)\)[^;{]*?\b(sxt_\w+)\s*\(', text))
    symbols = [line.split() for line in run("nm", "-D", "--defined-only", library).splitlines()]
    exported = {name.split("@")[0] for _, kind, name in symbols if kind != "A"}
    faults = []
    if len(declared) < 30:
        faults.append("only %d functions found in the header: the test cannot read it" % len(declared))
    for name in sorted(declared - exported):
        faults.append("%s is declared but not exported" % name)
    for name in sorted(exported - declared):
        faults.append("%s is exported but not declared" % name)
    for _, kind, name in symbols:
        if kind != "A" and not name.endswith("@@SEXTANT_1"):
            faults.append("%s does not carry the version SEXTANT_1" % name)
    dynamic = run("readelf", "-d", library)
    if "soname: [libsextant.so.1]" not in dynamic:
        faults.append("the SONAME is not libsextant.so.1")
    version = ".".join(re.search(r"SXT_VERSION_%s (\d+)" % part, open("include/sextant.h").read()).group(1)
                       for part in ("MAJOR", "MINOR", "PATCH"))
    if not os.path.realpath(library).endswith("libsextant.so." + version):
        faults.append("the header says %s, the library is %s" % (version, os.path.realpath(library)))
    if not re.search(r"^## %s\b" % re.escape(version), open("CHANGELOG.md").read(), re.M):
        faults.append("CHANGELOG.md has no heading for %s" % version)
    print("\n".join(faults) or "%d functions, all declared and exported" % len(declared))
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
