//! Rules 9 to 12: names and scopes, extensions, circular definitions, status.

use super::*;

// Rule 9.
#[test]
fn a_scoped_definition_must_not_hide_one_around_it() {
    assert!(
        codes("container a { typedef t { type int8; } grouping g; leaf x { type t; } } container b { typedef t { type int16; } grouping g; leaf y { type t; } }")
            .is_empty()
    );
    assert_eq!(
        codes(
            "typedef t { type int8; } container a { typedef t { type int8; } leaf x { type t; } }"
        ),
        ["shadowed-definition"]
    );
    assert_eq!(
        codes("grouping g; container a { container b { grouping g; } }"),
        ["shadowed-definition"]
    );
    insta::assert_snapshot!(refused_body("  container a {\n    grouping g;\n    list b { key k; leaf k { type int8; }\n      grouping g;\n    }\n  }"), @r"
    error[shadowed-definition]: `grouping g` hides another of this name
     --> m.yang:8:7
      |
    8 |       grouping g;
      |       ^^^^^^^^^^
      |
     ::: m.yang:6:5
      |
    6 |     grouping g;
      |     ---------- visible here already
      |
      = note: see RFC 7950 5.5
      = help: rename one of them
    ");
    // A typedef and a grouping may share a name.
    assert!(codes("typedef g { type int8; } container a { grouping g; }").is_empty());
}

// Rule 9.
#[test]
fn a_scoped_definition_is_visible_in_its_scope_only() {
    let schema =
        schema_of("container a { container b { leaf x { type t; } } typedef t { type int8; } }");
    assert_eq!(ty(&schema, "a/b/x").builtin_name(), "int8");
    assert_eq!(
        codes("container a { typedef t { type int8; } } leaf x { type t; }"),
        ["unknown-name"]
    );
    assert_eq!(
        codes("container a { grouping g; } uses m:g;"),
        ["unknown-name"]
    );
}

// Rule 9.
#[test]
fn names_at_the_top_are_unique_across_submodules() {
    let texts = |one: &str, other: &str| {
        codes_of(&[
            &format!(
                "module m {{ yang-version 1.1; namespace urn:m; prefix m; include s; include s2; {one} }}"
            ),
            &format!("submodule s {{ yang-version 1.1; belongs-to m {{ prefix m; }} {other} }}"),
            "submodule s2 { yang-version 1.1; belongs-to m { prefix m; } typedef t2 { type int8; } }",
        ])
    };
    for definition in [
        "typedef t { type int8; }",
        "grouping t;",
        "feature t;",
        "identity t;",
        "extension t;",
    ] {
        assert_eq!(
            texts(definition, definition),
            ["duplicate-definition"],
            "{definition}"
        );
        assert!(texts(definition, "").is_empty(), "{definition}");
    }
    assert_eq!(
        texts("", "typedef t2 { type int8; }"),
        ["duplicate-definition"]
    );
    assert_eq!(
        texts("leaf a { type int8; }", "container a;"),
        ["duplicate-node"]
    );
    assert_eq!(
        texts("", "container c { typedef t2 { type int8; } }"),
        ["shadowed-definition"]
    );
}

// Rule 9.
#[test]
fn a_typedef_must_not_have_the_name_of_a_built_in_type() {
    assert_eq!(codes("typedef leafref { type int8; }"), ["builtin-name"]);
    assert_eq!(
        codes("container c { typedef int8 { type string; } }"),
        ["builtin-name"]
    );
    assert!(codes("typedef int128 { type string; } typedef String { type string; }").is_empty());
}

const LIBRARY: &str =
    "module x { namespace urn:x; prefix x; extension mark { argument text; } extension bare; }";

fn marked(body: &str) -> Vec<&'static str> {
    let text = format!(
        "module m {{ yang-version 1.1; namespace urn:m; prefix m; import x {{ prefix x; }} {body} }}"
    );
    codes_of(&[&text, LIBRARY])
}

// Rule 10.
#[test]
fn an_extension_that_nobody_understands_is_passed_over_wherever_it_stands() {
    assert!(
        marked(
            "x:mark top { leaf anything; } typedef t { x:bare; type string { x:mark a; pattern a { x:bare; } } }
             container c { x:mark a { x:unknown b; z:other; } leaf l { type t; must '1' { x:bare; } } uses g { refine r { x:bare; } } }
             grouping g { x:bare; leaf r { type t; } } feature f { x:bare; } augment /m:c { x:bare; leaf z { type t; } }"
        )
        .is_empty()
    );
}

