"""Modules made to hurt a compiler: each generator gives the body of a module of about `size` bytes."""


def numbered(size, part, separator=""):
    """`part(0)`, `part(1)`, ... up to `size` bytes, and how many they are."""
    parts, length = [], 0
    while length < size:
        parts.append(part(len(parts)))
        length += len(parts[-1]) + len(separator)
    return separator.join(parts), len(parts)


def repeated(size, part, separator=""):
    """The text of `numbered` alone."""
    return numbered(size, part, separator)[0]


GENERATORS = {}


def generator(function):
    """Enters the generator under its name, with dashes."""
    GENERATORS[function.__name__.replace("_", "-")] = function
    return function


@generator
def leaves(n):
    return repeated(n, lambda i: f"leaf l{i}{{type int8;}}\n")


@generator
def containers(n):
    return repeated(n, lambda i: f"container c{i};\n")


@generator
def long_names(n):
    return repeated(n, lambda i: f"leaf {'n'*990}{i}{{type int8;}}\n")


@generator
def lists(n):
    return repeated(n, lambda i: f"list l{i}{{key k;leaf k{{type int8;}}}}\n")


@generator
def deep(n):
    return repeated(n, lambda i: "".join(f"container c{i}-{d}{{" for d in range(90)) + "}" * 90 + "\n")


@generator
def choices(n):
    return repeated(
        n,
        lambda i: "".join(f"choice h{i}-{d}{{case a{i}-{d}{{" for d in range(40))
        + f"leaf l{i}{{type int8;}}"
        + "}}" * 40
        + "\n",
    )


@generator
def one_choice(n):
    return "choice c{" + repeated(n, lambda i: f"case c{i}{{leaf l{i}{{type int8;}}}}\n") + "}"


@generator
def nested_choices_wide(n):
    return (
        "".join(f"choice h{d}{{case a{d}{{" for d in range(40))
        + repeated(n, lambda i: f"leaf l{i}{{type int8;}}\n")
        + "}}" * 40
    )


@generator
def deep_wide(n):
    return (
        "".join(f"container h{d}{{" for d in range(90)) + repeated(n, lambda i: f"leaf l{i}{{type int8;}}\n") + "}" * 90
    )


@generator
def typedefs(n):
    return repeated(n, lambda i: f"typedef t{i}{{type int8;}}\n")


@generator
def typedefs_used(n):
    return repeated(n, lambda i: f"typedef t{i}{{type int8;}} leaf l{i}{{type t{i};}}\n")


@generator
def typedef_chains(n):
    return repeated(n, lambda i: f"typedef t{i}{{type {'int8' if i%90==0 else 't%d'%(i-1)};}}\n")


@generator
def identities(n):
    return repeated(n, lambda i: f"identity i{i};\n")


@generator
def identities_one_base(n):
    return "identity b;" + repeated(n, lambda i: f"identity i{i}{{base b;}}\n")


@generator
def identity_chains(n):
    return repeated(n, lambda i: f"identity i{i}{{{'' if i%90==0 else 'base i%d;'%(i-1)}}}\n")


@generator
def identities_many_bases(n):
    return (
        repeated(n / 4, lambda i: f"identity i{i};\n")
        + "identity x{"
        + repeated(3 * n / 4, lambda i: f"base i{i%10000};\n")
        + "}"
    )


@generator
def identityrefs(n):
    return "identity b;" + repeated(
        n, lambda i: f"identity i{i}{{base b;}} leaf l{i}{{type identityref{{base b;}} default i{i};}}\n"
    )


@generator
def features(n):
    return repeated(n, lambda i: f"feature f{i};leaf l{i}{{if-feature f{i};type int8;}}\n")


@generator
def feature_chain(n):
    return repeated(n, lambda i: f"feature f{i}{{if-feature f{i+1};}}\n")


@generator
def uniques(n):
    k = int(n / 45)
    return (
        "list l{key k;leaf k{type int8;}" + "".join(f"leaf u{i}{{type int8;}} unique u{i};\n" for i in range(k)) + "}"
    )


@generator
def one_unique(n):
    k = int(n / 32)
    return (
        "list l{key k;leaf k{type int8;}"
        + "".join(f"leaf u{i}{{type int8;}}" for i in range(k))
        + "unique '"
        + " ".join(f"u{i}" for i in range(k))
        + "';}"
    )


