//! Rules 22 to 24: deviations.

use super::*;

const BASE: &str = "module b { yang-version 1.1; namespace urn:b; prefix b;
    container c { must 'l = 1'; leaf l { type int8; default 5; units s; } leaf plain { type string; } leaf m { type string; mandatory true; } leaf-list ll { type string; default a; default b; } }
    list li { key k; unique u; leaf k { type string; } leaf u { type string; } leaf v { type string; } max-elements 5; }
    leaf ref { type leafref { path /b:c/b:plain; } } grouping g { container used { leaf x { type int8; default 100; } } } uses g; }";

fn deviating(name: &str, body: &str) -> String {
    format!(
        "module {name} {{ yang-version 1.1; namespace urn:{name}; prefix {name}; import b {{ prefix b; }} {body} }}"
    )
}

fn deviate(path: &str, body: &str) -> Vec<&'static str> {
    codes_of(&[
        &deviating("m", &format!("deviation {path} {{ {body} }}")),
        BASE,
    ])
}

// Rule 22.
#[test]
fn what_is_added_must_not_be_there_and_what_is_replaced_or_deleted_must() {
    for (path, right) in [
        (
            "/b:c/b:plain",
            "deviate add { default x; units u; must '1'; config true; mandatory false; }",
        ),
        ("/b:c/b:l", "deviate replace { type int16; config false; }"),
        ("/b:c/b:l", "deviate replace { default 6; units u; }"),
        ("/b:c/b:l", "deviate delete { default 5; units s; }"),
        ("/b:c/b:m", "deviate replace { mandatory false; }"),
        (
            "/b:li",
            "deviate add { unique v; min-elements 1; } deviate replace { max-elements 9; } deviate delete { unique u; }",
        ),
        (
            "/b:c/b:ll",
            "deviate add { default c; } deviate delete { default a; }",
        ),
        (
            "/b:c",
            "deviate delete { must 'l = 1'; } deviate add { must 'plain'; must 'l'; }",
        ),
    ] {
        assert!(
            deviate(path, right).is_empty(),
            "{right}: {:?}",
            deviate(path, right)
        );
    }
    for (path, wrong) in [
        ("/b:c/b:l", "deviate add { default 6; }"),
        ("/b:c/b:l", "deviate add { units u; }"),
        ("/b:c/b:m", "deviate add { mandatory false; }"),
        ("/b:li", "deviate add { max-elements 9; }"),
        ("/b:c/b:plain", "deviate replace { default x; }"),
        ("/b:c/b:plain", "deviate replace { units u; }"),
        ("/b:c/b:plain", "deviate replace { mandatory true; }"),
        ("/b:li", "deviate replace { min-elements 1; }"),
        ("/b:c/b:plain", "deviate delete { default x; }"),
        ("/b:c/b:plain", "deviate delete { must '1'; }"),
        // An argument must be the same.
        ("/b:c/b:l", "deviate delete { default 6; }"),
        ("/b:c/b:l", "deviate delete { units t; }"),
        ("/b:c", "deviate delete { must 'l=1'; }"),
        ("/b:li", "deviate delete { unique v; }"),
    ] {
        assert_eq!(deviate(path, wrong), ["invalid-deviate"], "{wrong}");
    }
}

// Rule 22.
#[test]
fn each_kind_of_deviate_holds_its_own_properties() {
    for wrong in [
        "deviate add { type int8; }",
        "deviate replace { must '1'; }",
        "deviate delete { config false; }",
        "deviate delete { type string; }",
        "deviate not-supported { config false; }",
        "deviate add { description d; }",
    ] {
        assert_eq!(
            deviate("/b:c/b:m", wrong),
            ["misplaced-statement"],
            "{wrong}"
        );
    }
    assert_eq!(
        deviate("/b:c", "deviate add { default x; }"),
        ["misplaced-property"]
    );
    assert_eq!(
        deviate("/b:c/b:m", "deviate add { units a; units b; }"),
        ["repeated-statement"]
    );
}

