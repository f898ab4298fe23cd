"""XPath 1.0 before lxml: random expressions on random documents give the same nodes and values.

The documents are written as RFC 7950's data tree orders them, without defaults, so that the plain XML and the data tree
are one and the same. Where YANG's data model differs all the same, docs/yang-ledger.md says so, and the grammar writes
around it.
"""

import json
import math
import pathlib
import random
import subprocess

import pytest
from lxml import etree

import xpath_documents
import xpath_grammar
from conftest import BANYAN

MODULES = pathlib.Path(__file__).resolve().parent / "xpath"
SEED = 7950
DOCUMENTS, CONTEXTS, EXPRESSIONS = 5, 3, 200
VARIABLE = "a"


def ours(document, context, expressions, directory):
    """What `banyan data query` answers, in one process."""
    (directory / "document.xml").write_bytes(etree.tostring(document))
    (directory / "expressions").write_text("\n".join(expressions), encoding="utf-8")
    command = [
        BANYAN, "data", "query", "-m", "acme-xpath", "-m", "acme-xpath-more", "--path", MODULES, "--format", "json",
        "--var", f"v={VARIABLE}", "--context", xpath_documents.path(context),
        directory / "document.xml", "--expressions", directory / "expressions",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr + "\n".join(line for line in done.stdout.splitlines() if '"error"' in line)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer["expression"] for answer in answers] == expressions
    return answers


def node(result):
    """A node of lxml's as we write it: elements by path, texts as the text of their element."""
    if isinstance(result, etree._Element):
        return xpath_documents.path(result)
    return xpath_documents.path(result.getparent()) + "/text()"


def theirs(context, expression):
    """What lxml answers, in the same form. It leaves out the root node, which it has no object for."""
    result = context.xpath(expression, namespaces=xpath_documents.NAMESPACES, v=VARIABLE)
    if isinstance(result, bool):
        return "boolean", str(result).lower()
    if isinstance(result, float):
        return "number", result
    if isinstance(result, str):
        return "string", str(result)
    return "node-set", [node(each) for each in result]


def in_common_form(answer):
    if answer["type"] == "node-set":
        return "node-set", [found["path"] for found in answer["nodes"] if found["path"] != "/"]
    if answer["type"] == "number":
        return "number", float(answer["value"])
    return answer["type"], answer["value"]


def same(a, b):
    if a[0] == b[0] == "number":
        return a[1] == b[1] or (math.isnan(a[1]) and math.isnan(b[1]))
    return a == b


@pytest.fixture(scope="module")
def batches():
    """Documents, each with contexts, each with expressions; and the grammar with what it has used."""
    source = random.Random(SEED)
    grammar = xpath_grammar.Grammar(source)
    made = []
    for _ in range(DOCUMENTS):
        document = xpath_documents.document(source)
        for context in [document, *source.sample(list(document.iterdescendants()), CONTEXTS - 1)]:
            made.append((document, context, [grammar.expression() for _ in range(EXPRESSIONS)]))
    return grammar, made


def test_lxml_gives_the_same(batches, tmp_path):
    different, telling = [], 0
    for document, context, expressions in batches[1]:
        for answer in ours(document, context, expressions, tmp_path):
            expected, found = theirs(context, answer["expression"]), in_common_form(answer)
            telling += expected[1] not in ([], "", 0.0)
            if not same(expected, found):
                different.append(f"{answer['expression']}\n  at    {xpath_documents.path(context)}\n"
                                 f"  lxml  {expected}\n  ours  {found}")
    total = DOCUMENTS * CONTEXTS * EXPRESSIONS
    assert not different, f"{len(different)} of {total} differ:\n" + "\n".join(different[:20])
    # Enough of them say something: that nothing equals nothing shows little.
    assert telling > total * 0.45, telling


def test_the_expressions_are_made_of_everything_that_there_is(batches):
    grammar = batches[0]
    assert grammar.axes == set(xpath_grammar.AXES)
    assert grammar.functions == xpath_grammar.ALL_FUNCTIONS
    assert grammar.tests == set(xpath_grammar.TESTS)
    assert grammar.operators == {*xpath_grammar.EQUAL, *xpath_grammar.ARITHMETIC, "and", "or", "|", "unary -"}
