"""Hand-made documents before yanglint and us: each must be valid for both, or refused by both.

A file of `tests/jury/documents` is a rule, a module and documents, each under its verdict. Where yanglint is known to
judge otherwise, its verdict stands behind ours, and docs/yang-ledger.md says why.
"""

import re
import subprocess

import pytest

from conftest import BANYAN, ROOT

FILES = sorted((ROOT / "tests" / "jury" / "documents").glob("*.txt"))


def sections(file):
    """The module, then (banyan's verdict, yanglint's, the document)."""
    _, *parts = re.split(r"^--- (.*)\n", file.read_text(encoding="utf-8"), flags=re.M)
    pairs = list(zip(parts[::2], parts[1::2]))
    assert pairs[0][0] == "module"
    documents = []
    for head, text in pairs[1:]:
        ours, _, theirs = head.partition(", yanglint: ")
        assert {ours, theirs or ours} <= {"ok", "refused"}, head
        documents.append((ours, theirs or ours, text.strip()))
    return pairs[0][1], documents


def verdict(command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode >= 0, done.stderr
    return ("ok" if done.returncode == 0 else "refused"), done.stdout + done.stderr


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_documents(file, tmp_path):
    module, documents = sections(file)
    (tmp_path / "j.yang").write_text(module, encoding="utf-8")
    wrong = []
    for ours, theirs, text in documents:
        document = tmp_path / "document.xml"
        document.write_text(text, encoding="utf-8")
        judged = {
            "banyan": (ours, verdict([BANYAN, "data", "validate", "--type", "config", "-m", "j", "--path", tmp_path, document])),
            "yanglint": (theirs, verdict(["yanglint", "-t", "config", tmp_path / "j.yang", document])),
        }
        if ours == "ok" and text:
            json = subprocess.run(
                [BANYAN, "data", "convert", "-m", "j", "--path", tmp_path, document, "--to", "json"],
                capture_output=True, check=True,
            ).stdout
            (tmp_path / "document.json").write_bytes(json)
            again = verdict(["yanglint", "-t", "config", tmp_path / "j.yang", tmp_path / "document.json"])
            judged["yanglint, of our JSON"] = (theirs, again)
        for judge, (expected, (found, why)) in judged.items():
            if found != expected:
                wrong.append(f"{judge}: {found} in place of {expected}\n{text}\n{why}")
    assert not wrong, "\n".join(wrong)
