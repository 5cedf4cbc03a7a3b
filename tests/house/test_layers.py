#!/usr/bin/env python3
"""The rules of the house that a compiler does not check: includes point downwards, one file per third-party
library, the command line sees only the public header, the library neither prints nor exits, files stay short."""

import os
import re
import sys
import tempfile

FLOORS = "base kernel tensor format text plan op model cache infer".split()
THIRD_PARTY = {"jansson.h", "xxhash.h", "pcre2.h", "utf8proc.h"}
LINUX = {"linux/futex.h", "sys/auxv.h", "sys/syscall.h"}  # one file each, like the above
CLI_THIRD_PARTY = {"editline/readline.h", "histedit.h", "jansson.h"}
EVAL_THIRD_PARTY = {"cairo.h", "cairo-svg.h", "sqlite3.h", "jansson.h", "utf8proc.h"}
PROCESSES = {"spawn.h", "sys/socket.h", "sys/wait.h"}  # likewise
C_AND_POSIX = set("""assert.h ctype.h errno.h fcntl.h fenv.h float.h inttypes.h limits.h math.h pthread.h sched.h
    signal.h stdalign.h stdarg.h stdatomic.h stdbool.h stddef.h stdint.h stdio.h stdlib.h string.h strings.h time.h
    unistd.h sys/ioctl.h sys/mman.h sys/resource.h sys/stat.h sys/time.h sys/types.h dirent.h termios.h
    immintrin.h x86intrin.h cpuid.h arm_neon.h locale.h poll.h wchar.h wctype.h getopt.h""".split())
FORBIDDEN_CALL = re.compile(r"(?<![\w.>])(printf|fprintf|vprintf|puts|putchar|fputs|perror|exit|_exit|abort|getenv)\s*\(")
FORBIDDEN_NAME = re.compile(r"^(utils?|common|misc|helpers?)\b")
MAX_LINES = 1000


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def files(root, folder, endings=(".c", ".h")):
    for where, _, names in os.walk(os.path.join(root, folder)):
        for name in sorted(names):
            if name.endswith(endings):
                yield os.path.relpath(os.path.join(where, name), root)


def includes(text):
    return re.findall(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', text, re.M)


def without_comments_and_strings(text):
    return re.sub(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"', " ", text, flags=re.S)


def check_source_includes(root):
    seen = {}
    for path in files(root, "src"):
        parts = path.split(os.sep)
        floor = FLOORS.index(parts[1]) if parts[1] in FLOORS else len(FLOORS)
        for name in includes(read(os.path.join(root, path))):
            first = name.split("/")[0]
            if name in THIRD_PARTY | LINUX:
                seen.setdefault(name, []).append(path)
            elif first in FLOORS and "/" in name:
                if FLOORS.index(first) > floor:
                    yield "%s includes %s, which lies on a higher floor" % (path, name)
            elif name not in C_AND_POSIX and name != "sextant.h":
                yield "%s includes %s: write floor/file.h for our own, or name it in this test" % (path, name)
    yield from shared_wrappers(seen)


def shared_wrappers(seen):
    for name, paths in seen.items():
        if len(paths) > 1:
            yield "%s is included by %s; one file wraps it" % (name, " and ".join(paths))


def check_cli_includes(root):
    seen, own = {}, {os.path.basename(path) for path in files(root, "cli")}
    for path in files(root, "cli"):
        for name in includes(read(os.path.join(root, path))):
            if name in CLI_THIRD_PARTY:
                seen.setdefault(name, []).append(path)
            elif name not in own | C_AND_POSIX | {"sextant.h"} and not name.startswith("eval/"):
                yield "%s includes %s; the command line comes in through sextant.h" % (path, name)
    yield from shared_wrappers(seen)


def check_eval_includes(root):
    seen = {}
    for path in files(root, "eval"):
        for name in includes(read(os.path.join(root, path))):
            if name in EVAL_THIRD_PARTY | PROCESSES:
                seen.setdefault(name, []).append(path)
            elif name not in C_AND_POSIX and not name.startswith("eval/"):
                yield "%s includes %s; evaluations know neither the library nor the command line" % (path, name)
    yield from shared_wrappers(seen)


def check_silence(root):
    for path in [*files(root, "src"), *files(root, "eval")]:
        for call in FORBIDDEN_CALL.findall(without_comments_and_strings(read(os.path.join(root, path)))):
            if (path, call) != (os.path.join("src", "kernel", "kernel.c"), "getenv"):
                yield "%s calls %s(); the library returns a status instead" % (path, call)


def check_files(root):
    for folder in ("src", "eval", "cli", "include", "tests", "tools", "fuzz", "bench", "examples"):
        for path in files(root, folder, (".c", ".h", ".py", ".sh")):
            text = read(os.path.join(root, path))
            if text.count("\n") > MAX_LINES:
                yield "%s has more than %d lines; is there a second idea in it?" % (path, MAX_LINES)
            if FORBIDDEN_NAME.match(os.path.basename(path)):
                yield "%s: a file's name is its idea" % path
            if re.search(r"\b(TO" r"DO|FIXM" r"E|XX" r"X)\b", text):
                yield "%s has an unfinished mark" % path


def check(root):
    return [fault for rule in (check_source_includes, check_eval_includes, check_cli_includes, check_silence, check_files)
            for fault in rule(root)]


def planted(root):
    """A tree with one fault of every kind, and the words by which each must be reported."""
    tree = {
        "src/base/up.c": '#include "plan/plan.h"\n', "src/base/json.c": "#include <jansson.h>\n",
        "src/text/second.c": "#include <jansson.h>\n", "src/op/stray.c": "#include <zlib.h>\n",
        "src/model/loud.c": 'void f(void) {\n    fprintf(stderr, "exit(1)");\n}\n',
        "cli/inside.c": '#include "base/json.h"\n', "eval/inside.c": '#include "sextant.h"\n', "src/plan/utils.c": "\n", "src/op/long.c": "\n" * 1001,
    }
    for path, text in tree.items():
        os.makedirs(os.path.join(root, os.path.dirname(path)), exist_ok=True)
        with open(os.path.join(root, path), "w") as f:
            f.write(text)
    return ["higher floor", "one file wraps it", "zlib.h", "fprintf()", "through sextant.h", "know neither", "name is its idea",
            "more than 1000"]


def main():
    with tempfile.TemporaryDirectory() as root:
        expected = planted(root)
        found = check(root)
        for words in expected:
            if sum(words in fault for fault in found) != 1:
                sys.exit("the test itself is broken: a planted fault (%s) was reported as %s" % (words, found))
        if len(found) != len(expected):
            sys.exit("the test itself is broken: %s" % found)
    faults = check(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
    print("\n".join(faults) or "all includes point downwards")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