@generator
def uniques_same(n):
    return "list l{key k;leaf k{type int8;}leaf u{type int8;}" + repeated(n, lambda i: f"unique u;\n") + "}"


@generator
def long_key(n):
    k = int(n / 32)
    return (
        "list l{key '"
        + " ".join(f"u{i}" for i in range(k))
        + "';"
        + "".join(f"leaf u{i}{{type int8;}}" for i in range(k))
        + "}"
    )


@generator
def augments_one(n):
    return "container c;" + repeated(n, lambda i: f"augment /m:c{{leaf l{i}{{type int8;}}}}\n")


@generator
def augments_chain(n):
    # each augments the node of the one before, 80 deep
    return "container c;" + repeated(
        n,
        lambda i: (
            f"augment /m:c{{container a{i};}}\n"
            if i % 80 == 0
            else f"augment /m:c/" + "/".join(f"m:a{j}" for j in range(i - i % 80, i)) + f"{{container a{i};}}\n"
        ),
    )


@generator
def augments_backwards(n):
    s = []
    t = 0
    i = 0
    while t < n:
        p = "".join(f"/m:b{i}-{d}" for d in range(40))
        b = [f"augment /m:c{''.join(f'/m:b{i}-{e}' for e in range(d))}{{container b{i}-{d};}}\n" for d in range(40)]
        b.reverse()
        s += b
        t += sum(map(len, b))
        i += 1
    s.reverse() if False else None
    return "container c;" + "".join(s)


@generator
def augments_many_targets(n):
    return repeated(n, lambda i: f"container c{i};augment /m:c{i}{{leaf l{{type int8;}}}}\n")


@generator
def augments_missing(n):
    return "container c;" + repeated(n, lambda i: f"augment /m:c/m:x{i}{{leaf l{{type int8;}}}}\n")


@generator
def augment_long_path(n):
    return "container c;augment '/m:c" + repeated(n, lambda i: "/m:x") + "'{leaf l{type int8;}}"


@generator
def deviations(n):
    return repeated(n, lambda i: f"leaf l{i}{{type int8;}} deviation /m:l{i}{{deviate replace{{type int16;}}}}\n")


@generator
def deviations_gone(n):
    return (
        "container c{"
        + repeated(n / 2, lambda i: f"leaf l{i}{{type int8;}}\n")
        + "}"
        + repeated(n / 2, lambda i: f"deviation /m:c/m:l{i%1000000 if i<n/2/24 else 0}{{deviate not-supported;}}\n")
    )


@generator
def deviations_one(n):
    return "leaf l{type int8;}" + repeated(n, lambda i: f"deviation /m:l{{deviate add{{must '{i}';}}}}\n")


@generator
def groupings(n):
    return repeated(n, lambda i: f"grouping g{i}{{leaf l{i}{{type int8;}}}} uses g{i};\n")


@generator
def groupings_unused(n):
    return repeated(n, lambda i: f"grouping g{i}{{leaf l{i}{{type int8;}}}}\n")


@generator
def grouping_chains(n):
    return repeated(n, lambda i: f"grouping g{i}{{{'' if i%60==0 else 'uses g%d;'%(i-1)} leaf l{i}{{type int8;}}}}\n")


@generator
def one_grouping(n):
    return "grouping g{leaf l{type int8;}}" + repeated(n, lambda i: f"container c{i}{{uses g;}}\n")


@generator
def refines(n):
    return (
        "grouping g{"
        + repeated(n / 2, lambda i: f"leaf l{i}{{type int8;}}\n")
        + "} uses g{"
        + repeated(n / 2, lambda i: f"refine l{i}{{default {i%100};}}\n" if i < n / 48 else "\n")
        + "}"
    )


@generator
def refines_one(n):
    return "grouping g{leaf l{type int8;}} uses g{" + repeated(n, lambda i: f"refine l{{must '{i}';}}\n") + "}"


@generator
def uses_augments(n):
    return "grouping g{container c;} uses g{" + repeated(n, lambda i: f"augment c{{leaf l{i}{{type int8;}}}}\n") + "}"


@generator
def musts_one(n):
    return "leaf l{type int8;" + repeated(n, lambda i: f"must '. > {i}';\n") + "}"


@generator
def musts(n):
    return repeated(n, lambda i: f"leaf l{i}{{type int8;must '. > ../l{i//2}';}}\n")


@generator
def musts_all(n):
    return repeated(n, lambda i: f"leaf l{i}{{type int8;must '../*';}}\n")


