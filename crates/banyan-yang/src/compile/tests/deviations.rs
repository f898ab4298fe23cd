//! `deviation`.

use super::*;

const BASE: &str = "module base { yang-version 1.1; namespace urn:b; prefix b; container top { must a; leaf a { type string; default x; } leaf b { type string; units s; } list l { key k; leaf k { type string; } leaf v { type string; } } } }";

fn deviated(body: &str) -> [String; 2] {
    [
        format!(
            "module m {{ yang-version 1.1; namespace urn:m; prefix m; import base {{ prefix b; }}\n{body}\n}}"
        ),
        BASE.to_owned(),
    ]
}

fn with(body: &str) -> Arc<Schema> {
    let [module, base] = deviated(body);
    schema(&[&module, &base])
}

fn refused_with(body: &str) -> Vec<&'static str> {
    let [module, base] = deviated(body);
    codes_of(&[&module, &base])
}

#[test]
fn not_supported_takes_a_node_away() {
    let schema = with(
        "deviation /b:top/b:b { deviate not-supported; } deviation /b:top/b:l { deviate not-supported; }",
    );
    assert!(find(&schema, "base:top/b").is_none() && find(&schema, "base:top/l").is_none());
    assert!(find(&schema, "base:top/a").is_some());
    let base = schema.module(schema.module_by_name("base").unwrap());
    assert_eq!(base.deviated_by, [schema.module_by_name("m").unwrap()]);
}

#[test]
fn add_replace_and_delete_change_properties() {
    let schema = with(
        "deviation /b:top/b:a { deviate replace { type int8; default 5; } deviate add { units u; config false; must '../b:b'; } }
         deviation /b:top/b:b { deviate delete { units s; } deviate add { default z; } }
         deviation /b:top { deviate delete { must a; } }
         deviation /b:top/b:l { deviate add { max-elements 3; unique b:v; } }",
    );
    let a = node(&schema, "base:top/a");
    assert_eq!(
        (
            a.ty.as_ref().unwrap().builtin_name(),
            &*a.defaults()[0].text,
            a.config
        ),
        ("int8", "5", false)
    );
    assert_eq!(
        (a.units().map(|units| &**units), a.musts().len()),
        (Some("u"), 1)
    );
    assert_eq!(node(&schema, "base:top/b").units(), None);
    assert!(node(&schema, "base:top").musts().is_empty());
    let list = node(&schema, "base:top/l");
    assert_eq!((list.max_elements(), list.uniques().len()), (Some(3), 1));
}

#[test]
fn a_deviation_must_fit_its_target() {
    assert_eq!(
        refused_with("deviation /b:top/b:zz { deviate not-supported; }"),
        ["unknown-node"]
    );
    assert_eq!(
        refused_with("deviation /b:top/b:a { deviate add { default y; } }"),
        ["invalid-deviate"]
    );
    assert_eq!(
        refused_with("deviation /b:top/b:b { deviate replace { default y; } }"),
        ["invalid-deviate"]
    );
    assert_eq!(
        refused_with("deviation /b:top/b:a { deviate delete { default y; } }"),
        ["invalid-deviate"]
    );
    assert_eq!(
        refused_with("deviation /b:top { deviate add { min-elements 1; } }"),
        ["misplaced-property"]
    );
    let [module, base] = deviated("  deviation /b:top/b:b { deviate replace { default x; } }");
    insta::assert_snapshot!(refused(&[&module, &base]), @r"
    error[invalid-deviate]: the target has no `default` to replace
     --> m.yang:2:44
      |
    2 |   deviation /b:top/b:b { deviate replace { default x; } }
      |                                            ^^^^^^^^^
      |
     ::: base.yang:1:119
      |
    1 | ...tainer top { must a; leaf a { type string; default x; } leaf b { type string; units s; } list l { key k; leaf k { type string; } l...
      |                                                            ------ the target
      |
      = note: see RFC 7950 7.20.3
      = help: use `deviate add`
    ");
}
