"""The jury: what pyang and yanglint say of a YANG module, as their command lines say it.

As a program it judges every module under ../shared/models/{ietf,iana,openconfig} and writes verdicts.tsv beside
this file (`make jury`; some minutes). crates/banyan-yang/tests/it/jury.rs compares our verdicts with that file.

Every module is judged on its own. What it imports comes from one pool of all the folders: the revision that it
states, else the newest. A verdict is `ok` or the errors that the tool reports; warnings do not count.
"""

import argparse
import contextlib
import hashlib
import io
import multiprocessing
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
FOLDERS = ("ietf", "iana", "openconfig")
VERDICTS = HERE / "verdicts.tsv"
OK = "ok"


def models():
    """The folder of the published models; None where it is absent."""
    shared = pathlib.Path(os.environ.get("BANYAN_SHARED", ROOT / ".." / "shared"))
    return shared / "models" if (shared / "models").is_dir() else None


class Module:
    """A file, with the name and the revision that its text states."""

    def __init__(self, path):
        self.path = path
        text = path.read_text(encoding="utf-8")
        self.sha256 = hashlib.sha256(text.encode()).hexdigest()
        kind, self.name = re.search(r"^\s*(module|submodule)\s+[\"']?([\w.-]+)", text, re.M).groups()
        self.is_submodule = kind == "submodule"
        self.revision = max(re.findall(r"^\s*revision\s+[\"']?(\d{4}-\d\d-\d\d)", text, re.M), default="")

    @property
    def file_name(self):
        return f"{self.name}@{self.revision}.yang" if self.revision else f"{self.name}.yang"

    @property
    def key(self):
        """`folder/module@revision`: two folders may hold different texts of one revision."""
        return f"{self.path.parent.name}/{self.file_name.removesuffix('.yang')}"


def published(directory):
    """All files of the folders, in a fixed order."""
    return [Module(path) for folder in FOLDERS for path in sorted((directory / folder).glob("*.yang"))]


def fill_pool(pool, modules):
    """Puts modules in one folder, each under its name and revision; of equal ones the first folder's."""
    for module in modules:
        link = pool / module.file_name
        if not link.exists():
            link.symlink_to(module.path.resolve())


def pyang(file, paths):
    """The codes of the errors of `pyang FILE`, or `ok`. To be called in a process of its own: see `in_processes`."""
    from pyang.scripts import pyang_tool

    # Its search path ends with the working directory, the home and the modules that it installs: none shall count.
    os.chdir(file.parent)
    os.environ.update(HOME=str(file.parent), YANG_INSTALL=str(file.parent))
    os.environ.pop("YANG_MODPATH", None)
    said = io.StringIO()
    sys.argv = ["pyang", "--msg-template={type} {code}", "-p", os.pathsep.join(map(str, paths)), str(file)]
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
        try:
            status = pyang_tool.run()
        except SystemExit as end:
            status = end.code
        except Exception as error:  # pyang's own faults are verdicts of a sort
            return f"crash {type(error).__name__}"
    codes = {line.split()[1] for line in said.getvalue().splitlines() if line.startswith("error ")}
    if not codes and status not in (None, 0):
        return f"status {status}"
    return " ".join(sorted(codes)) or OK


def yanglint(file, paths):
    """The first error of `yanglint FILE`, or `ok`. With `-i`, modules that it refers to are implemented, as the standard
    wants (RFC 7950 5.6.5); without, no identity of an imported module could be a default."""
    command = ["yanglint", "-D", "-i", *(word for path in paths for word in ("-p", str(path))), str(file)]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode == 0:
        return OK
    errors = [line for line in done.stderr.splitlines() if re.match(r"libyang err|YANGLINT\[E\]", line)]
    first = re.sub(r"^[^:]*: ", "", errors[0]) if errors else f"status {done.returncode}"
    return re.sub(r"\s+", " ", re.sub(r"/\S*/", "", first))[:160]


def judge(job):
    """Both verdicts of one file, for `in_processes`."""
    file, paths = job
    return pyang(file, paths), yanglint(file, paths)


def in_processes(jobs):
    """The verdicts of (file, paths) jobs in their order. pyang keeps its plugins in globals, so that each job has a
    process of its own, forked from this one, which has pyang loaded."""
    import pyang.scripts.pyang_tool  # noqa: F401

    with multiprocessing.get_context("fork").Pool(maxtasksperchild=1) as pool:
        return pool.map(judge, jobs, chunksize=1)


def versions():
    """What the verdicts depend on."""
    import pyang

    libyang = subprocess.run(["yanglint", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    return f"pyang {pyang.__version__}, {libyang}"


def row(module, verdicts):
    """A line of verdicts.tsv."""
    return "\t".join((module.key, module.sha256, *verdicts))


def judge_published(directory, wanted=None):
    """The rows of the published modules, or of those with the wanted keys."""
    files = published(directory)
    judged = [module for module in files if not module.is_submodule and (not wanted or module.key in wanted)]
    with tempfile.TemporaryDirectory() as folder:
        pool = pathlib.Path(folder) / "pool"
        pool.mkdir()
        fill_pool(pool, files)
        jobs = []
        for index, module in enumerate(judged):
            # In a folder of its own, and by its full name, which the tools compare with the text.
            file = pathlib.Path(folder) / str(index) / module.file_name
            file.parent.mkdir()
            file.symlink_to(module.path.resolve())
            jobs.append((file, [pool]))
        return [row(module, verdicts) for module, verdicts in zip(judged, in_processes(jobs))]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", metavar="KEY", help="print the rows of these modules instead of writing all")
    options = parser.parse_args()
    directory = models()
    if directory is None:
        sys.exit("jury: ../shared/models is absent (set BANYAN_SHARED)")
    rows = judge_published(directory, options.only)
    if options.only:
        print("\n".join(rows))
        return
    head = [f"# {versions()}", "# module\tSHA-256\tpyang\tyanglint (written by `make jury`)"]
    VERDICTS.write_text("\n".join([*head, *rows]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