@generator
def musts_descendants(n):
    return repeated(n, lambda i: f"leaf l{i}{{type int8;must '//l{i}';}}\n")


@generator
def whens(n):
    return repeated(n, lambda i: f"leaf l{i}{{type int8;when '../l{i//2+1}';}}\n")


@generator
def whens_one(n):
    return "leaf a{type int8;}" + repeated(n, lambda i: f"leaf l{i}{{type int8;when '../a';}}\n")


@generator
def whens_chain(n):
    return "leaf l0{type int8;}" + repeated(n, lambda i: f"leaf l{i+1}{{type int8;when '../l{i}';}}\n")


@generator
def musts_typo(n):
    return repeated(n, lambda i: f"leaf l{i}{{type int8;must '../x{i}';}}\n")


@generator
def leafrefs(n):
    return "leaf a{type int8;}" + repeated(n, lambda i: f"leaf l{i}{{type leafref{{path ../a;}}}}\n")


@generator
def leafref_chain(n):
    return "leaf l0{type int8;}" + repeated(n, lambda i: f"leaf l{i+1}{{type leafref{{path ../l{i};}}}}\n")


@generator
def leafref_chain_back(n):
    return repeated(n, lambda i: f"leaf l{i}{{type leafref{{path ../l{i+1};}}}}\n")


@generator
def enums(n):
    return "leaf l{type enumeration{" + repeated(n, lambda i: f"enum e{i};\n") + "}}"


@generator
def enums_values(n):
    return "leaf l{type enumeration{" + repeated(n, lambda i: f"enum e{i}{{value {i*7};}}\n") + "}}"


@generator
def bits(n):
    return "leaf l{type bits{" + repeated(n, lambda i: f"bit b{i};\n") + "}}"


@generator
def enum_restricted(n):
    return (
        "typedef e{type enumeration{"
        + repeated(n / 2, lambda i: f"enum e{i};\n")
        + "}}"
        + repeated(n / 2, lambda i: f"leaf l{i}{{type e{{enum e{i%1000};}}}}\n")
    )


@generator
def enum_typedef_used(n):
    return (
        "typedef e{type enumeration{"
        + repeated(n / 2, lambda i: f"enum e{i};\n")
        + "}}"
        + repeated(n / 2, lambda i: f"leaf l{i}{{type e;default e{i%1000};}}\n")
    )


@generator
def union(n):
    return "leaf l{type union{" + repeated(min(n, 250000), lambda i: f"type int8{{range {i%100};}}\n") + "}}"


@generator
def unions(n):
    return repeated(n, lambda i: f"leaf l{i}{{type union{{type int8;type string;}} default a;}}\n")


@generator
def union_typedef_used(n):
    return (
        "typedef u{type union{"
        + "".join("type int8;\n" for i in range(9000))
        + "}}"
        + repeated(n, lambda i: f"leaf l{i}{{type u;}}\n")
    )


@generator
def union_of_leafref_used(n):
    return (
        "leaf t{type int8;} typedef u{type union{type leafref{path '/m:t';}"
        + "".join("type int8;\n" for i in range(9000))
        + "}}"
        + repeated(n, lambda i: f"leaf l{i}{{type u;}}\n")
    )


@generator
def patterns_one(n):
    return "leaf l{type string{" + repeated(n, lambda i: f"pattern 'a{i}';\n") + "}}"


@generator
def patterns(n):
    return repeated(n, lambda i: f"leaf l{i}{{type string{{pattern 'a{i}';}}}}\n")


@generator
def patterns_chain(n):
    return repeated(n, lambda i: f"typedef t{i}{{type {'string' if i%90==0 else 't%d'%(i-1)}{{pattern 'a{i}';}}}}\n")


@generator
def patterns_restricted(n):
    return (
        "typedef t{type string{"
        + repeated(n / 2, lambda i: f"pattern 'a{i}';\n")
        + "}}"
        + repeated(n / 2, lambda i: f"leaf l{i}{{type t{{pattern 'b{i}';}}}}\n")
    )


@generator
def lengths_restricted(n):
    return (
        "typedef t{type string{length '"
        + repeated(n / 2, lambda i: f"{i*2}", "|")
        + "';}}"
        + repeated(n / 2, lambda i: f"leaf l{i}{{type t{{pattern 'b{i}';}}}}\n")
    )


