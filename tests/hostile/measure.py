"""Compiles and draws hostile modules of growing size: CPU time and memory must grow as the text does."""

import argparse
import os
import pathlib
import resource
import subprocess
import sys
import tempfile

from modules import GENERATORS

SECONDS = 60
MEMORY = 6 << 30
# Growth of time over growth of text from which a generator is reported, and the least seconds that say anything. The
# smaller text is large enough to be out of the processor's cache, too.
SUPERLINEAR = 1.8
LEAST = 0.05
# A diagram shows the conditions of a `uses` at each node that it brings: what is printed is their product.
NOT_DRAWN = {"uses-iffeatures"}


def limit():
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 1))


def run(banyan, command, folder):
    """Exit status, seconds of CPU and megabytes of memory of one command about the module `m` in the folder."""
    arguments = {
        "check": ["check", folder / "m.yang"],
        "lenient": ["check", "--lenient", folder / "m.yang"],
        "tree": ["tree", "--path", folder, "m"],
        "dump": ["dump", "--path", folder, "m"],
        "diff": ["diff", folder / "m.yang", folder / "m.yang"],
    }[command]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen([banyan, "yang", *arguments], stdout=quiet, stderr=quiet, preexec_fn=limit)
    _, status, usage = os.wait4(process.pid, 0)
    return os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime, usage.ru_maxrss // 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("banyan", help="the program, built for release")
    parser.add_argument("--commands", default="check,tree")
    parser.add_argument("--megabytes", default="4,12")
    parser.add_argument("generators", nargs="*", default=list(GENERATORS), metavar="GENERATOR")
    arguments = parser.parse_intermixed_args()
    sizes = [float(size) for size in arguments.megabytes.split(",")]
    bad = []
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for name in arguments.generators:
            for command in arguments.commands.split(","):
                if command == "tree" and name in NOT_DRAWN:
                    continue
                runs = []
                for size in sizes:
                    body = GENERATORS[name](size * 1e6)
                    text = f"module m{{yang-version 1.1;namespace urn:m;prefix m;\n{body}}}\n"
                    (folder / "m.yang").write_text(text, encoding="utf-8")
                    runs.append(run(arguments.banyan, command, folder))
                (_, first, _), (_, last, _) = runs[0], runs[-1]
                grows = first > LEAST and last / first > SUPERLINEAR * sizes[-1] / sizes[0]
                fails = any(status not in (0, 1) for status, _, _ in runs)
                mark = "  grows faster than its text" * grows + "  fails" * fails
                cells = "  ".join(f"{seconds:7.2f} s {memory:5} MB" for _, seconds, memory in runs)
                print(f"{name:24}{command:8}{cells}{mark}", flush=True)
                if mark:
                    bad.append(name)
    if bad:
        sys.exit(f"not linear, or not at all: {', '.join(bad)}")


if __name__ == "__main__":
    main()
