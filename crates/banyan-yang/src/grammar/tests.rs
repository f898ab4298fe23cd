//! The grammar by example: what is allowed passes without a word, what is not is named.

use super::*;
use crate::diagnostic::Diagnostics;
use crate::parse::parse;
use crate::source::SourceMap;

fn check_text(text: &str) -> (SourceMap, Vec<crate::diagnostic::Diagnostic>, String) {
    let mut sources = SourceMap::new();
    let source = sources.add("m.yang", text).unwrap();
    let mut found = Diagnostics::new();
    let mut tree = parse(&sources, source, &mut found);
    check(&mut tree, &mut found);
    let left = tree.print();
    (sources, found.into_sorted(), left)
}

fn module(body: &str) -> String {
    format!("module m {{\n  yang-version 1.1;\n  namespace urn:m;\n  prefix m;\n{body}\n}}\n")
}

fn module_1_0(body: &str) -> String {
    format!("module m {{\n  namespace urn:m;\n  prefix m;\n{body}\n}}\n")
}

fn rendered(text: &str) -> String {
    let (sources, found, _) = check_text(text);
    found
        .iter()
        .map(|d| d.render(&sources))
        .collect::<Vec<_>>()
        .join("\n")
}

fn codes(text: &str) -> Vec<&'static str> {
    check_text(text).1.iter().map(|d| d.code).collect()
}

#[test]
fn a_module_with_every_section_is_accepted() {
    let text = module(
        "import a { prefix a; revision-date 2020-01-01; description d; }
         include s;
         organization o; contact c; description d; reference r;
         revision 2024-02-29 { description d; }
         extension e { argument x { yin-element true; } }
         feature f { if-feature 'a or b'; }
         identity i { base j; base k; if-feature f; }
         typedef t { type string { length 1..2; pattern a { modifier invert-match; } } default x; units u; }
         grouping g { action a { input { leaf x { type t; } must x; } output { leaf y { type t; } } } }
         container c { presence p; must 'a' { error-message m; error-app-tag t; } notification n; }
         list l { key 'a b'; unique 'x y/z'; min-elements 0; max-elements unbounded; ordered-by user;
           leaf a { type enumeration { enum 'x y' { value -1; } } mandatory true; }
           leaf b { type bits { bit x { position 0; } } } }
         leaf-list ll { type t; default a; default b; }
         choice ch { default one; case one { leaf o { type t; } } choice inner { leaf i { type t; } } }
         anydata ad; anyxml ax;
         uses g { refine a/b { if-feature f; default a; default b; } augment x { leaf z { type t; } } }
         augment /a:x/a:y { when 'true()'; case k { leaf k { type t; } } }
         rpc r { input { leaf x { type t; } } }
         notification n { must x; leaf y { type t; } }
         deviation /a:x { deviate add { default x; must y; } deviate delete { units u; } }
         m:e argument { anything goes; }",
    );
    // What stands inside an extension statement is not judged, but a keyword must be one.
    assert_eq!(codes(&text), ["unknown-keyword"]);
}

