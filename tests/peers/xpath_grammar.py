"""Random XPath 1.0 expressions over the names of acme-xpath: every axis, node test, operator and function."""

AXES = [
    "ancestor", "ancestor-or-self", "attribute", "child", "descendant", "descendant-or-self", "following",
    "following-sibling", "parent", "preceding", "preceding-sibling", "self",
]
TESTS = [
    "x:top", "x:item", "x:part", "x:step", "x:log", "x:box", "m:box", "x:inner", "x:size", "m:size", "x:note",
    "m:note", "x:name", "x:tag", "x:word", "x:num", "x:title", "m:title", "x:id", "x:count", "x:ratio", "x:weight",
    "x:mark", "x:on", "m:extra", "*", "*", "x:*", "m:*", "node()", "text()", "comment()",
    "processing-instruction()", "processing-instruction('x')",
]
# What stands below what, for paths that lead somewhere.
BELOW = {
    "x:top": ["x:item", "x:item", "x:step", "x:log", "x:box", "m:box", "x:word", "x:num", "x:title", "x:count", "x:ratio",
              "x:mark", "x:on", "x:level"],
    "x:item": ["x:part", "x:part", "x:name", "x:size", "x:note", "m:note", "x:tag", "x:box", "m:extra"],
    "x:part": ["x:id", "x:side", "x:note", "x:weight", "x:size"],
    "x:step": ["x:id", "x:note", "x:part"],
    "x:log": ["x:note", "x:size"],
    "x:box": ["x:title", "x:size", "x:note", "x:inner"],
    "m:box": ["m:size"],
    "x:inner": ["x:note", "x:word"],
}
LITERALS = ["a", "b", "ab", "1", "2", "10", "-3", " 7 ", "", "abc", "ö", "x", "-", "it's", "A", "top", "--1", "."]
NUMBERS = ["0", "1", "2", "3", "10", "0.5", "1.5", "2.50", ".5", "7.", "100"]
# Numbers whose text both write alike: XPath asks for all digits that tell a double apart, libxml2 prints fifteen.
ODD = ["(1 div 0)", "(-1 div 0)", "(0 div 0)", "-0.5", "-1.5", "-2.5", "1.25", "-0", "2.5", "0.4"]
EQUAL = ["=", "!=", "<", "<=", ">", ">="]
ARITHMETIC = ["+", "-", "*", "div", "mod"]
# Functions by what they give, with the kinds of their arguments; `?` may be left out, `*` repeats.
FUNCTIONS = {
    "number": {"last": "", "position": "", "count": "N", "string-length": "s?", "number": "o?", "sum": "N", "floor": "n",
               "ceiling": "n", "round": "n"},
    "string": {"local-name": "N?", "namespace-uri": "N?", "name": "N?", "string": "t?", "concat": "sss*",
               "substring-before": "ss", "substring-after": "ss", "substring": "snn?", "normalize-space": "s?",
               "translate": "sss"},
    "boolean": {"starts-with": "ss", "contains": "ss", "boolean": "o", "not": "b", "true": "", "false": "", "lang": "s"},
    "node-set": {"id": "s"},
}
ALL_FUNCTIONS = {name for kind in FUNCTIONS.values() for name in kind}


