"""The jury, live: hand-made modules that each break one rule, and some published ones, before pyang, yanglint and us.

All published modules are compared in crates/banyan-yang/tests/it/jury.rs, with verdicts that `make jury` recorded.
"""

import pathlib
import re
import subprocess
import sys

import pytest

from conftest import BANYAN, ROOT

JURY = ROOT / "tests" / "jury"
sys.path.insert(0, str(JURY))

import jury  # noqa: E402

HAND_MADE = sorted((JURY / "bad").glob("*.yang"))
SAMPLE = (
    "ietf/ietf-interfaces@2018-02-20",
    "ietf/ietf-ip@2018-02-22",
    "ietf/ietf-netconf-acm@2012-02-22",
    "ietf/ietf-netconf-acm@2018-02-14",
    "ietf/ietf-yang-library@2019-01-04",
    "ietf/ietf-template",
    "ietf/ietf-l2-topology@2020-11-15",
    "ietf/ietf-connectionless-oam@2019-04-16",
    "ietf/ietf-ipfix-psamp@2012-09-05",
    "ietf/ietf-tls-common@2024-10-10",
    "iana/iana-crypt-hash@2014-08-06",
    "openconfig/openconfig-platform-types@2026-05-19",
)


def head(file):
    """What the second line of a hand-made module expects of each: `ok`, or anything else for refused."""
    line = file.read_text(encoding="utf-8").splitlines()[1]
    return re.fullmatch(r"// pyang: (ok|refused), yanglint: (ok|refused), banyan: ([\w.-]+)", line).groups()


def banyan(file, paths):
    """The codes of the errors of `banyan yang check FILE`, or `ok`."""
    command = [BANYAN, "yang", "check", *(word for path in paths for word in ("--path", path)), file]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    return "ok" if done.returncode == 0 else re.findall(r"error\[([\w.-]+)\]", done.stdout)


@pytest.fixture(scope="module")
def verdicts():
    """What pyang and yanglint say of the hand-made modules, all at once."""
    jobs = [(file, [JURY / "bad" / "with"]) for file in HAND_MADE]
    return dict(zip(HAND_MADE, jury.in_processes(jobs)))


@pytest.mark.parametrize("file", HAND_MADE, ids=lambda file: file.stem)
def test_a_hand_made_module_is_judged_as_its_head_says(file, verdicts):
    by_pyang, by_yanglint, code = head(file)
    pyang, yanglint = verdicts[file]
    assert ("ok" if pyang == "ok" else "refused") == by_pyang, pyang
    assert ("ok" if yanglint == "ok" else "refused") == by_yanglint, yanglint
    assert code in banyan(file, [JURY / "bad" / "with"])


def test_the_recorded_verdicts_on_a_sample_are_those_of_today():
    directory = jury.models()
    if directory is None:
        pytest.skip("../shared/models is absent (set BANYAN_SHARED)")
    recorded = jury.VERDICTS.read_text(encoding="utf-8").splitlines()
    assert recorded[0] == f"# {jury.versions()}", "other versions of the tools: run `make jury`"
    recorded = [line for line in recorded if line.split("\t")[0] in SAMPLE]
    assert len(recorded) == len(SAMPLE)
    assert sorted(jury.judge_published(directory, SAMPLE)) == sorted(recorded)
