"""Random JSON data of random models, judged by yangson and by us (RFC 7951, RFC 7950 section 8).

What yangson is known to judge differently is in docs/yang-ledger.md; anything else fails.
"""

import json
import re
import subprocess

from yangson import DataModel
from yangson.enumerations import ContentType
from yangson.exceptions import InstanceValueError, YangsonException

from conftest import ROOT

MODELS = 200


def library():
    return json.dumps({
        "ietf-yang-library:modules-state": {
            "module-set-id": "jury",
            "module": [{"name": "m", "revision": "", "namespace": "urn:m", "conformance-type": "implement"}],
        }
    })


class Crash(Exception):
    """yangson ends in an error of its own."""


def verdict(model, data):
    """What yangson says of the data, `None` for nothing."""
    try:
        model.from_raw(data).add_defaults(ContentType.config).validate(ctype=ContentType.config)
    except InstanceValueError as why:
        # Defaults are looked for with a leaf as the context of its own `when`: no verdict on the data.
        raise Crash from why
    except YangsonException as why:
        return f"{type(why).__name__}: {why}"
    except TypeError as why:
        # It refuses the data, and stumbles over what is missing.
        return f"refused: {why}"
    except (AttributeError, IndexError, KeyError, NotImplementedError, RecursionError) as why:
        raise Crash from why
    return None


def is_known(text, ours, theirs):
    """Whether the ledger says why they differ."""
    if ours is None and "no matching union member" in theirs:
        return "leafref" in text
    # In XPath, yangson has the module's name before the name of every identity.
    return re.search(r"= '(one|two|deep)'", text)


def test_random_data(tmp_path):
    command = ["cargo", "run", "--quiet", "-p", "banyan-testkit", "--example", "documents", "--", str(MODELS), "11"]
    out = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    counts = {True: 0, False: 0}
    dissents, crashes = [], 0
    for line in out.splitlines():
        case = json.loads(line)
        (tmp_path / "m.yang").write_text(case["model"], encoding="utf-8")
        model = DataModel(library(), [str(tmp_path)])
        for document in case["documents"]:
            ours = document["why"]
            try:
                theirs = verdict(model, document["data"])
            except Crash:
                crashes += 1
                continue
            counts[ours is None] += 1
            if (ours is None) != (theirs is None) and not is_known(case["model"], ours, theirs):
                dissents.append((case["model"], json.dumps(document["data"]), ours, theirs))
    for text, data, ours, theirs in dissents[:20]:
        print(f"{text}\n{data}\nours: {ours}\ntheirs: {theirs}\n")
    assert counts[True] > 200 and counts[False] > 100, counts
    assert crashes < sum(counts.values()) / 20, crashes
    assert not dissents, f"{len(dissents)} of {sum(counts.values())}"
