"""`banyan yang tree` prints what `pyang -f tree` prints, live, for modules that hold everything that a tree shows.

All published modules are compared with hashes of pyang's output in crates/banyan-yang/tests/it/tree.rs.
"""

import os
import pathlib
import subprocess
import sys

import pytest

from conftest import BANYAN, HERE, ROOT

OURS = HERE / "tree"
MODELS = pathlib.Path(os.environ.get("BANYAN_SHARED", ROOT.parent / "shared")) / "models"
FOLDERS = [MODELS / folder for folder in ("ietf", "iana", "openconfig")]

# pyang's option and ours.
OPTIONS = [
    ([], []),
    (["--tree-line-length", "60"], ["--line-length", "60"]),
    (["--tree-line-length", "30"], ["--line-length", "30"]),
    (["--tree-depth", "2"], ["--depth", "2"]),
    (["--tree-module-name-prefix"], ["--module-name-prefix"]),
    (["--tree-no-expand-uses"], ["--no-expand-uses"]),
    (
        ["--tree-print-groupings", "--tree-print-yang-data", "--tree-print-structures"],
        ["--groupings", "--yang-data", "--structures"],
    ),
    (["--tree-path", "/trees/tree/watering"], ["--subtree", "/trees/tree/watering"]),
    (["--tree-path", "fell/output"], ["--subtree", "fell/output"]),
    (
        ["--tree-print-groupings", "--tree-no-expand-uses", "--tree-line-length", "45", "--tree-depth", "4"],
        ["--groupings", "--no-expand-uses", "--line-length", "45", "--depth", "4"],
    ),
]

# Modules of ours, alone and together: what one adds to another is drawn there only if that is drawn too.
ALL = ["grove", "grove-types", "grove-deviations"]
HAND_MADE = [["grove-types"], ["grove", "grove-types"], ["grove-types", "grove"], ["grove-deviations"]]

# Augments of augments, submodules, old and new versions, long leafrefs, choices, actions, yang-data, a missing import.
PUBLISHED = [
    "ietf/ietf-interfaces@2018-02-20",
    "ietf/ietf-ip@2018-02-22",
    "ietf/ietf-snmp@2014-12-10",
    "ietf/ietf-netconf@2011-06-01",
    "ietf/ietf-alarms@2019-09-11",
    "ietf/ietf-keystore@2024-10-10",
    "ietf/ietf-yang-push@2019-09-09",
    "ietf/ietf-l3-unicast-topology@2018-02-26",
    "ietf/ietf-voucher-request@2021-05-20",
    "ietf/ietf-igmp-mld-snooping@2022-01-31",
    "openconfig/openconfig-interfaces",
    "openconfig/openconfig-if-ip",
]


def diagram(command, environment=()):
    """What a command prints; warnings and errors go to standard error, and both draw in spite of them."""
    result = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, **dict(environment)}
    )
    assert "Traceback" not in result.stderr and "panicked" not in result.stderr, result.stderr
    return result.stdout


def pyang(folders, files, options):
    paths = [argument for folder in folders for argument in ("-p", str(folder))]
    # Neither what pyang brings along nor what lies in the home directory.
    nothing_else = {"YANG_INSTALL": "/nonexistent", "HOME": "/nonexistent", "YANG_MODPATH": ""}
    program = [sys.executable, "-m", "pyang.scripts.pyang_tool", "-f", "tree", "--no-path-recurse"]
    return diagram([*program, *paths, *options, *files], nothing_else)


def banyan(folders, files, options):
    paths = [argument for folder in folders for argument in ("--path", str(folder))]
    return diagram([BANYAN, "yang", "tree", *paths, *options, *files])


def compare_hand_made(modules, theirs, ours):
    files = [str(OURS / f"{module}.yang") for module in modules]
    folders = [OURS, ROOT / "yang"]
    expected = pyang(folders, files, theirs)
    assert expected.startswith("module: ")
    assert banyan(folders, files, ours) == expected


@pytest.mark.parametrize("modules", [ALL[:1], ALL], ids=" ".join)
@pytest.mark.parametrize("theirs,ours", OPTIONS, ids=[" ".join(ours) or "plain" for _, ours in OPTIONS])
def test_all_options_mean_what_those_of_pyang_mean(modules, theirs, ours):
    compare_hand_made(modules, theirs, ours)


@pytest.mark.parametrize("modules", HAND_MADE, ids=" ".join)
def test_hand_made_modules_are_drawn_as_pyang_draws_them(modules):
    compare_hand_made(modules, [], [])


@pytest.mark.skipif(not MODELS.is_dir(), reason=f"{MODELS} is absent (set BANYAN_SHARED)")
@pytest.mark.parametrize("module", PUBLISHED)
def test_published_modules_are_drawn_as_pyang_draws_them(module):
    files = [str(MODELS / f"{module}.yang")]
    expected = pyang(FOLDERS, files, ["--tree-print-yang-data", "--tree-print-groupings"])
    assert expected.startswith("module: ")
    assert banyan(FOLDERS, files, ["--yang-data", "--groupings"]) == expected


def test_a_module_with_errors_is_drawn_and_the_exit_status_says_so(tmp_path):
    broken = tmp_path / "broken.yang"
    broken.write_text(
        "module broken { namespace urn:x; prefix x; import no-such-module { prefix n; }"
        " container here { leaf a { type n:b; } } }"
    )
    result = subprocess.run([BANYAN, "yang", "tree", broken], capture_output=True, text=True)
    assert result.returncode == 1
    assert "module no-such-module is needed" in result.stderr
    assert result.stdout == pyang([tmp_path], [str(broken)], [])
    absent = subprocess.run([BANYAN, "yang", "tree", tmp_path / "no.yang"], capture_output=True, text=True)
    assert (absent.returncode, absent.stdout) == (2, "")
