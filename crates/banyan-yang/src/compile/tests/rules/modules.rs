//! Rules 4 to 8: modules, submodules, imports, revisions.

use super::*;
use crate::compile::Features;

const SUBMODULES: [&str; 2] = [
    "submodule s { YANG belongs-to m { prefix m; } container c { uses g; leaf d { type t; } leaf e { type top; } } }",
    "submodule s2 { YANG belongs-to m { prefix x; } typedef t { type int8; } grouping g { leaf a { type x:t; } } }",
];

fn with_submodules(version: &str) -> Vec<String> {
    let version = format!("yang-version {version};");
    let module = "module m { YANG namespace urn:m; prefix m; include s; include s2; typedef top { type int16; } }";
    [module, SUBMODULES[0], SUBMODULES[1]]
        .iter()
        .map(|text| text.replace("YANG", &version))
        .collect()
}

// Rule 4.
#[test]
fn a_submodule_sees_all_of_its_module_without_an_include_in_version_1_1() {
    let texts = with_submodules("1.1");
    let texts: Vec<_> = texts.iter().map(String::as_str).collect();
    let schema = schema(&texts);
    assert_eq!(
        outline(&schema),
        "container m:c\n  leaf a\n  leaf d\n  leaf e\n"
    );
    assert_eq!(ty(&schema, "c/e").builtin_name(), "int16");
}