#[test]
fn a_misplaced_statement_is_named_with_its_parent() {
    insta::assert_snapshot!(rendered(&module("  leaf a { type string; key a; }")), @r"
    error[misplaced-statement]: `key` cannot stand in `leaf a`
     --> m.yang:5:25
      |
    5 |   leaf a { type string; key a; }
      |   ------                ^^^^^
      |   |
      |   inside this statement
      |
      = note: see RFC 7950 14
      = help: it can stand in `list`
    ");
}

#[test]
fn a_missing_substatement_drops_the_statement_that_needs_it() {
    let (_, found, left) = check_text(&module(
        "  leaf a { description x; }\n  leaf b { type string; }",
    ));
    assert_eq!(found.len(), 1);
    assert!(
        !left.contains("leaf a") && left.contains("leaf b"),
        "{left}"
    );
    insta::assert_snapshot!(rendered(&module("  leaf a { description x; }")), @r"
    error[missing-statement]: `leaf a` has no `type`
     --> m.yang:5:3
      |
    5 |   leaf a { description x; }
      |   ^^^^^^
      |
      = note: see RFC 7950 14
      = help: add a `type` statement
    ");
}

#[test]
fn a_repeated_statement_points_to_the_first() {
    insta::assert_snapshot!(rendered(&module("  leaf a { type string; type int8; }")), @r"
    error[repeated-statement]: `leaf a` has more than one `type`
     --> m.yang:5:25
      |
    5 |   leaf a { type string; type int8; }
      |            -----------  ^^^^^^^^^
      |            |
      |            the first one
      |
      = note: see RFC 7950 14
      = help: keep one `type`
    ");
}

#[test]
fn what_needs_version_1_1_is_refused_in_version_1() {
    insta::assert_snapshot!(rendered(&module_1_0("  container c { action a; }")), @r"
    error[needs-yang-1.1]: `action` in `container` needs YANG 1.1, and this module is of version 1
     --> m.yang:4:17
      |
    4 |   container c { action a; }
      |                 ^^^^^^^^
      |
      = note: see RFC 7950 1.1
      = help: add `yang-version 1.1;` to the module
    ");
    assert_eq!(
        codes(&module_1_0("identity i { base a; base b; }")),
        ["repeated-statement"]
    );
    assert_eq!(
        codes(&module_1_0("leaf-list l { type string; default x; }")),
        ["needs-yang-1.1"]
    );
    assert_eq!(
        codes(&module_1_0("leaf l { if-feature 'a or b'; type string; }")),
        ["invalid-argument"]
    );
    assert_eq!(
        codes(&module_1_0("leaf xmlish { type string; }")),
        ["invalid-argument"]
    );
}

#[test]
fn arguments_have_forms() {
    insta::assert_snapshot!(rendered(&module("  leaf 1a { type string; }")), @r"
    error[invalid-argument]: `1a` is not a valid argument of `leaf`
     --> m.yang:5:8
      |
    5 |   leaf 1a { type string; }
      |        ^^
      |
      = note: see RFC 7950 14
      = help: write an identifier: a letter or `_`, then letters, digits, `_`, `-`, `.`
    ");
    insta::assert_snapshot!(rendered(&module("  leaf a { type string; config yes; }")), @r"
    error[invalid-argument]: `yes` is not a valid argument of `config`
     --> m.yang:5:32
      |
    5 |   leaf a { type string; config yes; }
      |                                ^^^
      |
      = note: see RFC 7950 14
      = help: write `true` or `false`
    ");
    insta::assert_snapshot!(rendered(&module("  leaf a { type string; status deprecate; }")), @r"
    error[invalid-argument]: `deprecate` is not a valid argument of `status`
     --> m.yang:5:32
      |
    5 |   leaf a { type string; status deprecate; }
      |                                ^^^^^^^^^
      |
      = note: see RFC 7950 14
      = help: did you mean `deprecated`?
    ");
    insta::assert_snapshot!(rendered(&module("  revision 2024-13-01;")), @r"
    error[invalid-argument]: `2024-13-01` is not a valid argument of `revision`
     --> m.yang:5:12
      |
    5 |   revision 2024-13-01;
      |            ^^^^^^^^^^
      |
      = note: see RFC 7950 14
      = help: write a date YYYY-MM-DD
    ");
    for (body, code) in [
        (
            "leaf-list a { type string; min-elements -1; }",
            "invalid-argument",
        ),
        (
            "leaf-list a { type string; max-elements 0; }",
            "invalid-argument",
        ),
        (
            "leaf-list a { type string; max-elements 01; }",
            "invalid-argument",
        ),
        (
            "leaf a { type decimal64 { fraction-digits 19; } }",
            "invalid-argument",
        ),
        ("leaf a { type a:b:c; }", "invalid-argument"),
        (
            "typedef t { type enumeration { enum ' x'; } }",
            "invalid-argument",
        ),
        ("augment '' { leaf x { type string; } }", "invalid-argument"),
        (
            "deviation a/b { deviate not-supported; }",
            "invalid-argument",
        ),
        ("list l { key ''; }", "invalid-argument"),
        ("leaf { type string; }", "missing-argument"),
        (
            "rpc r { input x { leaf a { type string; } } }",
            "unexpected-argument",
        ),
    ] {
        assert_eq!(codes(&module(body)), [code], "{body}");
    }
}

#[test]
fn sections_of_a_module_stand_in_order() {
    insta::assert_snapshot!(rendered("module m {\n  namespace urn:m;\n  prefix m;\n  leaf a { type string; }\n  import b { prefix b; }\n}"), @r"
    error[statement-order]: `import b` stands too late in the module
     --> m.yang:5:3
      |
    5 |   import b { prefix b; }
      |   ^^^^^^^^
      |
     ::: m.yang:4:3
      |
    4 |   leaf a { type string; }
      |   ------ must stand after it
      |
      = note: see RFC 7950 7.1.1
      = help: move it before the definitions
    ");
}

#[test]
fn a_text_is_one_module() {
    assert_eq!(codes(""), ["no-module"]);
    assert_eq!(codes("leaf a { type string; }"), ["no-module"]);
    assert_eq!(codes(&format!("{} leaf x;", module(""))), ["second-module"]);
    assert_eq!(
        codes("module m { yang-version 1.1; prefix p; }"),
        ["missing-statement"]
    );
}

#[test]
fn all_errors_are_reported_in_one_run() {
    let text = module(
        "leaf 1; leaf a; list l { foo; } container c { config x; leaf b { type t; mandatory maybe; } }",
    );
    assert_eq!(
        codes(&text),
        [
            "missing-statement",
            "invalid-argument",
            "missing-statement",
            "unknown-keyword",
            "invalid-argument",
            "invalid-argument"
        ]
    );
}
