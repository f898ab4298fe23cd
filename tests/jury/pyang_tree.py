"""Writes pyang-tree.tsv: what `pyang -f tree` prints for every published module, as hashes.

    .venv/bin/python tests/jury/pyang_tree.py [--models DIR] [--keep DIR] [--jobs N]

pyang is run on each file by itself, with all the folders as its path. The text that it prints is hashed, not kept:
the file holds nothing of the modules. With --keep, the texts go to a directory outside of the repository, from
where a run that was interrupted goes on, and where one can look for what is different. All of it takes half an hour.
"""

import argparse
import contextlib
import hashlib
import io
import multiprocessing
import os
import pathlib
import re
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
FOLDERS = ["ietf", "iana", "openconfig"]
# Columns of the table: what each run of the tree plugin is asked for beside `-f tree`.
VARIANTS = {
    "plain": {},
    "wide": {
        "tree_line_length": 69,
        "tree_print_groupings": True,
        "tree_print_yang_data": True,
        "tree_print_structures": True,
        "modname_prefix": True,
    },
    "short": {"tree_depth": 3, "tree_no_expand_uses": True, "tree_print_groupings": True, "tree_line_length": 50},
}


def draw(job):
    """Runs pyang in this process, which is used for one module only; the plugin draws all variants."""
    models, path, keep = job
    outputs = {}
    for name in VARIANTS:
        kept = keep and keep / f"{path.parent.name}-{path.stem}.{name}"
        if kept and kept.exists():
            outputs[name] = kept.read_bytes()
    if len(outputs) != len(VARIANTS):
        outputs = run_pyang(models, path)
        for name, output in outputs.items():
            if keep:
                (keep / f"{path.parent.name}-{path.stem}.{name}").write_bytes(output)
    return path, outputs


def run_pyang(models, path):
    from pyang import plugin
    from pyang.scripts import pyang_tool

    outputs = {}
    register = plugin.register_plugin

    def emit_variants(emit, ctx, modules):
        for name, options in VARIANTS.items():
            for option, value in options.items():
                setattr(ctx.opts, option, value)
            out = io.StringIO()
            emit(ctx, modules, out)
            outputs[name] = out.getvalue().encode()
            for option in options:
                setattr(ctx.opts, option, None)

    def register_with_variants(found):
        if found.name == "tree":
            emit = found.emit
            found.emit = lambda ctx, modules, fd: emit_variants(emit, ctx, modules)
        register(found)

    plugin.register_plugin = register_with_variants
    # Only what is named here, not what pyang brings along or what lies in the home directory.
    os.environ.update(HOME="/nonexistent", YANG_INSTALL="/nonexistent")
    os.environ.pop("YANG_MODPATH", None)
    with tempfile.TemporaryDirectory() as nothing_here:
        os.chdir(nothing_here)
        sys.argv = ["pyang", "-f", "tree", "-p", ":".join(str(models / folder) for folder in FOLDERS), str(path)]
        with contextlib.redirect_stderr(io.StringIO()), contextlib.suppress(SystemExit):
            pyang_tool.run()
    return outputs


def identity(path, text):
    name = re.search(r"^\s*module\s+\"?([\w.-]+)", text, re.M).group(1)
    revisions = re.findall(r"^\s*revision\s+\"?([\d-]+)", text, re.M)
    return f"{name}@{max(revisions)}" if revisions else name


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=pathlib.Path, default=HERE.parents[2] / "shared" / "models")
    parser.add_argument("--keep", type=pathlib.Path)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    models = arguments.models.resolve()
    if arguments.keep:
        arguments.keep.mkdir(parents=True, exist_ok=True)
    files = [
        path
        for folder in FOLDERS
        for path in sorted((models / folder).glob("*.yang"))
        if not re.search(r"^\s*belongs-to\s", path.read_text(), re.M)
    ]
    import pyang

    rows = []
    with multiprocessing.Pool(arguments.jobs, maxtasksperchild=1) as pool:
        jobs = [(models, path, arguments.keep) for path in files]
        for path, outputs in pool.imap(draw, jobs, chunksize=1):
            text = path.read_bytes()
            hashes = [hashlib.sha256(outputs.get(name, b"")).hexdigest() for name in VARIANTS]
            rows.append([path.parent.name, identity(path, text.decode()), hashlib.sha256(text).hexdigest(), *hashes])
            print(f"{len(rows)}/{len(files)} {path.name}", file=sys.stderr, flush=True)
    with open(HERE / "pyang-tree.tsv", "w") as table:
        table.write(f"# pyang {pyang.__version__}; made by tests/jury/pyang_tree.py\n")
        table.write("\t".join(["# folder", "module", "sha256 of the module", *VARIANTS]) + "\n")
        for row in rows:
            table.write("\t".join(row) + "\n")


if __name__ == "__main__":
    main()