@generator
def pattern_class(n):
    return (
        "leaf l{type string{pattern '["
        + "".join(chr(0x4E00 + (i * 7) % 20000) for i in range(int(min(n, 100000) / 3)))
        + "]';}}"
    )


@generator
def pattern_classes(n):
    return repeated(
        n,
        lambda i: f"leaf l{i}{{type string{{pattern '["
        + "".join(chr(0x4E00 + (j * 2) % 20000) for j in range(3000))
        + f"]{i}';}}}}\n",
    )


@generator
def pattern_class_escapes(n):
    return repeated(n, lambda i: f"leaf l{i}{{type string{{pattern '[" + "\\i\\c\\d\\w" * 500 + f"]{i}';}}}}\n")


@generator
def range_parts(n):
    return "leaf l{type int64{range '" + repeated(n, lambda i: f"{i*2}", "|") + "';}}"


@generator
def defaults(n):
    return "leaf-list l{type int32;" + repeated(n, lambda i: f"default {i};\n") + "}"


@generator
def comments(n):
    return repeated(n, lambda i: "/* x */ // y\n")


@generator
def extensions(n):
    return "extension e{argument a;}" + repeated(n, lambda i: f"m:e x{i};\n")


@generator
def extensions_unknown(n):
    return repeated(n, lambda i: f"x:e y{i};\n")


@generator
def revisions(n):
    return repeated(n, lambda i: f"revision {2000+i%1000}-01-{1+i%28:02};\n")


@generator
def rpcs(n):
    return repeated(n, lambda i: f"rpc r{i}{{input{{leaf a{{type int8;}}}}}}\n")


@generator
def actions(n):
    return (
        "list l{key k;leaf k{type int8;}"
        + repeated(n, lambda i: f"action r{i}{{input{{leaf a{{type int8;}}}}}}\n")
        + "}"
    )


@generator
def duplicates(n):
    return repeated(n, lambda i: "leaf l{type int8;}\n")


@generator
def unknown_types(n):
    return repeated(n, lambda i: f"leaf l{i}{{type x{i};}}\n")


@generator
def unknown_uses(n):
    return repeated(n, lambda i: f"uses x{i};\n")


@generator
def unknown_statements(n):
    return repeated(n, lambda i: f"x{i};\n")


@generator
def iffeature_one(n):
    return "feature f;leaf l{type int8;" + repeated(n, lambda i: f"if-feature f;\n") + "}"


@generator
def uses_iffeatures(n):
    return (
        "feature f;grouping g{"
        + repeated(n / 2, lambda i: f"leaf l{i}{{type int8;}}\n")
        + "} uses g{"
        + repeated(n / 2, lambda i: "if-feature f;\n")
        + "}"
    )


@generator
def imports_missing(n):
    return repeated(n, lambda i: f"import a{i}{{prefix p{i};}}\n")


@generator
def strings_joined(n):
    return "description 'a'" + repeated(n, lambda i: "+'b'\n") + ";"


@generator
def descriptions(n):
    return "container c{" + repeated(n, lambda i: "description x;\n") + "}"


@generator
def nested_groupings_scopes(n):
    return (
        "".join(f"container h{d}{{" for d in range(90))
        + repeated(n, lambda i: f"grouping g{i}{{leaf l{{type int8;}}}} typedef t{i}{{type int8;}}\n")
        + "}" * 90
    )


@generator
def uses_from_deep(n):
    return (
        "grouping g{leaf l{type int8;}}"
        + "".join(f"container h{d}{{" for d in range(90))
        + repeated(n, lambda i: f"container c{i}{{uses g;}}\n")
        + "}" * 90
    )


@generator
def typo_keys(n):
    return repeated(n, lambda i: f"list l{i}{{key x;leaf k{{type int8;}}}}\n")


@generator
def structures_dev(n):
    return repeated(
        n,
        lambda i: f"list l{i}{{key k;unique 'a/b/c';leaf k{{type int8;}} container a{{container b{{leaf c{{type int8;}}}}}}}}\n",
    )


@generator
def order_keys_last(n):
    return "list l{key k;" + repeated(n, lambda i: f"leaf l{i}{{type int8;}}\n") + "leaf k{type int8;}}"


if __name__ == "__main__":
    name, size, path = sys.argv[1], float(sys.argv[2]) * 1e6, sys.argv[3]
    open(path, "w").write("module m{yang-version 1.1;namespace urn:m;prefix m;\n" + G[name](size) + "}\n")
