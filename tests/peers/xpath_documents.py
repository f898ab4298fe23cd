"""Random documents of acme-xpath, as an XPath 1.0 processor has to see them: in the order of RFC 7950's data tree."""

from lxml import etree

NAMESPACES = {"x": "urn:acme:xpath", "m": "urn:acme:xpath-more"}
MODULES = {"urn:acme:xpath": "acme-xpath", "urn:acme:xpath-more": "acme-xpath-more"}
# Few, so that comparisons hold as often as not; numbers in several shapes, and texts that are none.
TEXTS = ["a", "b", "ab", "1", "2", "10", "-3", " 7 ", "2.50", "x  y", " a ", "", "ö", "it's", "Abc-abc", "0", "--1", "."]
NAMES = ["a", "ab", "b", "c", "d"]
KEYS = {"item": ["name"], "step": ["id"], "log": []}
LEAF_LISTS = {"word", "num", "tag"}


class Builder:
    """One document; containers are always there, since one without presence always is (RFC 7950 7.5.1)."""

    def __init__(self, random):
        self.random = random

    def leaf(self, parent, name, text):
        etree.SubElement(parent, qualified(name)).text = text or None

    def maybe(self, parent, name, text):
        if self.random.random() < 0.7:
            self.leaf(parent, name, text)

    def text(self):
        return self.random.choice(TEXTS)

    def number(self, low=-3, high=4):
        return str(self.random.randint(low, high))

    def decimal(self):
        return self.random.choice(["0.5", "1.0", "2.25", "-1.5", "3.75", "2.0"])

    def some(self, pool, most=3):
        return self.random.sample(pool, self.random.randint(0, most))

    def top(self):
        top = etree.Element(qualified("top"), nsmap=NAMESPACES)
        self.maybe(top, "title", self.text())
        self.maybe(top, "count", self.number())
        self.maybe(top, "ratio", self.decimal())
        self.maybe(top, "on", self.random.choice(["true", "false"]))
        self.maybe(top, "mark", "")
        self.maybe(top, "level", self.random.choice(["low", "mid", "high"]))
        for word in self.some(TEXTS):
            self.leaf(top, "word", word)
        for number in sorted(self.some(range(-3, 12))):
            self.leaf(top, "num", str(number))
        box = etree.SubElement(top, qualified("box"))
        self.maybe(box, "title", self.text())
        self.maybe(box, "size", self.number(0))
        inner = etree.SubElement(box, qualified("inner"))
        self.maybe(inner, "note", self.text())
        for word in self.some(TEXTS):
            self.leaf(inner, "word", word)
        for name in sorted(self.some(NAMES, 4)):
            self.item(etree.SubElement(top, qualified("item")), name)
        for identifier in self.some(range(5), 4):
            self.step(etree.SubElement(top, qualified("step")), identifier)
        for _ in range(self.random.randint(0, 3)):
            log = etree.SubElement(top, qualified("log"))
            self.maybe(log, "note", self.text())
            self.maybe(log, "size", self.number())
        self.maybe(top, "m:title", self.text())
        self.maybe(etree.SubElement(top, qualified("m:box")), "m:size", self.number())
        return top

    def item(self, item, name):
        self.leaf(item, "name", name)
        self.maybe(item, "size", self.number())
        self.maybe(item, "note", self.text())
        for tag in self.some(TEXTS, 2):
            self.leaf(item, "tag", tag)
        keys = [(identifier, side) for identifier in range(3) for side in "lr"]
        for identifier, side in sorted(self.some(keys)):
            part = etree.SubElement(item, qualified("part"))
            self.leaf(part, "id", str(identifier))
            self.leaf(part, "side", side)
            self.maybe(part, "note", self.text())
            self.maybe(part, "weight", self.decimal())
        box = etree.SubElement(item, qualified("box"))
        self.maybe(box, "size", self.number(0))
        self.maybe(box, "note", self.text())
        self.maybe(item, "m:note", self.text())
        self.maybe(item, "m:extra", self.number())

    def step(self, step, identifier):
        self.leaf(step, "id", str(identifier))
        self.maybe(step, "note", self.text())
        for inner in self.some(range(4)):
            part = etree.SubElement(step, qualified("part"))
            self.leaf(part, "id", str(inner))
            self.maybe(part, "size", self.number())


def qualified(name):
    prefix, _, local = name.rpartition(":")
    return f"{{{NAMESPACES[prefix or 'x']}}}{local}"


def document(random):
    """A random document; ours and theirs read the same bytes."""
    return etree.fromstring(etree.tostring(Builder(random).top()))


def quoted(text):
    return f'"{text}"' if "'" in text else f"'{text}'"


def path(element):
    """The instance path as RFC 7951 6.11 writes it, which tells the nodes of a document apart."""
    steps, namespace = [], None
    for node in [*reversed(list(element.iterancestors())), element]:
        name = etree.QName(node)
        module = "" if name.namespace == namespace else MODULES[name.namespace] + ":"
        namespace = name.namespace
        steps.append(f"/{module}{name.localname}{predicates(node, name.localname)}")
    return "".join(steps)


def predicates(node, name):
    if name in LEAF_LISTS:
        return f"[.={quoted(node.text or '')}]"
    if name == "part":
        keys = ["id", "side"] if etree.QName(node.getparent()).localname == "item" else ["id"]
    elif name in KEYS:
        keys = KEYS[name]
    else:
        return ""
    if not keys:
        return f"[{len(list(node.itersiblings(node.tag, preceding=True))) + 1}]"
    return "".join(f"[{key}={quoted(node.findtext(qualified(key)))}]" for key in keys)