// Rule 4.
#[test]
fn a_submodule_sees_only_what_it_includes_in_version_1() {
    let texts = with_submodules("1");
    let texts: Vec<_> = texts.iter().map(String::as_str).collect();
    // The third, the module's own typedef, is a warning.
    assert_eq!(codes_of(&texts), ["not-included"; 3]);
    let included = texts[1].replace("container c", "include s2; container c");
    let included = included.replace("leaf e { type top; }", "");
    assert!(codes_of(&[texts[0], &included, texts[2]]).is_empty());
    insta::assert_snapshot!(refused(&[
        "module m {\n  namespace urn:m;\n  prefix m;\n  include s;\n  include s2;\n}",
        "submodule s {\n  belongs-to m { prefix m; }\n  leaf d { type t; }\n}",
        "submodule s2 {\n  belongs-to m { prefix m; }\n  typedef t { type string; }\n}",
    ]), @r"
    error[not-included]: `typedef t` is defined in submodule s2, which submodule s does not include
     --> s.yang:3:17
      |
    3 |   leaf d { type t; }
      |                 ^
      |
     ::: s2.yang:3:3
      |
    3 |   typedef t { type string; }
      |   --------- defined here
      |
      = note: see RFC 6020 5.1
      = help: add `include s2;`, or `yang-version 1.1;` to the module and its submodules
    ");
}

// Rule 5.
#[test]
fn a_module_and_its_submodules_are_of_one_version() {
    let mixed = |module: &str, submodule: &str| {
        refused(&[
            &format!(
                "module m {{\n  yang-version {module};\n  namespace urn:m;\n  prefix m;\n  include s;\n}}"
            ),
            &format!(
                "submodule s {{\n  yang-version {submodule};\n  belongs-to m {{ prefix m; }}\n}}"
            ),
        ])
    };
    assert_eq!(mixed("1", "1"), "no error");
    assert_eq!(mixed("1.1", "1.1"), "no error");
    assert!(mixed("1", "1.1").contains("version-mismatch"));
    insta::assert_snapshot!(mixed("1.1", "1"), @r"
    error[version-mismatch]: submodule s is of YANG version 1, but module m is of version 1.1
     --> s.yang:2:3
      |
    2 |   yang-version 1;
      |   ^^^^^^^^^^^^^^
      |
     ::: m.yang:2:3
      |
    2 |   yang-version 1.1;
      |   ---------------- the module
      |
      = note: see RFC 7950 12
      = help: state `yang-version 1.1;` in both
    ");
}

// Rule 5.
#[test]
fn version_1_imports_version_1_1_only_without_a_revision() {
    let target = "module t { yang-version 1.1; namespace urn:t; prefix t; revision 2020-01-01; }";
    let import = |version: &str, revision: &str| {
        codes_of(&[
            &format!(
                "module m {{ yang-version {version}; namespace urn:m; prefix m; import t {{ prefix t; {revision} }} }}"
            ),
            target,
        ])
    };
    let by_revision = "revision-date 2020-01-01;";
    assert!(import("1", "").is_empty());
    assert!(import("1.1", by_revision).is_empty());
    assert_eq!(import("1", by_revision), ["version-mismatch"]);
}

const OLD: &str = "module t { namespace urn:t; prefix t; revision 2020-01-01; typedef t { type int8; } leaf old { type t; } }";
const NEW: &str = "module t { namespace urn:t; prefix t; revision 2021-01-01; typedef t { type int16; } leaf new { type t; } }";

fn importing(version: &str, imports: &str, body: &str) -> String {
    format!("module m {{ yang-version {version}; namespace urn:m; prefix m; {imports} {body} }}")
}

// Rule 6.
#[test]
fn a_module_can_be_imported_in_two_revisions_under_two_prefixes_in_version_1_1() {
    let imports = "import t { prefix t; revision-date 2020-01-01; } import t { prefix n; revision-date 2021-01-01; }";
    let body = "leaf a { type t:t; } leaf b { type n:t; }";
    let both = schema(&[&importing("1.1", imports, body), OLD, NEW]);
    assert_eq!(
        (ty(&both, "a").builtin_name(), ty(&both, "b").builtin_name()),
        ("int8", "int16")
    );
    assert_eq!(
        codes_of(&[&importing("1", imports, body), OLD, NEW]),
        ["two-revisions-imported"]
    );
    let twice = "import t { prefix t; } import t { prefix n; }";
    assert!(codes_of(&[&importing("1", twice, body), OLD, NEW]).is_empty());
}

// Rule 6.
#[test]
fn a_prefix_is_used_once_and_is_not_the_modules_own() {
    let twice = "import t { prefix t; } import u { prefix t; }";
    let other = "module u { namespace urn:u; prefix u; }";
    assert_eq!(
        codes_of(&[&importing("1.1", twice, ""), OLD, other]),
        ["duplicate-prefix"]
    );
    let own = "import t { prefix m; }";
    insta::assert_snapshot!(refused(&["module m {\n  namespace urn:m;\n  prefix m;\n  import t { prefix m; }\n}", OLD]), @r"
    error[duplicate-prefix]: the prefix `m` is used twice
     --> m.yang:4:14
      |
    4 |   import t { prefix m; }
      |              ^^^^^^^^
      |
     ::: m.yang:3:3
      |
    3 |   prefix m;
      |   -------- first used here
      |
      = note: see RFC 7950 7.1.4
      = help: give each import a prefix of its own
    ");
    assert_eq!(
        codes_of(&[&importing("1.1", own, ""), OLD]),
        ["duplicate-prefix"]
    );
    // What a module calls itself is its own business.
    let same = "module u { namespace urn:u; prefix t; }";
    let both = "import t { prefix t; } import u { prefix u; }";
    assert!(codes_of(&[&importing("1.1", both, ""), OLD, same]).is_empty());
}

// Rule 7.
#[test]
fn circular_imports_are_refused_whoever_is_asked_for() {
    let module = |name: &str, imports: &str| {
        format!(
            "module {name} {{ yang-version 1.1; namespace urn:{name}; prefix {name}; {imports} }}"
        )
    };
    let import = |name: &str| format!("import {name} {{ prefix {name}; }}");
    let (a, b, c) = (
        module("a", &import("b")),
        module("b", &import("c")),
        module("c", &import("a")),
    );
    for texts in [[&a, &b, &c], [&b, &c, &a], [&c, &a, &b]] {
        let texts: Vec<_> = texts.iter().map(|text| text.as_str()).collect();
        let said = refused(&texts);
        assert!(
            said.contains("modules import each other: a -> b -> c -> a"),
            "{said}"
        );
    }
    assert_eq!(
        codes_of(&[&module("a", "import a { prefix self; }")]),
        ["circular-import"]
    );
    let diamond = [
        module("a", &(import("b") + &import("c"))),
        module("b", &import("d")),
        module("c", &import("d")),
        module("d", ""),
    ];
    let diamond: Vec<_> = diamond.iter().map(String::as_str).collect();
    assert!(codes_of(&diamond).is_empty());
}

// Rule 7.
#[test]
fn circular_includes_are_refused_in_version_1_only() {
    let texts = |version: &str| {
        refused(&[
            &format!(
                "module m {{\n  yang-version {version};\n  namespace urn:m;\n  prefix m;\n  include s;\n  include s2;\n}}"
            ),
            &format!(
                "submodule s {{\n  yang-version {version};\n  belongs-to m {{ prefix m; }}\n  include s2;\n}}"
            ),
            &format!(
                "submodule s2 {{\n  yang-version {version};\n  belongs-to m {{ prefix m; }}\n  include s;\n}}"
            ),
        ])
    };
    assert_eq!(texts("1.1"), "no error");
    insta::assert_snapshot!(texts("1"), @r"
    error[circular-include]: submodules include each other: s -> s2 -> s
     --> s.yang:4:3
      |
    4 |   include s2;
      |   ^^^^^^^^^^
      |
     ::: s2.yang:4:3
      |
    4 |   include s;
      |   --------- included here
      |
      = note: see RFC 6020 5.1
      = help: YANG 1.1 allows it, and needs no `include` in submodules at all
    ");
}

// Rule 7.
#[test]
fn an_import_gets_the_revision_that_it_names_else_the_implemented_else_the_newest() {
    let compiled = |import: &str, implemented: Option<&str>| {
        let source = source(&[&importing("1.1", import, "leaf a { type t:t; }"), OLD, NEW]);
        let mut compiler = Compiler::new(&source).implement("m", None);
        if implemented.is_some() {
            compiler = compiler.implement("t", implemented);
        }
        let schema = compiler
            .compile()
            .unwrap_or_else(|error| panic!("{error}"))
            .schema;
        ty(&schema, "a").builtin_name()
    };
    assert_eq!(compiled("import t { prefix t; }", None), "int16");
    assert_eq!(
        compiled("import t { prefix t; }", Some("2020-01-01")),
        "int8"
    );
    let named = "import t { prefix t; revision-date 2020-01-01; }";
    assert_eq!(compiled(named, None), "int8");
    assert_eq!(compiled(named, Some("2021-01-01")), "int8");
    let none = importing(
        "1.1",
        "import t { prefix t; revision-date 2019-09-09; }",
        "",
    );
    assert_eq!(codes_of(&[&none, OLD, NEW]), ["revision-not-found"]);
}

// Rule 7.
#[test]
fn a_submodule_is_included_in_one_revision() {
    let module = "module m { yang-version 1.1; namespace urn:m; prefix m; include s; include s2 { revision-date 2020-01-01; } }";
    let s = |include: &str| {
        format!("submodule s {{ yang-version 1.1; belongs-to m {{ prefix m; }} {include} }}")
    };
    let s2 = |revision: &str| {
        format!(
            "submodule s2 {{ yang-version 1.1; belongs-to m {{ prefix m; }} revision {revision}; }}"
        )
    };
    let (old, new) = (s2("2020-01-01"), s2("2021-01-01"));
    let same = s("include s2 { revision-date 2020-01-01; }");
    let other = s("include s2 { revision-date 2021-01-01; }");
    assert!(codes_of(&[module, &same, &old, &new]).is_empty());
    assert_eq!(
        codes_of(&[module, &other, &old, &new]),
        ["two-revisions-included"]
    );
}

// Rule 8.
#[test]
fn only_one_revision_of_a_module_is_implemented() {
    let source = source(&[OLD, NEW]);
    let ask = |second: &str| {
        Compiler::new(&source)
            .implement("t", Some("2020-01-01"))
            .implement("t", Some(second))
            .compile()
    };
    assert!(ask("2020-01-01").is_ok());
    let Err(error) = ask("2021-01-01") else {
        panic!("two revisions are implemented")
    };
    insta::assert_snapshot!(error.to_string(), @r"
    error[two-revisions-implemented]: module t cannot be implemented in two revisions, 2020-01-01 and 2021-01-01
     |
     = note: see RFC 7950 5.6.5
     = help: implement one of them and ask for the other as import-only
    ");
}

// RFC 7950 5.6.5: only a path that is supported makes the module of its target an implemented one.
#[test]
fn a_leafref_that_features_leave_out_implements_nothing() {
    let target = "module t { yang-version 1.1; namespace urn:t; prefix t; container c { leaf k { type string; } }
        typedef ref { type leafref { path /t:c/t:k; } } }";
    let imports = "import t { prefix t; }";
    for (condition, implemented) in [("if-feature f;", false), ("", true)] {
        let user = importing(
            "1.1",
            imports,
            &format!("feature f; container d {{ {condition} leaf r {{ type t:ref; }} }}"),
        );
        let source = source(&[&user, target]);
        let compiler = Compiler::new(&source)
            .implement("m", None)
            .features("m", Features::none());
        let schema = compiler.compile().unwrap().schema;
        let module = schema.module_by_name("t").expect("it is imported");
        assert_eq!(
            schema.module(module).implemented,
            implemented,
            "{condition}"
        );
    }
}

// Rule 8.
#[test]
fn an_imported_module_gives_definitions_but_no_nodes() {
    let library = "module l { yang-version 1.1; namespace urn:l; prefix l; extension e; identity base; identity derived { base base; }
        typedef t { type int8; } grouping g { leaf b { type t; } } feature f;
        leaf node { type t; } rpc r; notification n; augment /l:c { leaf x { type t; } } container c; }";
    let user = importing(
        "1.1",
        "import l { prefix l; }",
        "leaf a { type l:t; } uses l:g; leaf i { type identityref { base l:base; } } identity mine { base l:base; } container k { l:e; if-feature l:f; }",
    );
    let compiled = schema(&[&user, library]);
    assert_eq!(
        outline(&compiled),
        "leaf m:a\nleaf m:b\nleaf m:i\ncontainer m:k\n"
    );
    assert_eq!(node(&compiled, "k").extensions().len(), 1);
    // Identities of a module that is not implemented are no values (RFC 7950 9.10.2).
    let usable: Vec<_> = compiled
        .identities()
        .filter(|(_, identity)| identity.usable)
        .map(|(_, identity)| identity.name.to_string())
        .collect();
    assert_eq!(usable, ["mine"]);
    let default = importing(
        "1.1",
        "import l { prefix l; }",
        "leaf a { type leafref { path /l:c/l:y; } }",
    );
    assert_eq!(codes_of(&[&default, library]), ["leafref-target"]);
}