class Grammar:
    """Writes expressions, and remembers what they are made of."""

    def __init__(self, random):
        self.random = random
        # lxml gives no position and size to the context of a whole expression.
        self.inside = 0
        self.axes, self.functions, self.operators, self.tests = set(), set(), set(), set()

    def expression(self):
        kind = self.random.choice(["node-set"] * 4 + ["number", "string", "boolean", "boolean"])
        return self.of(kind, 3)

    def of(self, kind, depth):
        return {"node-set": self.nodes, "number": self.number, "string": self.string, "boolean": self.boolean}[kind](depth)

    def any(self, depth):
        return self.of(self.random.choice(["node-set", "number", "string", "boolean"]), depth)

    def nodes(self, depth):
        if depth <= 0:
            return self.random.choice([".", "..", "(/)", "//x:size", "x:note", "/x:top/x:item", "text()", "*", "node()"])
        choice = self.random.random()
        if choice < 0.1:
            self.operators.add("|")
            return f"{self.path(depth - 1)} | {self.path(depth - 1)}"
        if choice < 0.2:
            tail = self.random.choice(["", "/" + self.step(depth - 1), "//" + self.step(depth - 1)])
            return f"({self.nodes(depth - 1)}){self.predicates(depth - 1)}{tail}"
        if choice < 0.22:
            return self.call("id", "s", depth)
        return self.path(depth)

    def path(self, depth):
        choice = self.random.random()
        if choice < 0.4:
            return self.descent(depth)
        start = self.random.choice(["/", "//", "", "", "../", ".//"])
        steps = [self.step(depth) for _ in range(self.random.randint(1, 3))]
        return start + "".join(
            step + (self.random.choice(["/", "/", "/", "//"]) if index + 1 < len(steps) else "")
            for index, step in enumerate(steps)
        )

    def descent(self, depth):
        """A path along the model, from the root or from below it, and perhaps one step elsewhere."""
        name = self.random.choice(["x:top", "x:top", "x:item", "x:part", "x:box", "x:step"])
        text = ("/" if name == "x:top" else "//") + name + self.predicates(depth - 1)
        while name in BELOW and self.random.random() < 0.8:
            name = self.random.choice(BELOW[name])
            text += "/" + name + self.predicates(depth - 1)
        if self.random.random() < 0.4:
            text += "/" + self.step(depth)
        return text

    def step(self, depth):
        if self.random.random() < 0.1:
            return self.random.choice([".", ".."])
        test = self.random.choice(TESTS)
        axis = self.random.choice(AXES) if self.random.random() < 0.75 else None
        self.axes.add(axis or "child")
        self.tests.add(test)
        if axis == "attribute" and self.random.random() < 0.5:
            axis, test = None, "@" + (test if ":" in test or test == "*" else "*")
        return (f"{axis}::" if axis else "") + test + self.predicates(depth - 1)

    def predicates(self, depth):
        if depth < 0 or self.random.random() < 0.6:
            return ""
        count = self.random.choice([1, 1, 1, 2])
        self.inside += 1
        text = "".join(f"[{self.predicate(depth)}]" for _ in range(count))
        self.inside -= 1
        return text

    def predicate(self, depth):
        choice = self.random.random()
        if choice < 0.3:
            self.functions |= {"position", "last"}
            return self.random.choice([
                "1", "2", "3", "last()", "last() - 1", "position() = 2", "position() > 1", "position() = last()",
                "position() mod 2 = 1", "0", "1.5", "position() != last()",
            ])
        if choice < 0.5:
            self.operators.add("=")
            left = self.random.choice(["x:name", "x:id", "x:size", "x:note", ".", "x:side", "m:extra", "x:weight"])
            right = self.random.choice(["'a'", "'b'", "1", "2", "'1'", "'l'", "//x:size", "//m:size", "$v", "string(//x:id)"])
            return f"{left} = {right}"
        if choice < 0.8:
            return self.boolean(depth - 1)
        return self.nodes(depth - 1)

    def number(self, depth):
        choice = self.random.random()
        if depth <= 0 or choice < 0.15:
            return self.random.choice(NUMBERS + ODD)
        if choice < 0.5:
            return self.function("number", depth)
        if choice < 0.6:
            self.operators.add("unary -")
            return f"-{self.number(depth - 1)}" if self.random.random() < 0.5 else f"- ({self.nodes(depth - 1)})"
        operator = self.random.choice(ARITHMETIC)
        self.operators.add(operator)
        return f"({self.of(self.random.choice(['number', 'number', 'node-set']), depth - 1)} {operator} {self.number(depth - 1)})"

    def string(self, depth):
        choice = self.random.random()
        if depth <= 0 or choice < 0.2:
            return self.literal() if self.random.random() < 0.9 else "$v"
        return self.function("string", depth)

    def literal(self):
        text = self.random.choice(LITERALS)
        return f'"{text}"' if "'" in text else f"'{text}'"

    def boolean(self, depth):
        choice = self.random.random()
        if depth <= 0 or choice < 0.3:
            return self.function("boolean", depth)
        if choice < 0.5:
            operator = self.random.choice(["and", "or"])
            self.operators.add(operator)
            return f"({self.any(depth - 1)} {operator} {self.any(depth - 1)})"
        operator = self.random.choice(EQUAL)
        self.operators.add(operator)
        left, right = self.any(depth - 1), self.any(depth - 1)
        if self.random.random() < 0.5:
            left = self.nodes(depth - 1)
        return f"({left} {operator} {right})"

    def function(self, kind, depth):
        outside = set() if self.inside else {"last", "position"}
        name = self.random.choice(sorted(FUNCTIONS[kind].keys() - outside))
        return self.call(name, FUNCTIONS[kind][name], depth)

    def call(self, name, arguments, depth):
        self.functions.add(name)
        texts, position = [], 0
        while position < len(arguments):
            kind, mark = arguments[position], arguments[position + 1:position + 2]
            times = 1
            if mark in ("?", "*") and mark:
                times = self.random.randint(0, 1 if mark == "?" else 2)
                position += 1
            texts += [self.argument(kind, depth - 1) for _ in range(times)]
            position += 1
        return f"{name}({', '.join(texts)})"

    def argument(self, kind, depth):
        if kind == "N":
            return self.nodes(depth)
        if kind == "n":
            return self.of(self.random.choice(["number", "number", "node-set", "string"]), depth)
        if kind == "b":
            return self.any(depth)
        if kind == "o":
            return self.any(depth)
        if kind == "t":
            # As text, numbers only where both write them alike.
            return self.random.choice([*ODD, *NUMBERS, "true()", "false()", self.nodes(depth), self.string(depth)])
        # Where a string is wanted, anything but a computed number.
        return self.of(self.random.choice(["string", "string", "node-set", "boolean"]), depth)
