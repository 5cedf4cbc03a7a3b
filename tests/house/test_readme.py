#!/usr/bin/env python3
"""Runs the README's ```console blocks: every line `$ command` must succeed and print the lines that follow it,
in order; `...` stands for anything, fractions may differ a little. `sextant` is the binary under test; ./demo and ./check are not run."""

import os
import re
import subprocess
import sys
import tempfile


def blocks(text):
    for block in re.findall(r"^```console\n(.*?)^```", text, re.M | re.S):
        command, expected = None, []
        for line in block.splitlines():
            if line.startswith("$ "):
                if command:
                    yield command, expected
                command, expected = line[2:], []
            elif command and command.endswith("\\"):
                command = command[:-1] + line.strip()
            else:
                expected.append(line)
        if command:
            yield command, expected


def line_matches(expected, got):
    """Decimal fractions may differ by 1 percent; every other character counts, save for runs of spaces."""
    number = r"\d+\.\d+"
    parts = re.split(r"(\.\.\.|%s)" % number, " ".join(expected.split()))
    pattern = "".join(".*?" if part == "..." else "(%s)" % number if re.fullmatch(number, part) else re.escape(part)
                      for part in parts)
    found = re.fullmatch(pattern, " ".join(got.split()))
    wanted = [float(part) for part in parts if re.fullmatch(number, part)]
    return bool(found) and all(abs(float(a) - b) <= 0.01 * b for a, b in zip(found.groups(), wanted))


def matches(expected, output):
    """Every expected line is found after the one before it."""
    lines = iter(output.splitlines())
    for line in expected:
        if not any(line_matches(line, got) for got in lines):
            return "line not found: " + line
    return None


def main():
    if matches(["a ... 2.00 c", "d"], "x\na  b 1.99 c\nd") or not matches(["d", "a..."], "a\nd") or line_matches(
            "a 2.00", "a 2.03"):
        sys.exit("the test itself is broken")
    root = os.getcwd()
    binary = os.path.dirname(os.path.abspath(os.environ["SEXTANT_BIN"]))
    with open("README.md", encoding="utf-8") as f:
        todo = [(c, e) for c, e in blocks(f.read()) if not c.startswith(("./demo", "./check"))]
    if len(todo) < 3:
        sys.exit("README.md has only %d examples that can be run" % len(todo))
    faults = 0
    with tempfile.TemporaryDirectory() as folder:
        for name in ("models", "tools"):
            os.symlink(os.path.join(root, name), os.path.join(folder, name))
        environment = dict(os.environ, PATH=binary + os.pathsep + os.environ["PATH"])
        for command, expected in todo:
            done = subprocess.run(["sh", "-c", command], cwd=folder, env=environment, capture_output=True,
                                  text=True, timeout=300, stdin=subprocess.DEVNULL)
            output = done.stdout + "\n" + done.stderr
            fault = "exit code %d" % done.returncode if done.returncode else matches(expected, output)
            print("%s $ %s" % ("FAILED" if fault else "ok", command))
            if fault:
                faults += 1
                print("  %s\n  it printed:\n%s" % (fault, output))
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