// Rule 22.
#[test]
fn not_supported_takes_a_node_away_and_combines_with_nothing() {
    let text = deviating(
        "m",
        "deviation /b:c/b:m { deviate not-supported; } deviation /b:ref { deviate not-supported; }",
    );
    let schema = schema(&[&text, BASE]);
    assert!(find(&schema, "b:c/m").is_none() && find(&schema, "b:ref").is_none());
    assert_eq!(
        deviate(
            "/b:c/b:m",
            "deviate not-supported; deviate add { units u; }"
        ),
        ["invalid-deviate"]
    );
    assert_eq!(
        deviate("/b:c/b:m", "deviate not-supported; deviate not-supported;"),
        ["invalid-deviate"]
    );
    assert_eq!(
        deviate("/b:c/b:none", "deviate not-supported;"),
        ["unknown-node"]
    );
    let lines = "\n  deviation /b:c/b:m {\n    deviate not-supported;\n    deviate replace { type int8; }\n  }";
    insta::assert_snapshot!(refused(&[&deviating("m", lines), BASE]), @r"
    error[invalid-deviate]: `deviate not-supported` combines with nothing
     --> m.yang:3:5
      |
    3 |     deviate not-supported;
      |     ^^^^^^^^^^^^^^^^^^^^^
      |
     ::: b.yang:2:103
      |
    2 |     container c { must 'l = 1'; leaf l { type int8; default 5; units s; } leaf plain { type string; } leaf m { type string; mandatory...
      |                                                                                                       ------ the target
      |
      = note: see RFC 7950 7.20.3
      = help: remove the other `deviate` statements, or this one
    ");
}

// Rule 23.
#[test]
fn what_is_referred_to_cannot_be_taken_away_alone() {
    assert_eq!(
        deviate("/b:li/b:k", "deviate not-supported;"),
        ["invalid-key"]
    );
    assert_eq!(
        deviate("/b:li/b:u", "deviate not-supported;"),
        ["invalid-unique"]
    );
    let lines = "\n  deviation /b:c/b:plain {\n    deviate not-supported;\n  }";
    insta::assert_snapshot!(refused(&[&deviating("m", lines), BASE]), @r"
    error[absent-target]: the leafref refers to /b:c/plain, which a deviation takes away
     --> b.yang:4:36
      |
    4 |     leaf ref { type leafref { path /b:c/b:plain; } } grouping g { container used { leaf x { type int8; default 100; } } } uses g; }
      |                                    ^^^^^^^^^^^^
      |
     ::: b.yang:2:75
      |
    2 |     container c { must 'l = 1'; leaf l { type int8; default 5; units s; } leaf plain { type string; } leaf m { type string; mandatory...
      |                                                                           ---------- the target
      |
      = note: see RFC 7950 9.9
      = help: let both depend on the same feature or deviation
    ");
    // With what refers to it, it can.
    assert!(deviate("/b:li", "deviate not-supported;").is_empty());
    let both = "deviation /b:c/b:plain { deviate not-supported; } deviation /b:ref { deviate not-supported; }";
    assert!(codes_of(&[&deviating("m", both), BASE]).is_empty());
    let unique = "deviation /b:li { deviate delete { unique u; } } deviation /b:li/b:u { deviate not-supported; }";
    assert!(codes_of(&[&deviating("m", unique), BASE]).is_empty());
}

fn with_two(first: &str, second: &str) -> Result<Compiled, CompileError> {
    let source = source(&[&deviating("m", first), &deviating("z", second), BASE]);
    Compiler::new(&source)
        .implement("m", None)
        .implement("z", None)
        .compile()
}

// Rule 24.
#[test]
fn several_modules_deviate_one_node_in_whatever_order() {
    let take = "deviation /b:c/b:l { deviate delete { default 5; units s; } }";
    let give = "deviation /b:c/b:l { deviate add { default 7; must '../b:plain'; } deviate replace { type int16; } }";
    for (first, second) in [(take, give), (give, take)] {
        let compiled = with_two(first, second).unwrap_or_else(|error| panic!("{error}"));
        let leaf = node(&compiled.schema, "b:c/l");
        assert_eq!(
            (
                &*leaf.defaults()[0].text,
                leaf.units().is_none(),
                leaf.musts().len()
            ),
            ("7", true, 1)
        );
        assert_eq!(leaf.ty.as_ref().unwrap().builtin_name(), "int16");
        let base = compiled.schema.module_by_name("b").unwrap();
        assert_eq!(compiled.schema.module(base).deviated_by.len(), 2);
    }
    let Err(error) = with_two(
        "deviation /b:c/b:plain { deviate add { units a; } }",
        "deviation /b:c/b:plain { deviate add { units b; } }",
    ) else {
        panic!("units are added twice")
    };
    assert_eq!(error.diagnostics[0].code, "invalid-deviate");
}

// Rule 24.
#[test]
fn two_modules_that_replace_one_property_are_reported() {
    let replace =
        |units: &str| format!("\n  deviation /b:c/b:l {{ deviate replace {{ units {units}; }} }}");
    let compiled = with_two(&replace("a"), &replace("b")).unwrap_or_else(|error| panic!("{error}"));
    insta::assert_snapshot!(compiled.diagnostics[0].render(compiled.schema.sources()), @r"
    warning[conflicting-deviations]: the `units` of /b:c/l is replaced twice; this one holds
     --> z.yang:2:42
      |
    2 |   deviation /b:c/b:l { deviate replace { units b; } } }
      |                                          ^^^^^^^
      |
     ::: m.yang:2:42
      |
    2 |   deviation /b:c/b:l { deviate replace { units a; } } }
      |                                          ------- replaced here too
      |
      = note: see RFC 7950 7.20.3
      = help: remove one of the two
    ");
    let same = with_two(&replace("a"), &replace("a")).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(same.diagnostics, vec![]);
}

// Rule 24.
#[test]
fn nodes_that_uses_and_augments_bring_can_be_deviated() {
    let body = "augment /b:c { leaf new { type int8; } } deviation /b:c/m:new { deviate add { default 3; } } deviation /b:used/b:x { deviate replace { default 4; } }";
    let schema = schema(&[&deviating("m", body), BASE]);
    assert_eq!(&*node(&schema, "b:c/m:new").defaults()[0].text, "3");
    assert_eq!(&*node(&schema, "b:used/x").defaults()[0].text, "4");
}

// Rule 24.
#[test]
fn a_replaced_type_must_take_the_default() {
    assert!(deviate("/b:used/b:x", "deviate replace { type int16; }").is_empty());
    assert_eq!(
        deviate(
            "/b:used/b:x",
            "deviate replace { type int8 { range 0..9; } }"
        ),
        ["invalid-default"]
    );
    assert!(
        deviate(
            "/b:used/b:x",
            "deviate replace { type int8 { range 0..9; } default 9; }"
        )
        .is_empty()
    );
}