// Rule 10.
#[test]
fn an_extension_must_exist_and_its_prefix_too() {
    assert_eq!(
        marked("typedef t { type string { z:mark a; } }"),
        ["unknown-prefix"]
    );
    assert_eq!(
        marked("grouping unused { leaf a { type string { x:none; } } }"),
        ["unknown-extension"]
    );
    assert_eq!(marked("feature f { x:mark; }"), ["extension-argument"]);
    assert_eq!(marked("feature f { x:bare a; }"), ["extension-argument"]);
    let text = "module m {\n  namespace urn:m;\n  prefix m;\n  import x { prefix x; }\n  container c {\n    x:makr a;\n  }\n}";
    insta::assert_snapshot!(refused(&[text, LIBRARY]), @r"
    error[unknown-extension]: module x defines no extension `makr`
     --> m.yang:6:5
      |
    6 |     x:makr a;
      |     ^^^^^^
      |
      = note: see RFC 7950 7.19
      = help: did you mean `mark`?
    ");
}

// Rule 10.
#[test]
fn what_an_extension_holds_can_be_read_from_its_place() {
    let text = "module m { namespace urn:m; prefix m; import x { prefix x; } container c { x:mark 'a' + 'b' { x:bare; leaf l { type \"s\"; } } leaf after { type string; } } }";
    let schema = schema(&[text, LIBRARY]);
    let mark = &node(&schema, "c").extensions()[0];
    assert_eq!(mark.argument.as_deref(), Some("ab"));
    let tree = crate::parse::statement_at(schema.sources(), mark.span);
    assert_eq!(
        tree.print(),
        "x:mark ab {\n  x:bare;\n  leaf l {\n    type s;\n  }\n}\n"
    );
}

// Rule 11.
#[test]
fn circular_groupings_are_reported_with_the_cycle_whatever_uses_them() {
    insta::assert_snapshot!(refused_body("  grouping a { uses b; }\n  grouping b { container c { uses a; } }"), @r"
    error[circular-uses]: groupings use each other: a -> b -> a
     --> m.yang:5:16
      |
    5 |   grouping a { uses b; }
      |                ^^^^^^
      |
     ::: m.yang:6:30
      |
    6 |   grouping b { container c { uses a; } }
      |                              ------ used here
      |
      = note: see RFC 7950 7.12
      = help: remove one of these `uses`; what refers to itself is a leafref, not a grouping
    ");
    // In scopes, in imported modules, and where lenient mode expands nothing.
    let scoped = module("container c { grouping a { list l { config false; uses a; } } }");
    assert_eq!(codes_of(&[&scoped]), ["circular-uses"]);
    let lenient_codes: Vec<_> = lenient(&[&scoped])
        .diagnostics
        .iter()
        .map(|d| d.code)
        .collect();
    assert_eq!(lenient_codes, ["circular-uses"]);
    assert_eq!(
        codes(
            "grouping a { action x { input { uses b; } } } grouping b { uses c { augment x { uses a; } } } grouping c { container x; }"
        ),
        ["circular-uses"]
    );
    // A grouping that defines one which uses others does not use these itself.
    assert!(codes("grouping a { grouping inner { uses b; } } grouping b { uses a; }").is_empty());
}

// Rule 11.
#[test]
fn circular_typedefs_are_reported_with_the_cycle() {
    insta::assert_snapshot!(refused_body("  typedef a { type b; }\n  typedef b { type union { type int8; type c; } }\n  typedef c { type a; }"), @r"
    error[circular-typedef]: typedefs are defined by each other: a -> b -> c -> a
     --> m.yang:5:3
      |
    5 |   typedef a { type b; }
      |   ^^^^^^^^^
      |
     ::: m.yang:6:3
      |
    6 |   typedef b { type union { type int8; type c; } }
      |   --------- defined by the next
      |
     ::: m.yang:7:3
      |
    7 |   typedef c { type a; }
      |   --------- defined by the next
      |
      = note: see RFC 7950 7.3
      = help: let one of them name a built-in type
    ");
    assert!(codes("typedef a { type b; } typedef b { type union { type int8; type c; } } typedef c { type int8; }").is_empty());
    assert_eq!(
        codes("container x { typedef a { type a; } }"),
        ["circular-typedef"]
    );
}

// Rule 11.
#[test]
fn circular_identities_are_reported_with_the_cycle() {
    assert!(refused_body("identity a { base b; } identity b { base c; base d; } identity c { base a; } identity d;")
        .contains("identities are derived from each other: a -> b -> c -> a"));
    assert!(codes("identity a { base b; base c; } identity b { base d; } identity c { base d; } identity d;").is_empty());
}

// Rule 11.
#[test]
fn circular_features_are_reported_with_the_cycle() {
    insta::assert_snapshot!(refused_body("  feature a { if-feature 'x and not b'; }\n  feature b { if-feature m:c; }\n  feature c { if-feature a; }\n  feature x;"), @r"
    error[circular-feature]: features depend on each other: a -> b -> c -> a
     --> m.yang:5:3
      |
    5 |   feature a { if-feature 'x and not b'; }
      |   ^^^^^^^^^
      |
     ::: m.yang:6:3
      |
    6 |   feature b { if-feature m:c; }
      |   --------- depends on the next here
      |
     ::: m.yang:7:3
      |
    7 |   feature c { if-feature a; }
      |   --------- depends on the next here
      |
      = note: see RFC 7950 7.20.1
      = help: remove one of these `if-feature` statements
    ");
    assert_eq!(
        codes("feature a { if-feature 'not a'; }"),
        ["circular-feature"]
    );
    assert!(
        codes("feature a { if-feature 'b or c'; } feature b { if-feature c; } feature c;")
            .is_empty()
    );
}

// Rule 11.
#[test]
fn circular_leafrefs_are_reported_with_the_cycle() {
    assert!(refused_body("leaf a { type leafref { path ../b; } } leaf b { type union { type int8; type leafref { path ../c; } } } leaf c { type leafref { path ../a; } }")
        .contains("leafrefs refer to each other: /m:a -> /m:b -> /m:c -> /m:a"));
    assert!(refused_body("leaf a { type leafref { path ../a; } }").contains("/m:a -> /m:a"));
    assert!(codes("leaf a { type leafref { path ../b; } } leaf b { type leafref { path ../c; } } leaf c { type int8; }").is_empty());
}

// Rule 11.
#[test]
fn circular_conditions_are_reported_with_the_cycle() {
    insta::assert_snapshot!(refused_body("  leaf a { when '../b'; type int8; }\n  container b { when '../c/x = 1'; }\n  container c { when '../a = 1'; leaf x { type int8; } }"), @r"
    error[circular-when]: `when` conditions depend on each other: /m:a -> /m:b -> /m:c -> /m:a
     --> m.yang:5:17
      |
    5 |   leaf a { when '../b'; type int8; }
      |                 ^^^^^^
      |
     ::: m.yang:6:22
      |
    6 |   container b { when '../c/x = 1'; }
      |                      ------------ depends on the next
      |
     ::: m.yang:7:22
      |
    7 |   container c { when '../a = 1'; leaf x { type int8; } }
      |                      ---------- depends on the next
      |
      = note: see RFC 7950 7.21.5
      = help: let the condition refer to nodes that do not depend on it
    ");
    for wrong in [
        "leaf a { when '. = 1'; type int8; }",
        "leaf a { when 'current() = 1'; type int8; }",
        "container c { when 'x = 1'; leaf x { type int8; } }",
        "container c; augment /m:c { when 'm:z = 1'; leaf z { type int8; } leaf y { type int8; } }",
        "grouping g { leaf a { type int8; } leaf b { type int8; } } uses g { when 'a = 1'; }",
        "container c { choice k { case a { when '../c/b = 1'; leaf a { type int8; } } case b { when '../c/a = 1'; leaf b { type int8; } } } }",
        "leaf a { when '../l[k = current()/../b]'; type int8; } leaf b { when '../a'; type int8; } list l { key k; leaf k { type int8; } }",
    ] {
        assert_eq!(codes(wrong), ["circular-when"], "{wrong}");
    }
    for right in [
        "leaf a { type int8; } leaf b { when '../a = 1'; type int8; } leaf c { when '../b = 1 and ../a = 1'; type int8; }",
        // What is around the node is there when its condition is looked at.
        "container c { when '../a = 1'; leaf x { when '../../c/y = 1'; type int8; } leaf y { type int8; } } leaf a { type int8; }",
        "leaf a { when 'current()/../b = 1'; type int8; } leaf b { type int8; }",
        "leaf a { when '//m:a'; type int8; }",
    ] {
        assert!(codes(right).is_empty(), "{right}: {:?}", codes(right));
    }
}

fn chain_of(count: usize, link: impl Fn(usize) -> String) -> String {
    (0..count).map(|index| link(index) + "\n").collect()
}

// Rule 11.
#[test]
fn chains_of_ten_thousand_definitions_work_or_are_refused() {
    const LENGTH: usize = 10_000;
    let features = chain_of(LENGTH, |at| {
        format!("feature f{at} {{ if-feature f{}; }}", at + 1)
    });
    let body = format!("{features} feature f{LENGTH}; leaf a {{ if-feature f0; type int8; }}");
    assert!(find(&schema_of(&body), "a").is_some());
    let groupings = chain_of(LENGTH, |at| {
        format!("grouping g{at} {{ uses g{}; }}", at + 1)
    });
    let uses = format!("{groupings} grouping g{LENGTH} {{ leaf a {{ type int8; }} }} uses g0;");
    assert!(codes(&uses).iter().all(|code| *code == "too-deep"));
    let typedefs = chain_of(LENGTH, |at| {
        format!("typedef t{at} {{ type t{}; }}", at + 1)
    });
    let types = format!("{typedefs} typedef t{LENGTH} {{ type int8; }} leaf a {{ type t0; }}");
    assert!(codes(&types).contains(&"too-deep"));
    let conditions = chain_of(LENGTH, |at| {
        format!("leaf l{at} {{ when '../l{}'; type int8; }}", at + 1)
    });
    assert!(codes(&format!("{conditions} leaf l{LENGTH} {{ type int8; }}")).is_empty());
}

// Rule 11.
#[test]
fn cycles_of_ten_thousand_definitions_are_reported() {
    const LENGTH: usize = 10_000;
    let next = |at: usize| (at + 1) % LENGTH;
    for (code, body) in [
        (
            "circular-feature",
            chain_of(LENGTH, |at| {
                format!("feature f{at} {{ if-feature f{}; }}", next(at))
            }),
        ),
        (
            "circular-uses",
            chain_of(LENGTH, |at| {
                format!("grouping g{at} {{ uses g{}; }}", next(at))
            }),
        ),
        (
            "circular-when",
            chain_of(LENGTH, |at| {
                format!("leaf l{at} {{ when '../l{}'; type int8; }}", next(at))
            }),
        ),
    ] {
        let said = codes(&body);
        assert!(said.contains(&code), "{code}: {said:?}");
    }
    let typedefs = chain_of(LENGTH, |at| {
        format!("typedef t{at} {{ type t{}; }}", next(at))
    });
    assert!(
        codes(&typedefs)
            .iter()
            .all(|code| matches!(*code, "too-deep" | "circular-typedef"))
    );
}

// Rule 12.
#[test]
fn what_is_current_refers_to_nothing_older_in_its_module() {
    insta::assert_snapshot!(refused_body("  typedef t { type int8; status deprecated; }\n  leaf a { type t; }"), @r"
    error[status-reference]: what is current refers to `typedef t`, which is deprecated
     --> m.yang:6:12
      |
    6 |   leaf a { type t; }
      |            ^^^^^^
      |
     ::: m.yang:5:3
      |
    5 |   typedef t { type int8; status deprecated; }
      |   --------- deprecated here
      |
      = note: see RFC 7950 7.21.2
      = help: state `status deprecated;` here too, or refer to something current
    ");
    for wrong in [
        "grouping g { status obsolete; leaf x { type int8; } } container c { status deprecated; uses g; }",
        "identity a { status deprecated; } identity b { base a; }",
        "identity a { status deprecated; } leaf b { type identityref { base a; } }",
        "feature f { status obsolete; } leaf b { if-feature f; type int8; }",
        "feature f { status deprecated; } feature g { if-feature 'not f'; }",
        "leaf a { type leafref { path ../b; } } leaf b { status deprecated; type int8; }",
        "list l { key k; leaf k { type int8; status deprecated; } }",
        "typedef t { type int8; status obsolete; } typedef u { type union { type int8; type t; } status deprecated; }",
    ] {
        assert_eq!(codes(wrong), ["status-reference"], "{wrong}");
    }
}

// Rule 12.
#[test]
fn what_is_old_may_refer_to_what_is_as_old_and_other_modules_are_free() {
    for right in [
        "typedef t { type int8; status deprecated; } leaf a { type t; status deprecated; } leaf b { type t; status obsolete; }",
        "typedef t { type int8; status deprecated; } container c { status deprecated; leaf a { type t; } }",
        "grouping g { status deprecated; leaf x { type int8; } } uses g { status deprecated; }",
        "leaf a { status obsolete; type leafref { path ../b; } } leaf b { status deprecated; type int8; }",
    ] {
        assert!(codes(right).is_empty(), "{right}: {:?}", codes(right));
    }
    let other = "module x { yang-version 1.1; namespace urn:x; prefix x; typedef t { type int8; status obsolete; } grouping g { status deprecated; leaf y { type t; status obsolete; } } identity i { status obsolete; } feature f { status deprecated; } }";
    let text = "module m { yang-version 1.1; namespace urn:m; prefix m; import x { prefix x; } leaf a { if-feature x:f; type x:t; } uses x:g; identity j { base x:i; } }";
    assert!(codes_of(&[text, other]).is_empty());
}
